use super::super::tests::Project;
use crate::variables::Reader;
use crate::workload::model::Context;

/// `NAME=value` of every service, sorted.
fn environments(project: &Project) -> Vec<String> {
    let loaded = project.load();
    assert_eq!(project.faults(), "");
    let mut lines: Vec<String> = loaded
        .workload
        .services
        .iter()
        .flat_map(|service| {
            let pairs = service.process.environment.iter();
            pairs.map(|(name, value)| {
                let value = value.as_ref().map_or("-", |value| value.expose());
                format!("{} {name}={value}", service.name)
            })
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn a_service_starts_from_another_one_and_keeps_what_is_its_own() {
    let project = Project::new(
        "services:
  base: {image: x, environment: {A: base, B: base}, depends_on: [db], profiles: [p]}
  web: {extends: base, environment: [A=web], profiles: []}
  worker: {extends: {service: web}, command: work}
  db: {image: y, profiles: [p]}
",
    )
    .profile("p");
    assert_eq!(
        environments(&project),
        [
            "base A=base",
            "base B=base",
            "web A=web",
            "web B=base",
            "worker A=web",
            "worker B=base"
        ]
    );
    let loaded = project.load();
    let worker = loaded
        .workload
        .services
        .iter()
        .find(|it| it.name == "worker");
    let worker = worker.unwrap();
    assert_eq!(worker.depends_on[0].service, "db");
    assert_eq!(worker.process.command, Some(vec!["work".to_owned()]));
}

#[test]
fn a_service_of_another_file_brings_the_paths_of_its_folder() {
    let project = Project::new(
        "services:
  web: {extends: {file: common/base.yml, service: web}, volumes: ['./own:/own']}
",
    )
    .file(
        "common/base.yml",
        "services:
  web: {extends: {file: ../deep/root.yml, service: root}, volumes: ['./data:/data']}
  broken: {image: '${UNDEFINED}', image: twice}
"
        .replace(", image: twice", "")
        .as_str(),
    )
    .file(
        "deep/root.yml",
        "services: {root: {image: x, env_file: root.env, build: {dockerfile: D}}}\n",
    )
    .file("deep/root.env", "FROM=root\n")
    .file("deep/D", "FROM scratch\n");
    assert_eq!(environments(&project), ["web FROM=root"]);
    let web = &project.load().workload.services[0];
    let folder = project.folder.path();
    let sources: Vec<String> = web
        .mounts
        .iter()
        .map(|mount| match &mount.source {
            crate::workload::model::MountSource::Bind { path, .. } => {
                let path = path.strip_prefix(folder).unwrap();
                path.display().to_string()
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sources, ["common/data", "own"]);
    assert_eq!(
        web.build.as_ref().unwrap().context,
        Context::Folder(folder.join("deep"))
    );
}

#[test]
fn values_are_those_of_the_service_that_they_end_up_in() {
    let project = Project::new(
        "services:
  inner: {extends: {file: base.yml, service: base}}
  outer: {extends: {file: base.yml, service: base}, network_mode: host}
",
    )
    .file(
        "base.yml",
        "services: {base: {image: x, environment: {URL: 'db://${DB_HOST}'}}}\n",
    );
    assert_eq!(
        environments(&project),
        ["inner URL=db://postgres", "outer URL=db://127.0.0.1"]
    );
    let uses = project.load().uses;
    assert!(uses.iter().all(|one| one.name == "DB_HOST"));
    assert_eq!(uses[0].place.to_string(), "base.yml:1:54");
    assert_eq!(uses[0].reader, Reader::Network);
}

#[test]
fn tags_reach_through_to_what_is_extended_and_to_earlier_files() {
    let project = Project::new(
        "services:
  base: {image: x, ports: ['1:1'], environment: {A: base}}
  web: {extends: base, ports: !override ['2:2'], environment: !reset {}}
",
    )
    .onto(
        "over.yml",
        "services:
  other: {image: y, ports: ['3:3']}
  web: {extends: other, ports: !reset []}
",
    );
    assert_eq!(environments(&project), ["base A=base"]);
    let loaded = project.load();
    let web = loaded.workload.services.iter().find(|it| it.name == "web");
    let web = web.unwrap();
    assert_eq!(web.process.ports, []);
    assert_eq!(web.image.as_deref(), Some("y"));
}

#[test]
fn a_circle_names_its_members_with_their_places() {
    let project = Project::new(
        "services:
  a: {image: x, extends: b}
  b: {image: x, extends: {service: c}}
  c: {image: x, extends: a}
  d: {image: x, extends: d}
",
    );
    insta::assert_snapshot!(project.faults(), @"
    error 2:26: Services extend each other: `a` → `b` → `c` → `a`
      3:36: `b` extends `c`
      4:26: `c` extends `a`
      help: remove one of these `extends`
    error 5:26: Services extend each other: `d` → `d`
      help: remove one of these `extends`
    ");
}

#[test]
fn a_circle_through_files_names_the_files() {
    let project = Project::new(
        "services:
  a: {extends: {file: other.yml, service: b}}
",
    )
    .file(
        "other.yml",
        "services:
  b: {extends: {file: ./compose.yml, service: a}}
",
    );
    insta::assert_snapshot!(project.faults(), @"
    error 2:43: Services extend each other: `a` of `compose.yml` → `b` of `other.yml` → `a` of `compose.yml`
      other.yml:2:47: `b` of `other.yml` extends `a` of `compose.yml`
      help: remove one of these `extends`
    ");
}

#[test]
fn a_service_that_cannot_be_found_is_one_fault() {
    let project = Project::new(
        "services:
  a: {extends: bb}
  b: {extends: {file: other.yml, service: webb}}
  c: {extends: {file: none.yml, service: web}}
  d: {extends: {file: 'https://example.org/compose.yml', service: web}}
  e: {extends: {file: other.yml}}
  f: {extends: [a]}
  g: {extends: {service: h, files: x}}
  h: {image: x}
",
    )
    .file("other.yml", "services:\n  web: {image: x}\n");
    insta::assert_snapshot!(project.faults(), @"
    error 2:16: `a` extends `bb`, which `compose.yml` does not have
      help: did you mean `b`?
    error 3:43: `b` extends `webb`, which `other.yml` does not have
      help: did you mean `web`?
    error 4:23: No such file: `none.yml`
      help: looked for `<folder>/none.yml`
    error 5:23: `https://example.org/compose.yml` is not a file of this machine
      help: fetch it first and name the file: what another server gives may change at any time
    error 6:16: `services.e.extends` names no service
      help: add `service`, the name of the service to start from
    error 7:16: `services.f.extends` must be a service, this is a list
      help: write the name of a service, or {file: …, service: …}
    error 8:29: Unknown key `files` in `services.g.extends`
      help: did you mean `file`?
    ");
}

#[test]
fn what_an_extended_file_holds_besides_is_not_told() {
    let project = Project::new(
        "services:
  a: {extends: {file: other.yml, service: web}}
",
    )
    .file(
        "other.yml",
        "services:
  web: {image: 'x:${NO_TAG}', wrong: 1}
  other: {image: '${UNUSED}', wrong: 2}
",
    );
    insta::assert_snapshot!(project.faults(), @"
    error other.yml:2:19: Undefined variable `NO_TAG`
      help: define it under `variables:` of the environment, in the env file, or pass `--set NO_TAG=value`
    error other.yml:2:31: Unknown key `wrong` in `services.a`
      help: keys of your own start with `x-`
    ");
}

#[test]
fn a_long_row_of_services_is_refused_and_not_a_crash() {
    let mut text = String::from("services:\n  s0: {image: x}\n");
    for number in 1..2_000 {
        text += &format!("  s{number}: {{extends: s{}}}\n", number - 1);
    }
    // From the first one on each finds the one before it complete.
    assert_eq!(Project::new(&text).faults(), "");
    let mut text = String::from("services:\n");
    for number in 1..2_000 {
        text += &format!("  s{number}: {{extends: s{}}}\n", number + 1);
    }
    text += "  s2000: {image: x}\n";
    let faults = Project::new(&text).faults();
    assert!(
        faults.contains("More than 100 services extend one another in a row"),
        "{faults}"
    );
}
