//! Volumes that were there before.

use super::*;

const VOLUME: &str = "{ postgres: { volume: a_db/15/data }, volumes: { up: a_up } }";

#[test]
fn a_volume_belongs_to_one_environment_and_is_not_inherited() {
    let config = config(&format!(
        "environments:\n  dev: {VOLUME}\n  b: {{ extends: dev }}\n  c: {{ postgres: {{ volume: ./data }} }}\n"
    ));
    let sources: Vec<Option<String>> = config
        .environments
        .iter()
        .map(|one| {
            one.postgres
                .volume
                .as_ref()
                .map(|one| one.source.to_string())
        })
        .collect();
    let expected = [Some("a_db/15/data"), None, Some("/work/shop/data")];
    assert_eq!(sources, expected.map(|one| one.map(str::to_owned)));
    assert_eq!(config.environments[0].volumes["up"].name, "a_up");
    assert!(config.environments[1].volumes.is_empty());
}

#[test]
fn data_that_two_environments_name_are_a_fault() {
    insta::assert_snapshot!(faults(&format!("environments:\n  dev: {VOLUME}\n  b: {{ postgres: {{ volume: a_up }} }}\n")), @r#"
    3:28 error at "a_up": `dev` uses volume `a_up`, too
      2:61: it is named here
      help: two environments cannot share their data; remove one
    "#);
    insta::assert_snapshot!(faults("defaults: { postgres: { volume: a } }\nenvironments: { dev: {} }\n"), @r#"
    1:33 error at "a": `postgres.volume` is for one environment, not for all
      help: write it under `environments.<name>.postgres`
    "#);
}

#[test]
fn what_is_no_volume_is_told() {
    let faulty = |volume: &str| {
        faults(&format!(
            "environments: {{ dev: {{ postgres: {{ {volume} }} }} }}\n"
        ))
    };
    insta::assert_snapshot!(faulty("volume: a/../b"), @r#"
    1:44 error at "a/../b": `postgres.volume` is not a volume: `a/../b`
      help: write the name of a volume, `name/folder` for a folder in it, or the path of a folder that begins with `./` or `/`
    "#);
    insta::assert_snapshot!(faulty("volume: a, storage: tmpfs"), @r#"
    1:44 error at "a": `postgres.volume` is there, and `storage: tmpfs` keeps the data in memory
      help: write `storage: volume`, or remove `volume`
    "#);
    insta::assert_snapshot!(faults("environments: { dev: { volumes: { a: b/c } } }\n"), @r#"
    1:38 error at "b/c": `volumes.a` is not the name of a volume
      help: write the name that `docker volume ls` shows
    "#);
}
