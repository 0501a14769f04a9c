use super::super::tests::Project;
use crate::workload::model::MountSource;

fn names(project: &Project) -> Vec<String> {
    let loaded = project.load();
    assert_eq!(project.faults(), "");
    let services = loaded.workload.services.into_iter();
    services.map(|service| service.name).collect()
}

#[test]
fn an_include_brings_services_networks_volumes_and_files() {
    let project = Project::new(
        "include: [lib/db.yml]
services:
  web: {image: x, depends_on: [db], networks: [back], volumes: ['data:/data'], secrets: [key]}
",
    )
    .file(
        "lib/db.yml",
        "services: {db: {image: y, volumes: ['./conf:/conf'], networks: [back]}}
networks: {back: {internal: true}}
volumes: {data: {labels: {L: 1}}}
secrets: {key: {file: key.txt}}
x-own: 1
",
    )
    .file("lib/key.txt", "k");
    assert_eq!(names(&project), ["db", "web"]);
    let workload = project.load().workload;
    assert!(workload.networks["back"].internal);
    assert_eq!(workload.volumes["data"].labels["L"], "1");
    let conf = project.folder.path().join("lib/conf");
    let mount = &workload.services[0].mounts[0].source;
    assert!(matches!(mount, MountSource::Bind { path, .. } if *path == conf));
}

#[test]
fn the_long_form_merges_its_files_and_names_folder_and_env_file() {
    let project = Project::new(
        "include:
  - path: [lib/a.yml, lib/b.yml]
    project_directory: base
    env_file: [lib/one.env, lib/two.env]
services: {web: {image: x}}
",
    )
    .file(
        "lib/a.yml",
        "services: {a: {image: 'a:${TAG}', volumes: ['./v:/v']}}\n",
    )
    .file(
        "lib/b.yml",
        "services: {a: {command: '${A} ${TOP}', environment: [TAG]}}\n",
    )
    .file("lib/one.env", "TAG=one\nA=low\nTOP=$TAG\n")
    .file("lib/two.env", "TAG=two\n")
    .file("base/.env", "TAG=never\n");
    assert_eq!(names(&project), ["web", "a"]);
    let workload = project.load().workload;
    let a = &workload.services[1];
    assert_eq!(a.image.as_deref(), Some("a:two"));
    let command = a.process.command.clone().unwrap();
    // The outer `A` wins.
    assert_eq!(command, ["a", "one"]);
    assert_eq!(
        a.process.environment["TAG"].as_ref().unwrap().expose(),
        "two"
    );
    let folder = project.folder.path().join("base/v");
    assert!(matches!(&a.mounts[0].source, MountSource::Bind { path, .. } if *path == folder));
}

#[test]
fn an_included_file_has_its_own_env_file_under_that_of_the_outer_one() {
    let project = Project::new(
        "include: [lib/a.yml]
services: {web: {image: 'w:${ONLY-none}${TOP}'}}
",
    )
    .file(".env", "TOP=outer\n")
    .file("lib/.env", "TOP=inner\nONLY=inner\n")
    .file("lib/a.yml", "services: {a: {image: 'a:${ONLY}${TOP}'}}\n");
    assert_eq!(project.faults(), "");
    let loaded = project.load();
    let images: Vec<_> = loaded
        .workload
        .services
        .iter()
        .map(|service| service.image.clone().unwrap())
        .collect();
    assert_eq!(images, ["w:noneouter", "a:innerouter"]);
    let mut defined: Vec<_> = loaded
        .uses
        .iter()
        .filter_map(|one| one.local.as_ref()?.place.as_ref())
        .map(ToString::to_string)
        .collect();
    defined.sort();
    assert_eq!(defined, [".env:1:1", ".env:1:1", "lib/.env:2:1"]);
}

