use super::super::tests::{faults, service};

#[test]
fn what_a_variable_gives_is_a_string() {
    assert_eq!(
        service("user: ${PORT}").process.user.as_deref(),
        Some("8080")
    );
    assert_eq!(
        service("user: !!str 1000").process.user.as_deref(),
        Some("1000")
    );
}

#[test]
fn what_a_variable_gives_is_cast_by_its_path() {
    assert!(service("privileged: $YES").process.privileged);
    assert_eq!(
        service("healthcheck: {test: x, retries: '${PORT}'}")
            .process
            .healthcheck
            .unwrap()
            .retries,
        Some(8080)
    );
}

#[test]
fn tags_without_meaning_are_told() {
    insta::assert_snapshot!(faults("services:\n  a:\n    image: x\n    ports: !rest []\n    command: !override [x]\n    user: !!binary eA==\n"), @r"
    warning 4:18: The tag `!rest` has no meaning in a Compose file
      help: tags are `!reset`, `!override` and those of YAML itself, such as `!!str`
    warning 6:20: The tag `tag:yaml.org,2002:binary` has no meaning in a Compose file
      help: tags are `!reset`, `!override` and those of YAML itself, such as `!!str`
    ");
}
