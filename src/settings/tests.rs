//! Which source of a value wins, and what is said of a faulty one.

use super::*;

#[test]
fn the_first_source_that_names_an_environment_wins() {
    let dev = EnvironmentName::new("dev").unwrap();
    let staging = EnvironmentName::new("staging").unwrap();
    let mut choice = EnvironmentChoice {
        known: vec![&dev, &staging],
        ..EnvironmentChoice::default()
    };
    assert_eq!(choice.choose(), None);
    choice.file = Some(&dev);
    assert_eq!(choice.choose(), Some(("dev".to_owned(), Origin::File)));
    choice.switched = Some(&staging);
    assert_eq!(choice.choose().unwrap().1, Origin::Switched);
    choice.variable = Some("");
    assert_eq!(choice.choose().unwrap().1, Origin::Switched);
    choice.variable = Some("x");
    assert_eq!(
        choice.choose().unwrap().1,
        Origin::Variable("POSTSTACK_ENV".to_owned())
    );
    choice.argument = Some("y");
    assert_eq!(choice.choose().unwrap().0, "y");
}

use crate::text::SourceFile;

/// A folder with these files, and the settings that `process` and `flags` give there.
fn settings(
    files: &[(&str, &str)],
    process: &[(&str, &str)],
    flags: &Flags,
) -> Result<(tempfile::TempDir, Settings), String> {
    let folder = tempfile::Builder::new().prefix("Shop").tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let pair = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    let loaded = load(&Request {
        config_file: None,
        working_directory: folder.path(),
        flags,
        process: &process.iter().map(pair).collect(),
    });
    let told = |faults: Vec<crate::diagnostic::Diagnostic>| {
        let each = faults.iter().map(|fault| {
            let place = fault.place.as_ref().map(ToString::to_string);
            let help = fault.help.as_deref().unwrap_or_default();
            format!("{}: {}; {help}", place.unwrap_or_default(), fault.message)
        });
        each.collect::<Vec<_>>().join("\n")
    };
    loaded.map(|settings| (folder, settings)).map_err(told)
}

const FILE: &str = "\
project: { name: shop }
settings: { log_level: error, log_dir: file-logs, container_runtime: docker, migrations_path: sql }
environments: { dev: }
";

