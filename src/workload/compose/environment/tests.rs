use super::super::tests::{Project, faults, service, service_faults};
use super::*;

fn shown(environment: &Environment) -> Vec<String> {
    let shown = |(name, value): (&String, &Option<Secret>)| match value {
        Some(value) => format!("{name}={}", value.expose()),
        None => format!("{name} removed"),
    };
    environment.iter().map(shown).collect()
}

fn of(project: &Project) -> Vec<String> {
    let loaded = project.load();
    assert!(
        !crate::diagnostic::any_error(&loaded.diagnostics),
        "{}",
        project.faults()
    );
    shown(&loaded.workload.services[0].process.environment)
}

#[test]
fn a_mapping_and_a_list_mean_the_same() {
    let mapping = service("environment: {A: 1, B: 'two', C: '', HOST_USER: , NOWHERE: null}");
    let list = service("environment: [A=1, B=two, C=, HOST_USER, NOWHERE]");
    let expected = ["A=1", "B=two", "C=", "HOST_USER=me", "NOWHERE removed"];
    assert_eq!(shown(&mapping.process.environment), expected);
    assert_eq!(shown(&list.process.environment), expected);
}

#[test]
fn an_empty_variable_is_an_empty_value_and_no_null() {
    let service = service("environment: {HOST_USER: $EMPTY, B: \"${EMPTY}\", C: '${EMPTY:-}'}");
    assert_eq!(
        shown(&service.process.environment),
        ["B=", "C=", "HOST_USER="]
    );
}

