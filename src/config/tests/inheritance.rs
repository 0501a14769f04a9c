//! `defaults`, `extends` and host ports: what environments have from each other.

use super::*;
use crate::config::model::{DeploymentKind, PostgresImage};

#[test]
fn maps_merge_lists_and_values_replace() {
    let config = config(
        "defaults:
  postgres: { settings: { a: 1, b: 1 }, extensions: [x], user: shared }
  variables: { A: defaults, B: defaults, C: defaults }
  init: [ { compose: one.yml }, { compose: two.yml } ]
  bind: 127.0.0.9
environments:
  child:
    extends: parent
    postgres: { settings: { b: 3 }, port: 5500 }
    variables: { C: child }
    init: []
  parent:
    postgres: { settings: { b: 2, c: 2 }, extensions: [y, z] }
    variables: { B: parent, C: parent }
    bind: 127.0.0.8
  alone:
",
    );
    let summary: Vec<_> = config
        .environments
        .iter()
        .map(|it| {
            let variables: Vec<_> = it
                .variables
                .iter()
                .map(|(name, it)| format!("{name}={}", it.text))
                .collect();
            format!(
                "{}: {:?} {:?} {} {} init={} bind={}",
                it.name,
                it.postgres.settings,
                it.postgres.extensions,
                it.postgres.user,
                variables.join(" "),
                it.init.len(),
                it.bind
            )
        })
        .collect();
    insta::assert_snapshot!(summary.join("\n"), @r#"
        child: {"a": "1", "b": "3", "c": "2"} ["y", "z"] shared A=defaults B=parent C=child init=0 bind=127.0.0.8
        parent: {"a": "1", "b": "2", "c": "2"} ["y", "z"] shared A=defaults B=parent C=parent init=2 bind=127.0.0.8
        alone: {"a": "1", "b": "1"} ["x"] shared A=defaults B=defaults C=defaults init=2 bind=127.0.0.9
        "#);
}

#[test]
fn an_inherited_value_keeps_the_place_where_it_is_written() {
    let config =
        config("defaults: { variables: { A: x } }\nenvironments:\n  a: { variables: { B: y } }\n");
    let places: Vec<_> = config.environments[0]
        .variables
        .values()
        .map(|it| it.place.to_string())
        .collect();
    assert_eq!(places, [".poststack.yml:1:29", ".poststack.yml:3:24"]);
}

#[test]
fn an_image_replaces_an_inherited_version_and_the_other_way_round() {
    let config = config(
        "defaults: { postgres: { version: 15 } }
environments:
  a: { postgres: { image: 'postgres:17' } }
  b: { extends: a }
  c: { extends: a, postgres: { version: 15 } }
  d:
",
    );
    let images: Vec<_> = config
        .environments
        .into_iter()
        .map(|it| it.postgres.image)
        .collect();
    let image = PostgresImage::Image("postgres:17".to_owned());
    assert_eq!(
        images,
        [
            image.clone(),
            image,
            PostgresImage::Version(15),
            PostgresImage::Version(15)
        ]
    );
}

#[test]
fn a_compose_file_replaces_an_inherited_pod() {
    let config = config(
        "environments:
  a: { deployment: { pod: a.yaml } }
  b: { extends: a, deployment: { compose: b.yml } }
  c: { extends: b, deployment: }
",
    );
    let kinds: Vec<_> = config
        .environments
        .into_iter()
        .map(|it| match it.deployment.unwrap().kind {
            DeploymentKind::Pod(path) => format!("pod {}", path.display()),
            DeploymentKind::Compose(files) => format!("compose {}", files[0].path.display()),
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "pod /work/shop/a.yaml",
            "compose /work/shop/b.yml",
            "compose /work/shop/b.yml"
        ]
    );
}

#[test]
fn a_fault_in_shared_values_is_reported_once() {
    insta::assert_snapshot!(faults(
        "x-base: &base { postgres: { prot: 1 }, bund: x }
defaults: { bind: home }
environments:
  a: { <<: *base }
  b: { <<: *base, extends: a }
  c: { extends: b, postgres: *nothing }
"), @r#"
        1:29 error at "prot": Unknown key `prot` in `postgres`
          help: did you mean `port`?
        1:40 error at "bund": Unknown key `bund` in `environments.<name>`
          help: did you mean `bind`?
        2:19 error at "home": `bind` is not an IP address: `home`
          help: write `127.0.0.1` for this machine only, or `0.0.0.0` for every network
        6:30 error at "*nothing": There is no anchor `nothing` before this alias
          help: write `&nothing` before the value that it names
        "#);
    insta::assert_snapshot!(faults(
        "x-base: &base { postgres: { prot: 1 }, bund: x }
defaults: { bind: home }
environments:
  a: { <<: *base }
  b: { <<: *base, extends: a }
  c: { extends: b }
"), @r#"
        1:29 error at "prot": Unknown key `prot` in `postgres`
          help: did you mean `port`?
        1:40 error at "bund": Unknown key `bund` in `environments.<name>`
          help: did you mean `bind`?
        2:19 error at "home": `bind` is not an IP address: `home`
          help: write `127.0.0.1` for this machine only, or `0.0.0.0` for every network
        "#);
}

#[test]
fn an_unknown_parent_is_reported_with_the_nearest_one() {
    insta::assert_snapshot!(faults("environments:\n  dev:\n  b: { extends: devv }\n  c: { extends: other }\n"), @r#"
        3:17 error at "devv": There is no environment `devv`
          help: did you mean `dev`?
        4:17 error at "other": There is no environment `other`
          help: environments: dev, b, c
        "#);
}

#[test]
fn every_circle_is_reported_once_with_its_names() {
    insta::assert_snapshot!(faults(
        "environments:
  in: { extends: a }
  a: { extends: b }
  b: { extends: c }
  c: { extends: a }
  self: { extends: self }
  fine: { extends: in }
"), @r#"
        3:17 error at "b": `extends` goes in a circle: a → b → c → a
          help: remove one `extends`, or move what they share to `defaults`
        6:20 error at "self": `extends` goes in a circle: self → self
          help: remove one `extends`, or move what they share to `defaults`
        "#);
}

#[test]
fn two_environments_on_one_host_port_are_both_shown() {
    insta::assert_snapshot!(faults(
        "environments:
  a: { postgres: { port: 5433 } }
  b: { postgres: { port: 5433 } }
  c: { postgres: { port: 5434 }, bind: 0.0.0.0 }
  d: { postgres: { port: 5434 } }
"), @r#"
        3:26 error at "5433": Host port 5433 is taken twice: by `a` and by `b`
          2:26: `a` takes it here
          help: write another one: `port: 5435`
        5:26 error at "5434": Host port 5434 is taken twice: by `c` and by `d`
          4:26: `c` takes it here
          help: write another one: `port: 5436`
        "#);
}

#[test]
fn an_inherited_host_port_asks_for_an_own_one() {
    insta::assert_snapshot!(faults(
        "environments:
  late: { extends: dev }
  dev: { postgres: { port: 5433 } }
"), @r#"
        2:3 error at "late": `late` inherits host port 5433, which `dev` takes
          3:28: the port is written here
          help: give it a port of its own: `postgres: { port: 5434 }`
        "#);
    insta::assert_snapshot!(faults(
        "defaults: { postgres: { port: 5433 } }
environments:
  a:
  b:
"), @r#"
        4:3 error at "b": `b` inherits host port 5433, which `a` takes
          1:31: the port is written here
          help: give it a port of its own: `postgres: { port: 5434 }`
        "#);
    insta::assert_snapshot!(faults(
        "x-pg: &pg { port: 5433 }
environments:
  a: { postgres: *pg }
  b: { postgres: *pg }
"), @r#"
        4:3 error at "b": `b` inherits host port 5433, which `a` takes
          1:19: the port is written here
          help: give it a port of its own: `postgres: { port: 5434 }`
        "#);
}
