//! The mapping `settings`.

use super::*;
use crate::config::keys;
use crate::config::settings::{LogLevel, Runtime, Setting, restart_policy};

const REST: &str = "environments: { dev: }\n";

#[test]
fn every_setting_has_its_key_and_its_variable() {
    let names: Vec<&str> = Setting::ALL.iter().map(|one| one.name()).collect();
    assert_eq!(names, keys::SETTINGS);
    assert_eq!(Setting::LogDir.variable(), "POSTSTACK_LOG_DIR");
}

#[test]
fn settings_keep_their_text_and_place() {
    let config = config(&format!(
        "settings: {{ log_level: DEBUG, postgres_host_port: 5434 }}\n{REST}"
    ));
    let written = config.settings.iter().map(|(setting, one)| {
        let (name, text) = (setting.name(), one.text.expose());
        format!("{name}={text} {}", one.place)
    });
    assert_eq!(
        written.collect::<Vec<_>>(),
        [
            "log_level=DEBUG .poststack.yml:1:24",
            "postgres_host_port=5434 .poststack.yml:1:51"
        ]
    );
}

#[test]
fn faulty_settings_are_told_with_what_to_write() {
    let text = format!(
        "settings:
  log_levle: info
  log_level: debgu
  log_dir: ${{HOME}}/logs
  container_runtime: nerdctl
  postgres_host_port: 70000
  postgres_container_name: -db
  migrations_path: \"\"
  project_container_restart_policy: on-failure:often
  project_container_network: [a]
  verify: x
{REST}"
    );
    insta::assert_snapshot!(faults(&text), @r#"
    2:3 error at "log_levle": Unknown key `log_levle` in `settings`
      help: did you mean `log_level`?
    3:14 error at "debgu": `settings.log_level` is `debgu`
      help: did you mean `debug`?
    4:12 error at "${HOME}/logs": `settings.log_dir` is `${HOME}/logs`; it cannot hold a variable
      help: write the path itself
    5:22 error at "nerdctl": `settings.container_runtime` is `nerdctl`
      help: write one of docker, podman, auto
    6:23 error at "70000": `settings.postgres_host_port` is `70000`, which is no port
      help: write a number from 1 to 65535
    7:28 error at "-db": `settings.postgres_container_name` is `-db`, which engines do not take for a name
      help: use letters, digits, `_`, `.` and `-`, and start with a letter or a digit
    8:20 error at "\"\"": `settings.migrations_path` is empty
      help: write a path, or leave the setting out
    9:37 error at "on-failure:often": `settings.project_container_restart_policy` is `on-failure:often`
      help: write `no`, `always`, `unless-stopped` or `on-failure[:times]`
    10:30 error at "[a]": `settings.project_container_network` must be a string, this is a list
    11:3 error at "verify": Unknown key `verify` in `settings`
      help: known keys: database_url, log_level, log_dir, container_runtime, postgres_container_name, postgres_host_port, migrations_path, project_containers_path, project_container_prefix, project_container_network, project_container_restart_policy
    "#);
}

#[test]
fn a_url_that_is_none_is_told_without_its_line() {
    let said = faults(&format!(
        "settings: {{ database_url: mysql://a:canary@b }}\n{REST}"
    ));
    insta::assert_snapshot!(said, @r"
    error: `settings.database_url` in .poststack.yml:1:27 is not the URL of a database
      help: write it as postgresql://user:password@host:5432/database, each part percent-encoded
    ");
}

#[test]
fn words_of_a_setting_are_taken_in_any_case() {
    assert_eq!(LogLevel::parse("Warn"), Ok(LogLevel::Warning));
    assert_eq!(LogLevel::parse("CRITICAL"), Ok(LogLevel::Error));
    assert_eq!(Runtime::parse("Podman"), Ok(Runtime::Podman));
    assert_eq!(restart_policy("on-failure:3"), Ok(("on-failure", Some(3))));
    assert!(restart_policy("always:3").is_err());
}