#[test]
fn what_two_files_declare_must_be_the_same() {
    let project = Project::new(
        "include: [a.yml, b.yml]
services:
  web: {image: x}
networks: {n: , m: {internal: true}}
",
    )
    .file("a.yml", "include: [c.yml]\nnetworks: {n: {}}\n")
    .file(
        "b.yml",
        "include: [c.yml]
services: {web: {image: y}}
networks: {m: }
",
    )
    .file("c.yml", "services: {c: {image: z}}\n");
    insta::assert_snapshot!(project.faults(), @"
    error 3:3: The service `web` is declared twice, and differently
      b.yml:2:12: the included one
      1:1: included from here
      help: rename one of them; to change what is included, write the change in a file of its own and include both: `path: [included.yml, changes.yml]`
    error 4:17: The network `m` is declared twice, and differently
      b.yml:3:12: the included one
      1:1: included from here
      help: rename one of them; to change what is included, write the change in a file of its own and include both: `path: [included.yml, changes.yml]`
    ");
}

#[test]
fn an_override_changes_what_the_first_file_includes() {
    let project = Project::new("include: [lib/a.yml]\n")
        .file("lib/a.yml", "services: {a: {image: x}}\n")
        .onto("over.yml", "services: {a: {image: y, env_file: own.env}}\n")
        .file("own.env", "A=1\n");
    assert_eq!(names(&project), ["a"]);
    let a = &project.load().workload.services[0];
    assert_eq!(a.image.as_deref(), Some("y"));
}

#[test]
fn an_own_service_may_extend_an_included_one() {
    let project = Project::new(
        "include: [a.yml]
services: {web: {extends: a, command: c}}
",
    )
    .file("a.yml", "services: {a: {image: x}}\n");
    assert_eq!(names(&project), ["web", "a"]);
}

#[test]
fn a_circle_names_its_files_with_their_places() {
    let project = Project::new("include:\n  - a.yml\nservices: {}\n")
        .file("a.yml", "include:\n  - path: sub/b.yml\n")
        .file("sub/b.yml", "include: [../a.yml]\n");
    insta::assert_snapshot!(project.faults(), @"
    error sub/b.yml:1:11: Files include each other: `a.yml` → `sub/b.yml` → `a.yml`
      a.yml:2:11: `sub/b.yml` is included here
      help: remove one of these includes
    ");
    let itself = Project::new("include: [./compose.yml]\n");
    insta::assert_snapshot!(itself.faults(), @"
    error 1:11: Files include each other: `compose.yml` → `compose.yml`
      help: remove one of these includes
    ");
}

#[test]
fn a_link_does_not_hide_a_circle() {
    let project = Project::new("include: [a.yml]\n");
    let folder = project.folder.path();
    std::os::unix::fs::symlink(folder.join("compose.yml"), folder.join("a.yml")).unwrap();
    assert!(
        project
            .faults()
            .contains("Files include each other: `compose.yml` → `a.yml`")
    );
    let project = Project::new("include: [b.yml]\n");
    let folder = project.folder.path();
    std::os::unix::fs::symlink("b.yml", folder.join("b.yml")).unwrap();
    assert!(project.faults().starts_with("error 1:11: "));
}

#[test]
fn faults_of_an_include() {
    let mut faults = String::new();
    for text in [
        "include: a.yml\n",
        "include: [none.yml]\n",
        "include: [lib]\n",
        "include: ['https://example.org/c.yml']\n",
        "include: ['oci://example.org/c']\n",
        "include: [{project_directory: x}]\n",
        "include: [{path: ok.yml, envfile: x}]\n",
        "include: [{path: ok.yml, env_file: none.env}]\n",
        "include: [bad.yml]\n",
        "include: [list.yml]\n",
        "include: [unknown.yml]\n",
    ] {
        let project = Project::new(text)
            .file("ok.yml", "services: {a: {image: x}}\n")
            .file("lib/x", "")
            .file("bad.yml", "services: [\n")
            .file("list.yml", "- services\n")
            .file(
                "unknown.yml",
                "servcies: {}\nservices: {a: {image: x, imagee: y}}\n",
            );
        faults += &project.faults();
    }
    insta::assert_snapshot!(faults, @r"
    error 1:10: `include` must be a list, this is a string
      help: write a list, for instance `include: [other.yml]`
    error 1:11: No such file: `none.yml`
      help: looked for `<folder>/none.yml`
    error 1:11: `lib` is a directory, not a file
      help: looked for `<folder>/lib`
    error 1:11: `https://example.org/c.yml` is not a file of this machine
      help: fetch it first and name the file: what another server gives may change at any time
    error 1:11: `oci://example.org/c` is not a file of this machine
      help: fetch it first and name the file: what another server gives may change at any time
    error 1:11: An entry of `include` names no file
      help: add `path`, a file or a list of files
    error 1:26: Unknown key `envfile` in `include`
      help: did you mean `env_file`?
    error 1:36: No such file: `none.env`
    error bad.yml:1:11: Invalid YAML: this `[` is never closed
      help: write `]` after its last entry, and `,` between two
    error list.yml:1:1: A Compose file is a mapping, this is a list
      help: start with `services:`
    error unknown.yml:1:1: Unknown key `servcies`
      help: did you mean `services`?
    error unknown.yml:2:26: Unknown key `imagee` in `services.a`
      help: did you mean `image`?
    ");
}

#[test]
fn a_tree_of_includes_that_doubles_is_refused() {
    let mut project = Project::new("include: [{path: a0.yml}, {path: a0.yml}]\n");
    for number in 0..40 {
        let next = number + 1;
        project = project.file(
            &format!("a{number}.yml"),
            &format!("include: [a{next}.yml, a{next}.yml]\n"),
        );
    }
    let project = project.file("a40.yml", "services: {a: {image: x}}\n");
    let faults = project.faults();
    assert!(
        faults.contains("The project reads more than 1000 files"),
        "{faults}"
    );
}
