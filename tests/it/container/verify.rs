//! `container verify` on an environment: each kind of promise, kept and broken.

use serde_json::Value;

use crate::project::{On, Project, on_both_engines};

const CONFIG: &str = "\
project: { name: {name} }
environments:
  dev:
    postgres: { port: {port}, storage: tmpfs }
    deployment: { compose: app.yml }
verify:
  web:
    ports: [8080, 9999, 8080/udp]
    files:
      - /srv/index.html
      - /usr/bin/python3
      - /missing
      - { path: /srv/index.html, contains: Hello }
      - { path: /srv/index.html, contains: Bye }
      - { path: /srv, contains: Hello }
    processes: [python3, nginx]
    http:
      - /
      - { path: /missing, status: 404 }
      - /missing
      - { path: /, contains: Bye }
      - { path: /, port: 9999 }
      - url: http://inner:8080/
    tcp: ['inner:8080', 'inner:9', '{name}-dev-postgres:5432']
  inner:
    http: [{ path: /, port: 8080, contains: Hello }]
  postgres:
    sql:
      - select 1
      - { query: select 1 + 1, expect: 2 }
      - { query: select 3, expect: 4 }
      - { query: select 1 where false, expect: 1 }
      - select nonsense
      - create table made_by_a_probe ()
  inne: {}
";

const COMPOSE: &str = "\
services:
  web: &web
    image: poststack/base-debian:latest
    command: [python3, -m, http.server, '8080', --directory, /srv]
    stop_signal: SIGKILL
    ports: ['8080']
    volumes: ['./public:/srv:ro']
  inner:
    <<: *web
    ports: []
    healthcheck: { test: [CMD, curl, -fs, 'http://localhost:8080/'], interval: 1s }
  gone:
    image: poststack/base-debian:core
    command: ['true']
";

/// Of one service, what was expected and not found, with what was found instead.
fn broken(verified: &Value, service: &str) -> Vec<String> {
    let checks = verified["checks"].as_array().unwrap().iter();
    let checks = checks.filter(|one| one["service"] == service && one["ok"] == false);
    let text = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
    checks
        .map(|one| format!("{}: {}", text(one, "expected"), text(one, "found")))
        .collect()
}

fn kept(verified: &Value, service: &str) -> Vec<String> {
    let checks = verified["checks"].as_array().unwrap().iter();
    let checks = checks.filter(|one| one["service"] == service && one["ok"] == true);
    let expected = checks.map(|one| one["expected"].as_str().unwrap().to_owned());
    // The engine has chosen the port of the host.
    expected
        .filter(|text| !text.starts_with("accepts on"))
        .collect()
}

#[track_caller]
fn of_web(project: &Project, verified: &Value) {
    assert_eq!(
        kept(verified, "web"),
        [
            "runs",
            "listens on 8080/tcp",
            "has /srv/index.html",
            "has /usr/bin/python3",
            "/srv/index.html holds `Hello`",
            "runs `python3`",
            "answers GET / with 200 to 399",
            "answers GET /missing with 404",
            "answers GET http://inner:8080/ with 200 to 399",
            "reaches inner:8080",
            &format!("reaches {}-dev-postgres:5432", project.name),
        ]
    );
    let web = broken(verified, "web");
    let wanted = [
        "listens on 9999/tcp: there listen 8080/tcp",
        "listens on 8080/udp: there listen 8080/tcp",
        "has /missing: it is not there",
        "/srv/index.html holds `Bye`: it does not, in 11 bytes",
        "/srv holds `Hello`: it is a folder",
        "runs `nginx`: there run: python3 -m http.server",
        "answers GET /missing with 200 to 399: it answers 404",
        "answers GET / with 200 to 399 and `Bye`: it answers 200 without that text",
        "answers GET / with 200 to 399: ",
        "reaches inner:9: Connection refused",
    ];
    for (found, wanted) in web.iter().zip(wanted) {
        assert!(found.starts_with(wanted), "{wanted}\n{web:#?}");
    }
    assert_eq!(web.len(), wanted.len(), "{web:#?}");
}