#[test]
fn scalars_keep_their_text_with_a_warning_where_compose_changes_it() {
    let lines =
        "environment: {A: 0755, B: 1.10, C: yes, D: 2024-01-01, E: '0755', F: True, G: 5, H: $YES}";
    let texts = [
        "A=0755",
        "B=1.10",
        "C=yes",
        "D=2024-01-01",
        "E=0755",
        "F=True",
        "G=5",
        "H=True",
    ];
    assert_eq!(shown(&service(lines).process.environment), texts);
    insta::assert_snapshot!(service_faults(lines), @r##"
    warning 4:22: `services.a.environment.A` is passed on as `0755`; Compose makes it `493`
      help: put it in quotes: "0755"
    warning 4:31: `services.a.environment.B` is passed on as `1.10`; Compose makes it `1.1`
      help: put it in quotes: "1.10"
    warning 4:48: `services.a.environment.D` is passed on as `2024-01-01`; Compose makes it `2024-01-01 00:00:00 +0000 UTC`
      help: put it in quotes: "2024-01-01"
    warning 4:74: `services.a.environment.F` is passed on as `True`; Compose makes it `true`
      help: put it in quotes: "True"
    "##);
}

#[test]
fn the_environment_wins_over_env_files_and_later_files_over_earlier_ones() {
    let project = Project::new(
        "services: {s: {image: x, environment: {A: own}, env_file: [one.env, ./sub/two.env]}}",
    )
    .file("one.env", "A=1\nB=1\nC=1\n")
    .file("sub/two.env", "A=2\nB=2\nD=$C-${HOST_USER}\n");
    assert_eq!(of(&project), ["A=own", "B=2", "C=1", "D=1-me"]);
}

#[test]
fn a_null_in_the_environment_wins_over_an_env_file() {
    let project =
        Project::new("services: {s: {image: x, environment: [GONE, HOST_USER], env_file: e}}")
            .file("e", "GONE=1\nHOST_USER=file\n");
    assert_eq!(of(&project), ["GONE removed", "HOST_USER=me"]);
}

#[test]
fn an_env_file_may_be_optional_or_raw() {
    let project = Project::new("services: {s: {image: x, env_file: [{path: none, required: false}, {path: r, format: raw}]}}")
        .file("r", "# comment\nA=\"$A\" # kept\nHOST_USER\nNOWHERE\n");
    assert_eq!(of(&project), ["A=\"$A\" # kept", "HOST_USER=me"]);
}

#[test]
fn env_files_are_not_seen_by_the_compose_file_itself() {
    let project =
        Project::new("services: {s: {image: 'x:$TAG', env_file: e}}").file("e", "TAG=1\n");
    insta::assert_snapshot!(project.faults(), @r##"
    error 1:26: Undefined variable `TAG`
      help: define it under `variables:` of the environment, in the env file, or pass `--set TAG=value`
    "##);
}

#[test]
fn faults_of_env_files_are_told_with_their_place() {
    let project = Project::new("services: {s: {image: x, env_file: [none.env, bad.env, {required: false}, ., {path: x, format: yaml}, '']}}")
        .file("bad.env", "A B=1\n");
    insta::assert_snapshot!(project.faults(), @r##"
    error bad.env:1:1: `A B` is not a name: it has a space
      1:47: read because of this line
      help: a line is `KEY=value`; a comment starts with `#`
    error 1:37: No such file: `none.env`
      help: create it, or write {path: …, required: false} when it may be missing
    error 1:56: `services.s.env_file` has an entry without `path`
      help: add `path`, a file beside this one
    error 1:75: `.` is a directory, not a file
    error 1:85: No such file: `x`
      help: create it, or write {path: …, required: false} when it may be missing
    error 1:96: `services.s.env_file.format` is `yaml`
      help: write `raw` or drop the line
    error 1:103: `services.s.env_file` is empty
      help: name a file or drop the line
    "##);
}

#[test]
fn env_files_of_inactive_services_need_not_exist() {
    let text = "services: {s: {image: x}, t: {image: x, profiles: [p], env_file: none}}";
    assert_eq!(faults(text), "");
    assert_ne!(Project::new(text).profile("p").faults(), "");
}

#[test]
fn faults_of_the_environment() {
    insta::assert_snapshot!(service_faults("environment:\n  - A: 1\n  - =x\n  - 5\n  -"), @r##"
    error 5:9: An entry of `services.a.environment` is a mapping, not `NAME=value`
      help: write `NAME=value`, or drop the dashes of the list
    error 6:9: An entry of `services.a.environment` has no name
      help: write `NAME=value`
    error 7:9: `services.a.environment` must be a string, this is a number
      help: put it in quotes: "5"
    error 8:8: `services.a.environment` must be a string, this is null
    "##);
    insta::assert_snapshot!(service_faults("environment: {A: [1], B: {c: 1}, '': 1, D=E: 1}"), @r##"
    error 4:22: `services.a.environment.A` must be a string, this is a list
    error 4:30: `services.a.environment.B` must be a string, this is a mapping
    error 4:38: A key of `services.a.environment` is no name: ``
      help: a name is not empty and has no `=`
    error 4:45: A key of `services.a.environment` is no name: `D=E`
      help: a name is not empty and has no `=`
    "##);
    insta::assert_snapshot!(service_faults("environment: A=1"), @r##"
    error 4:18: `services.a.environment` must be a mapping or a list of `NAME=value`, this is a string
    "##);
}

#[test]
fn a_service_in_the_network_of_the_host_reads_the_address_of_the_host() {
    let project = Project::new(
        "
services:
  inside: {image: x, environment: ['DB=$DB_HOST', DB_HOST]}
  outside: {image: x, network_mode: '${EMPTY:-host}', environment: {DB: $DB_HOST, DB_HOST: }}
  beside: {image: x, network_mode: 'service:outside', environment: [DB=$DB_HOST]}
",
    );
    let loaded = project.load();
    let of = |index: usize| shown(&loaded.workload.services[index].process.environment);
    assert_eq!(of(0), ["DB=postgres", "DB_HOST=postgres"]);
    assert_eq!(of(1), ["DB=127.0.0.1", "DB_HOST=127.0.0.1"]);
    assert_eq!(of(2), ["DB=127.0.0.1"]);
}

#[test]
fn a_name_without_a_value_is_a_use_of_the_variable() {
    let loaded = Project::new("services: {s: {image: x, environment: [DB_HOST, NOWHERE]}}").load();
    let uses: Vec<_> = loaded
        .uses
        .iter()
        .map(|one| (one.name.as_str(), one.path.as_str(), one.place.to_string()))
        .collect();
    assert_eq!(
        uses,
        [(
            "DB_HOST",
            "services.s.environment.DB_HOST",
            "compose.yml:1:40".to_owned()
        )]
    );
}
