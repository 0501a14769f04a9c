use std::collections::BTreeMap;
use std::path::Path;

use super::super::tests::{Project, service_faults};
use crate::secret::Secret;
use crate::workload::model::{AfterSync, Hook, WatchAction, WatchRule, WatchSync};

fn rules(lines: &str) -> (Vec<WatchRule>, Project) {
    let text = format!("services:\n  a:\n    build: .\n    develop:\n      watch:\n{lines}");
    let project = Project::new(&text).file("Dockerfile", "FROM x\n");
    let loaded = project.load();
    assert!(
        loaded.diagnostics.iter().all(|one| !one.is_error()),
        "{}",
        project.faults()
    );
    let rules = loaded.workload.services[0].watch.clone();
    (rules, project)
}

fn sync(target: &str, then: AfterSync) -> WatchAction {
    WatchAction::Sync(WatchSync {
        target: target.to_owned(),
        initial: false,
        then,
    })
}

#[test]
fn every_action_is_read_with_what_belongs_to_it() {
    let (rules, project) = rules(
        "        - {path: ./src, action: rebuild}
        - {path: conf/a.ini, action: restart}
        - {path: ./web, action: sync, target: /srv/../app, ignore: [node_modules/, '*.log']}
        - {path: a.json, action: sync+restart, target: /app/, include: '*.json'}
        - path: b
          action: sync+exec
          target: /b
          exec: {command: app reload, user: root, privileged: true, working_dir: /b, environment: {A: '${A}'}}
",
    );
    let folder = std::path::absolute(project.folder.path()).unwrap();
    let paths: Vec<&Path> = rules
        .iter()
        .map(|rule| rule.path.strip_prefix(&folder).unwrap())
        .collect();
    assert_eq!(
        paths,
        ["src", "conf/a.ini", "web", "a.json", "b"].map(Path::new)
    );
    let actions: Vec<WatchAction> = rules.iter().map(|rule| rule.action.clone()).collect();
    let hook = Hook {
        command: vec!["app".to_owned(), "reload".to_owned()],
        user: Some("root".to_owned()),
        privileged: true,
        working_dir: Some("/b".to_owned()),
        environment: BTreeMap::from([("A".to_owned(), Some(Secret::from("a")))]),
    };
    let expected = [
        WatchAction::Rebuild,
        WatchAction::Restart,
        sync("/app", AfterSync::Nothing),
        sync("/app/", AfterSync::Restart),
        sync("/b", AfterSync::Exec(hook)),
    ];
    assert_eq!(actions, expected);
    assert_eq!(rules[2].ignore, ["node_modules/", "*.log"]);
    assert_eq!(rules[3].include, ["*.json"]);
    assert_eq!(rules[4].place.to_string(), "compose.yml:10:11");
}

#[test]
fn initial_sync_is_a_flag() {
    let (rules, _project) =
        rules("        - {path: b, action: sync, target: /b, initial_sync: true}\n");
    let WatchAction::Sync(sync) = &rules[0].action else {
        panic!("{:?}", rules[0]);
    };
    assert!(sync.initial);
}

#[test]
fn a_rule_that_cannot_be_meant_is_an_error_at_its_place() {
    insta::assert_snapshot!(service_faults("\
develop:
  watch:
    - {action: restart}
    - {path: ./a}
    - {path: '', action: restart}
    - {path: ./a, action: snyc, target: /a}
    - {path: ./a, action: explode}
    - {path: ./a, action: sync}
    - {path: ./a, action: sync+exec, target: /a, exec: {user: x}}
    - {path: ./a, action: sync+exec, target: /a, exec: {command: []}}
    - {path: ./a, action: restart, taget: /a}
    - ./a
  wacth: []
"), @r"
    error 6:11: `services.a.develop.watch` has an entry without `path`
      help: add `path`, the file or folder to watch
    error 7:11: `services.a.develop.watch` has an entry without `action`
      help: add `action`, one of rebuild, restart, sync, sync+restart, sync+exec
    error 8:18: `services.a.develop.watch.path` is empty
      help: name a file or a folder; `.` is the one of this file
    error 9:31: There is no action `snyc`
      help: did you mean `sync`?
    error 10:31: There is no action `explode`
      help: the actions are: rebuild, restart, sync, sync+restart, sync+exec
    error 11:23: `services.a.develop.watch` has a rule that syncs without `target`
      help: add `target`, the path in the container that stands for `path`
    error 12:60: `services.a.develop.watch.exec` has an entry without `command`
      help: add `command`, what to run in the container
    error 13:70: `services.a.develop.watch.exec.command` is empty
      help: write a program with its arguments: [program, argument, …]
    error 14:40: Unknown key `taget` in `services.a.develop.watch`
      help: did you mean `target`?
    error 15:11: `services.a.develop.watch` must be a mapping, this is a string
    error 16:7: Unknown key `wacth` in `services.a.develop`
      help: did you mean `watch`?
    ");
}

#[test]
fn a_rule_that_can_do_nothing_is_passed_over_with_a_warning() {
    insta::assert_snapshot!(service_faults("\
develop:
  watch:
    - {path: ./a, action: rebuild}
    - {path: ./a, action: sync+exec, target: /a}
    - {path: ./a, action: restart, target: /a, initial_sync: true}
    - {path: ./a, action: sync, target: a, exec: {command: x}}
"), @r"
    warning 6:31: A service without `build` cannot be rebuilt; the rule is passed over
      help: add a `build` to the service, or write `action: restart`
    warning 7:31: `action: sync+exec` has nothing to run: there is no `exec`
      help: add `exec: { command: … }`, or write `action: sync`
    note 8:40: `target` has no effect with `action: restart`
    note 8:52: `initial_sync` has no effect with `action: restart`
    warning 9:45: The path in the container starts at its root: `/a`
      help: write `/a`
    note 9:48: `exec` has no effect with `action: sync`
    ");
    assert_eq!(service_faults("develop: {watch: []}"), "");
    assert_eq!(service_faults("develop:"), "");
}
