use super::super::tests::{Project, faults};
use super::*;

#[test]
fn secrets_and_configs_appear_where_compose_puts_them() {
    let project = Project::new(
        "
secrets:
  f: {file: ./f.txt}
  v: {environment: DB_HOST}
configs:
  c: {content: 'host=$DB_HOST'}
services:
  s:
    image: x
    secrets: [f, {source: v, target: w, uid: '103', gid: 104, mode: 0440}]
    configs: [c, {source: c, target: /etc/c.conf}]
",
    )
    .file("f.txt", "text");
    let loaded = project.load();
    let inline = |text: &str| FileContent::Inline(Secret::from(text));
    let path = project.folder.path().join("f.txt");
    let expected = [
        ("/run/secrets/f", FileContent::Path(path), 0o444, 0, 0),
        ("/run/secrets/w", inline("postgres"), 0o440, 103, 104),
        ("/c", inline("host=postgres"), 0o444, 0, 0),
        ("/etc/c.conf", inline("host=postgres"), 0o444, 0, 0),
    ];
    let expected = expected.map(|(target, content, mode, uid, gid)| FileMount {
        target: target.to_owned(),
        content,
        mode,
        uid,
        gid,
    });
    assert_eq!(loaded.workload.services[0].files, expected);
    assert_eq!(project.faults(), "");
}

#[test]
fn faults_of_declarations() {
    insta::assert_snapshot!(faults("
services: {s: {image: x, secrets: [b, c, f]}}
secrets:
  a:
  b: {file: none.txt}
  c: {environment: NOWHERE}
  d: {external: true}
  e: {file: x, content: y}
  f: {name: n}
"), @r"
    error 4:4: `secrets.a` has no source
      help: add one of `file`, `content` and `environment`
    error 5:13: There is no file `<folder>/none.txt`
      help: a relative path starts at the folder of the Compose file
    error 6:20: The variable `NOWHERE` is not set
      help: set it, for instance with `--set NOWHERE=…`
    error 7:7: `external` in `secrets.d` is not supported
      help: poststack has no store of its own; write `file` or `environment`
    error 8:16: `secrets.e` has more than one source
      help: keep one of `file`, `content` and `environment`
    error 9:6: `secrets.f` has no source
      help: add one of `file`, `content` and `environment`
    note 9:7: `name` in `secrets.f` is ignored: it names the object of a swarm
    ");
}

#[test]
fn faults_of_mounts() {
    insta::assert_snapshot!(faults("
configs: {app: {file: ./compose.yml}}
services:
  s:
    image: x
    secrets: [app]
    configs: [ap, {target: /x}, {source: app, mode: 440, uid: me}]
"), @r##"
    error 6:15: There is no secret `app`
      help: declare it: the file has no secret at all
    error 7:15: There is no config `ap`
      help: did you mean `app`?
    error 7:19: `services.s.configs` has an entry without `source`
      help: add `source`, the name of a config
    warning 7:53: `services.s.configs.mode` is decimal here: 440 is the mode 0670
      help: write `0440`
    note 7:58: `uid` is ignored: a config from a file is mounted as the file is
    error 7:63: `services.s.configs.uid` must be a whole number, this is a string
    "##);
}

#[test]
fn sources_that_only_inactive_services_use_need_not_exist() {
    let text = "secrets: {f: {file: none}, v: {environment: NOWHERE}}\nservices: {s: {image: x}, t: {image: x, profiles: [p], secrets: [f, v]}}";
    assert_eq!(faults(text), "");
}