#[track_caller]
fn of_postgres(verified: &Value) {
    assert_eq!(
        kept(verified, "postgres"),
        [
            "runs",
            "is healthy",
            "lets its user in",
            "listens on 5432/tcp",
            "`select 1` succeeds",
            "`select 1 + 1` gives `2`",
        ]
    );
    let postgres = broken(verified, "postgres");
    let wanted = [
        "`select 3` gives `4`: it gives `3`",
        "`select 1 where false` gives `1`: it gives no row",
        "`select nonsense` succeeds: ",
        "`create table made_by_a_probe ()` succeeds: ",
    ];
    for (found, wanted) in postgres.iter().zip(wanted) {
        assert!(found.starts_with(wanted), "{wanted}\n{postgres:#?}");
    }
    assert!(postgres[2].contains("nonsense") && postgres[3].contains("read-only"));
    assert_eq!(postgres.len(), wanted.len(), "{postgres:#?}");
}

/// What is shown of the configuration is one, and says the same.
#[track_caller]
fn the_configuration_is_shown(project: &Project) {
    let shown = project.run(&["config", "show"]).ok().stdout;
    let config = project.read(".poststack.yml");
    project.write(".poststack.yml", &shown);
    assert_eq!(project.run(&["config", "show"]).ok().stdout, shown);
    assert!(shown.contains("contains: Hello"), "{shown}");
    project.write(".poststack.yml", &config);
}

#[test]
fn a_promise_of_no_service_is_told_of() {
    let project = Project::new(On::Docker, "verify: { ghost: { ports: [1] }, web: {} }\n");
    project.write("containers/web/Dockerfile", "FROM scratch\n");
    let ran = project.run(&["config", "validate"]).ok();
    for told in ["`verify.ghost` names no service", ".poststack.yml:1:28"] {
        assert!(ran.stderr.contains(told), "{}", ran.stderr);
    }
    assert!(!ran.stderr.contains("verify.web"), "{}", ran.stderr);
    assert!(
        ran.stdout.ends_with("it has no environments\n"),
        "{}",
        ran.stdout
    );
}

on_both_engines! {
    fn each_promise_is_kept_or_told(engine: On) {
        let project = Project::new(engine, CONFIG);
        project.write("public/index.html", "Hello shop\n");
        project.write("app.yml", COMPOSE);
        the_configuration_is_shown(&project);
        project.run(&["env", "start", "dev"]).ok();
        let before = project.container_ids();
        let verify = ["container", "verify", "--env", "dev"];
        let ran = project.run(&[&verify[..], &["--format", "json"]].concat()).exits(1);
        let verified = ran.json();
        assert_eq!(verified["ok"], false);
        assert_eq!(verified["unknown"][0]["near"], "inner");
        assert_eq!(project.container_ids(), before, "who looks leaves nothing");

        of_web(&project, &verified);
        of_postgres(&verified);
        let inner = ["runs", "is healthy", "answers GET / with 200 to 399 and `Hello`"];
        assert_eq!(kept(&verified, "inner"), inner);
        assert_eq!(broken(&verified, "inner"), [""; 0]);
        assert_eq!(broken(&verified, "gone"), ["runs: it has exited with 0"]);

        let one = project.run(&[&verify[..], &["inner"]].concat()).ok();
        assert!(one.stdout.starts_with("✔ "), "{}", one.stdout);
        let unknown = project.run(&[&verify[..], &["innre"]].concat()).exits(2);
        assert!(unknown.stderr.contains("did you mean `inner`?"), "{}", unknown.stderr);
        project.run(&["env", "stop", "dev", "--rm"]).ok();
        let absent = project.run(&[&verify[..], &["web"]].concat()).exits(1);
        assert!(absent.stdout.contains("there is no such container"), "{}", absent.stdout);
    }
}