#[test]
fn the_first_source_that_has_a_value_wins_and_is_named() {
    let dotenv =
        "POSTSTACK_LOG_LEVEL=warning\nPOSTSTACK_CONTAINER_RUNTIME=podman\nPOSTSTACK_LOG_DIR=dot\n";
    let flags = Flags {
        log_level: Some("trace".to_owned()),
        ..Flags::default()
    };
    let files = [(".poststack.yml", FILE), (".env", dotenv)];
    let process = [
        ("POSTSTACK_LOG_LEVEL", "debug"),
        ("POSTSTACK_LOG_DIR", "var"),
    ];
    let (_folder, settings) = settings(&files, &process, &flags).unwrap();
    let shown = settings.shown();
    let lines = shown.iter().map(|one| {
        let value = one.value.as_deref().unwrap_or("-");
        format!("{} {value} {}", one.name, one.origin)
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(text, @"
    database_url - default
    log_level trace --log-level
    log_dir var $POSTSTACK_LOG_DIR
    container_runtime podman POSTSTACK_CONTAINER_RUNTIME in .env:2:1
    postgres_container_name shop-postgres default
    postgres_host_port 5432 default
    migrations_path sql .poststack.yml:2:95
    project_containers_path containers default
    project_container_prefix shop default
    project_container_network bridge default
    project_container_restart_policy unless-stopped default
    ");
}

#[test]
fn an_empty_variable_is_none() {
    let files = [(".env", "POSTSTACK_LOG_LEVEL=\n")];
    let process = [("POSTSTACK_POSTGRES_HOST_PORT", "")];
    let (_folder, settings) = settings(&files, &process, &Flags::default()).unwrap();
    assert_eq!(settings.log_level.origin, Origin::Default);
    assert_eq!(settings.postgres_host_port.value, 5432);
}

#[test]
fn a_folder_needs_no_configuration() {
    let files = [(
        ".env",
        "PW=a b\nexport POSTSTACK_DATABASE_URL=postgresql://u:${PW}@h/d",
    )];
    let (folder, settings) = settings(&files, &[], &Flags::default()).unwrap();
    let root = folder.path().canonicalize().unwrap();
    assert_eq!(settings.root, root);
    assert_eq!(settings.file, None);
    assert!(settings.project.as_str().starts_with("shop"));
    assert_eq!(settings.log_dir.value, root.join("logs"));
    assert_eq!(
        settings.postgres_container_name.value,
        format!("{}-postgres", settings.project)
    );
    let url = settings.database_url.value.as_ref().unwrap();
    assert_eq!(url.expose(), "postgresql://u:a b@h/d");
    let shown = settings.shown();
    assert_eq!(shown[0].value.as_deref(), Some("postgresql://u:***@h/d"));
}

#[test]
fn every_faulty_value_is_told_with_its_origin_and_together_with_those_of_the_file() {
    let dotenv = "this is no line\nPOSTSTACK_LOG_LEVEL=loud\nPOSTSTACK_DATABASE_URL=my:canary@x\n";
    let file = "project: { name: a }\nsettings: { log_dir: [], x: 1 }\nenvironments: { dev: { port: 1 } }\n";
    let files = [(".poststack.yml", file), (".env", dotenv)];
    let process = [("POSTSTACK_POSTGRES_HOST_PORT", "0")];
    let said = settings(&files, &process, &Flags::default()).unwrap_err();
    insta::assert_snapshot!(said, @"
    .poststack.yml:2:22: `settings.log_dir` must be a string, this is a list; 
    .poststack.yml:2:26: Unknown key `x` in `settings`; known keys: database_url, log_level, log_dir, container_runtime, postgres_container_name, postgres_host_port, migrations_path, project_containers_path, project_container_prefix, project_container_network, project_container_restart_policy
    .poststack.yml:3:24: Unknown key `port` in `environments.<name>`; `port` belongs under `environments.<name>.postgres`
    : `POSTSTACK_DATABASE_URL` in .env:3:1 is not the URL of a database; write it as postgresql://user:password@host:5432/database, each part percent-encoded
    .env:2:1: `POSTSTACK_LOG_LEVEL` is `loud`; write one of error, warning, info, debug, trace
    : `POSTSTACK_POSTGRES_HOST_PORT` is `0`, which is no port; write a number from 1 to 65535
    ");
}

#[test]
fn a_line_of_the_dotenv_file_that_is_ours_must_be_one() {
    let files = [(".env", "A=1\nPOSTSTACK_LOG_DIR=\"logs\n")];
    let said = settings(&files, &[], &Flags::default()).unwrap_err();
    insta::assert_snapshot!(said, @".env:2:19: A quoted value has no end; close it with `\"`");
}

#[test]
fn a_container_has_variables_of_its_own() {
    let files = [(
        ".env",
        "POSTSTACK_WEB_APP_PORT=1\nPOSTSTACK_WEB_APP_ENV_A=one\nPOSTSTACK_WEB_APP_ENV_B=two\n",
    )];
    let process = [
        ("POSTSTACK_WEB_APP_PORT", "8080"),
        ("POSTSTACK_WEB_APP_CONTAINER_NAME", "mine"),
    ];
    let (_folder, settings) = settings(&files, &process, &Flags::default()).unwrap();
    let of = |what| {
        let found = settings.variables.of("web-app", what)?;
        Some(format!("{} {}", found.value.expose(), found.origin))
    };
    assert_eq!(of("PORT").as_deref(), Some("8080 $POSTSTACK_WEB_APP_PORT"));
    assert_eq!(
        of("CONTAINER_NAME").as_deref(),
        Some("mine $POSTSTACK_WEB_APP_CONTAINER_NAME")
    );
    assert_eq!(of("NETWORK"), None);
    let names = settings.variables.environment("web-app");
    let names: Vec<String> = names
        .map(|(name, value)| format!("{name} {}", value.origin))
        .collect();
    assert_eq!(
        names,
        [
            "A POSTSTACK_WEB_APP_ENV_A in .env:2:1",
            "B POSTSTACK_WEB_APP_ENV_B in .env:3:1"
        ]
    );
}

#[test]
fn an_origin_reads_as_messages_show_it() {
    let place = Place::new(&SourceFile::new(".env", "A=1"), crate::text::Span::at(0));
    assert_eq!(
        Origin::DotEnv("A".to_owned(), place).to_string(),
        "A in .env:1:1"
    );
    assert_eq!(Origin::Flag("--log-dir").to_string(), "--log-dir");
}
