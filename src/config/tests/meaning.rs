//! What a configuration without faults becomes.

use super::*;
use crate::config::keys;
use crate::config::model::{
    DeploymentKind, InitKind, Migrations, Password, PostgresImage, Rehearse, SslMode, Storage,
};
use std::time::Duration;

/// The configuration of the specification; it must be read unchanged.
const SPECIFICATION: &str = "\
project:
  name: myapp
environments:
  dev:
    postgres: { database: myapp_dev, port: 5433, user: myapp_dev_user, password: auto_generated }
    init:
      - compose: deploy/init-compose.yml
    deployment:
      compose: deploy/app-compose.yml
    variables:
      LOG_LEVEL: debug
      CACHE_TTL: 60
  staging:
    postgres: { database: myapp_staging, port: 5434, user: myapp_staging_user, password: auto_generated }
    init:
      - compose: deploy/init-compose.yml
    deployment:
      compose: deploy/staging-compose.yml
    variables: { LOG_LEVEL: info, CACHE_TTL: 300 }
  production:
    postgres: { database: myapp_prod, port: 5435, user: myapp_prod_user, password: auto_generated }
    init:
      - pod: deploy/migrate-pod.yaml
    deployment:
      pod: deploy/prod-pod.yaml
    variables: { LOG_LEVEL: warn, CACHE_TTL: 3600 }
";

const EXAMPLE: &str = include_str!("../../../.poststack.yml.example");

#[test]
fn the_configuration_of_the_specification_is_read_unchanged() {
    let (config, diagnostics) = read(SPECIFICATION);
    assert_eq!(shown(&diagnostics), "");
    let config = config.unwrap();
    assert_eq!(config.project.name.as_str(), "myapp");
    assert_eq!(config.root, Path::new("/work/shop"));
    let summary: Vec<_> = config
        .environments
        .iter()
        .map(|it| {
            let variables: Vec<_> = it
                .variables
                .iter()
                .map(|(name, it)| format!("{name}={}", it.text))
                .collect();
            let deployment = it
                .deployment
                .as_ref()
                .map(|it| it.written.as_str())
                .unwrap_or("-");
            format!(
                "{}: {} {} {} | {} | {deployment} | {}",
                it.name,
                it.postgres.database,
                it.postgres.port,
                it.postgres.user,
                it.init[0].written,
                variables.join(" ")
            )
        })
        .collect();
    insta::assert_snapshot!(summary.join("\n"), @"
        dev: myapp_dev 5433 myapp_dev_user | deploy/init-compose.yml | deploy/app-compose.yml | CACHE_TTL=60 LOG_LEVEL=debug
        staging: myapp_staging 5434 myapp_staging_user | deploy/init-compose.yml | deploy/staging-compose.yml | CACHE_TTL=300 LOG_LEVEL=info
        production: myapp_prod 5435 myapp_prod_user | deploy/migrate-pod.yaml | deploy/prod-pod.yaml | CACHE_TTL=3600 LOG_LEVEL=warn
        ");
    let [dev, _, production] = config.environments.as_slice() else {
        panic!()
    };
    assert_eq!(dev.postgres.password, Password::Generated);
    assert_eq!(dev.postgres.image, PostgresImage::Version(15));
    assert_eq!(dev.bind.to_string(), "127.0.0.1");
    let InitKind::Compose(files) = &dev.init[0].kind else {
        panic!()
    };
    assert_eq!(
        files[0].path,
        Path::new("/work/shop/deploy/init-compose.yml")
    );
    assert_eq!(
        production.deployment.as_ref().unwrap().kind,
        DeploymentKind::Pod("/work/shop/deploy/prod-pod.yaml".into())
    );
}

#[test]
fn the_example_file_is_read_without_a_word() {
    assert_eq!(faults(EXAMPLE), "");
}

#[test]
fn the_example_file_shows_every_key() {
    let shown: Vec<&str> = EXAMPLE
        .lines()
        .flat_map(|line| {
            line.split_once(':')
                .map(|(key, _)| key.trim_start_matches([' ', '#', '-']))
        })
        .collect();
    for (section, known) in keys::SECTIONS {
        for key in *known {
            assert!(shown.contains(key), "`{key}` of `{section}`");
        }
    }
}

#[test]
fn every_key_of_the_list_is_known_to_the_reader() {
    for (section, known) in keys::SECTIONS {
        for key in *known {
            let said = match *section {
                "" => faults(&format!("{key}: [[]]\n")),
                "project" | "defaults" | "settings" => {
                    faults(&format!("{section}: {{ {key}: [[]] }}\n"))
                }
                "verify.<service>" => faults(&format!("verify: {{ web: {{ {key}: [[[]]] }} }}\n")),
                _ if section.starts_with("verify.<service>.") => {
                    let kind = section.rsplit('.').next().unwrap();
                    faults(&format!(
                        "verify: {{ web: {{ {kind}: [{{ {key}: [[]] }}] }} }}\n"
                    ))
                }
                "environments.<name>.init" => faults(&format!(
                    "environments: {{ a: {{ init: [{{ {key}: [[]] }}] }} }}\n"
                )),
                "environments.<name>.init.liquibase" => faults(&format!(
                    "environments: {{ a: {{ init: [liquibase: {{ {key}: [[]] }}] }} }}\n"
                )),
                _ => {
                    let path = section.trim_start_matches("environments.<name>");
                    let inner = format!("{{ {key}: [[]] }}");
                    let inner = match path.strip_prefix('.') {
                        Some(name) => format!("{{ {name}: {inner} }}"),
                        None => inner,
                    };
                    faults(&format!("environments: {{ a: {inner} }}\n"))
                }
            };
            // A list in a list is wrong everywhere, and the fault names the key when it is read.
            assert!(
                said.contains(" must be "),
                "`{key}` of `{section}` is not read: {said}"
            );
            assert!(
                !said.contains("Unknown key"),
                "`{key}` of `{section}`: {said}"
            );
        }
    }
}

#[test]
fn an_environment_with_nothing_in_it_has_a_database_all_the_same() {
    let environment = first("environments: { my-dev: }\n");
    let postgres = &environment.postgres;
    assert_eq!(postgres.database, "shop_my_dev");
    assert_eq!(postgres.user, "shop_my_dev_user");
    assert_eq!(postgres.port, 5433);
    assert_eq!(postgres.port_place, None);
    assert_eq!(postgres.password, Password::Generated);
    assert_eq!(postgres.image, PostgresImage::Version(15));
    assert_eq!(postgres.storage, Storage::Volume);
    assert_eq!(postgres.start_timeout.as_secs(), 60);
    assert_eq!(environment.init, []);
    assert_eq!(environment.deployment, None);
    assert_eq!(postgres.place, environment.place);
}

#[test]
fn a_derived_user_is_no_role_that_postgresql_keeps_for_itself() {
    for (project, user) in [
        ("pg", "_pg_dev_user"),
        ("pg-tools", "_pg_tools_dev_user"),
        ("pgbouncer", "pgbouncer_dev_user"),
    ] {
        let text = format!("project: {{ name: {project} }}\nenvironments: {{ dev: }}\n");
        assert_eq!(first(&text).postgres.user, user);
    }
    let long = format!(
        "project: {{ name: pg-{} }}\nenvironments: {{ {}: }}\n",
        "x".repeat(37),
        "e".repeat(40)
    );
    let user = first(&long).postgres.user;
    assert!(
        user.starts_with("_pg_x") && user.ends_with("e_user"),
        "{user}"
    );
    assert_eq!(user.len(), 63);
}

#[test]
fn derived_names_are_cut_to_what_postgresql_keeps() {
    let text = format!(
        "project: {{ name: {} }}\nenvironments: {{ {}: }}\n",
        "p".repeat(40),
        "e".repeat(40)
    );
    let postgres = first(&text).postgres;
    assert_eq!(postgres.database.len(), 63);
    assert_eq!(postgres.user.len(), 63);
    assert!(postgres.user.ends_with("e_user"), "{}", postgres.user);
}

#[test]
fn a_missing_port_is_the_first_one_that_no_environment_names() {
    let config = config(
        "environments:\n  a:\n  b: { postgres: { port: 5433 } }\n  c:\n  d: { postgres: { port: 5435 } }\n  e:\n",
    );
    let ports: Vec<_> = config
        .environments
        .iter()
        .map(|it| it.postgres.port)
        .collect();
    assert_eq!(ports, [5434, 5433, 5436, 5435, 5437]);
}

#[test]
fn an_external_database_is_at_5432_and_takes_no_host_port() {
    let config = config(
        "environments:
  a: { postgres: { host: db.example.org, password: x } }
  b: { postgres: { host: db.example.org, password: x, port: 5433 } }
  c:
  d: { postgres: { host: localhost } }
",
    );
    let found: Vec<_> = config
        .environments
        .iter()
        .map(|it| (it.postgres.host.as_deref(), it.postgres.port))
        .collect();
    let host = Some("db.example.org");
    assert_eq!(
        found,
        [(host, 5432), (host, 5433), (None, 5434), (None, 5435)]
    );
}

#[test]
fn one_port_on_two_addresses_is_fine() {
    let config = config(
        "environments:
  a: { postgres: { port: 5433 }, bind: 127.0.0.1 }
  b: { postgres: { port: 5433 }, bind: 127.0.0.2 }
",
    );
    assert_eq!(config.environments[1].postgres.port, 5433);
}

#[test]
fn variables_keep_the_text_they_are_written_with() {
    let environment = first(
        "environments:
  a:
    variables: { INT: 0060, FLOAT: 1.50, YES: True, TEXT: 'x: y', EMPTY: \"\", REF: '${HOME}', _n: ~a }
",
    );
    let texts: Vec<_> = environment
        .variables
        .iter()
        .map(|(name, it)| format!("{name}={}", it.text))
        .collect();
    assert_eq!(
        texts,
        [
            "EMPTY=",
            "FLOAT=1.50",
            "INT=0060",
            "REF=${HOME}",
            "TEXT=x: y",
            "YES=True",
            "_n=~a"
        ]
    );
    let int = &environment.variables["INT"].place;
    assert_eq!(int.to_string(), ".poststack.yml:3:23");
    assert_eq!(int.source.slice(int.span), "0060");
}

#[test]
fn every_value_of_postgres_arrives() {
    let postgres = first(
        "environments:
  a:
    postgres:
      image: registry.example.org:5000/pg@sha256:00
      database: My Database
      user: '007'
      password: 1234
      extensions: [vector, uuid-ossp]
      settings: { shared_buffers: 256MB, max_connections: 50, pg_stat_statements.track: all }
      storage: tmpfs
      initdb_args: --locale=C
      start_timeout: 1m30s
",
    )
    .postgres;
    assert_eq!(
        postgres.image,
        PostgresImage::Image("registry.example.org:5000/pg@sha256:00".to_owned())
    );
    assert_eq!(postgres.database, "My Database");
    assert_eq!(postgres.user, "007");
    let Password::Text(password, place) = &postgres.password else {
        panic!()
    };
    assert_eq!(password.expose(), "1234");
    assert_eq!(place.to_string(), ".poststack.yml:7:17");
    assert_eq!(postgres.extensions, ["vector", "uuid-ossp"]);
    assert_eq!(postgres.settings["max_connections"], "50");
    assert_eq!(postgres.settings["pg_stat_statements.track"], "all");
    assert_eq!(postgres.storage, Storage::Tmpfs);
    assert_eq!(postgres.initdb_args.as_deref(), Some("--locale=C"));
    assert_eq!(postgres.start_timeout.as_secs(), 90);
}

#[test]
fn a_password_shows_itself_in_no_debug_output() {
    let (config, _) = read("environments: { a: { postgres: { password: canary } } }\n");
    assert!(!format!("{config:?}").contains("canary"));
}

#[test]
fn a_version_may_be_quoted() {
    let version = |text: &str| {
        first(&format!(
            "environments: {{ a: {{ postgres: {{ version: {text} }} }} }}\n"
        ))
        .postgres
        .image
    };
    assert_eq!(version("15"), PostgresImage::Version(15));
    assert_eq!(version("\"15\""), PostgresImage::Version(15));
}

#[test]
fn the_default_environment_is_one_of_the_file() {
    let config = config("environment: b\nenvironments: { a: , b: }\n");
    assert_eq!(config.default_environment.unwrap().as_str(), "b");
}

#[test]
fn keys_of_the_user_and_anchors_are_fine() {
    let environment = first(
        "x-common: &common { LOG: info, TTL: 1 }
environments:
  a:
    x-note: mine
    variables: { <<: *common, TTL: 2 }
",
    );
    assert_eq!(environment.variables["LOG"].text, "info");
    assert_eq!(environment.variables["TTL"].text, "2");
}

#[test]
fn a_project_without_a_name_is_named_after_its_folder() {
    let source = SourceFile::new(".poststack.yml", "environments: { a: }\n");
    let (config, diagnostics) = parse(&source, Path::new("/home/me/My Shop"));
    assert_eq!(config.unwrap().project.name.as_str(), "my-shop");
    insta::assert_snapshot!(shown(&diagnostics), @r#"
        1:1 note at "": The project is named `my-shop`, after its folder `My Shop`
          help: write `project: { name: my-shop }` to name it yourself
        "#);
    let (_, diagnostics) = read("environments: { a: }\n");
    assert_eq!(diagnostics, []);
}

#[test]
fn migrations_have_settings_that_merge_one_by_one() {
    let config = config(
        "defaults:\n  migrations: { lock_timeout: 500ms, lock_wait: 5s }\n  migrations_path: db/migrations\n\
         environments:\n  dev: { migrations: { lock_timeout: 0s, statement_timeout: 10min } }\n  \
         live: { protected: true, migrations: { rehearse: required }, migrations_path: sql }\n",
    );
    let [dev, live] = config.environments.as_slice() else {
        panic!("{config:?}");
    };
    assert_eq!(
        dev.migrations,
        Migrations {
            lock_timeout: Duration::ZERO,
            statement_timeout: Some(Duration::from_secs(600)),
            lock_wait: Duration::from_secs(5),
            rehearse: Rehearse::Optional,
        }
    );
    assert_eq!(live.migrations.lock_timeout, Duration::from_millis(500));
    assert_eq!(live.migrations.rehearse, Rehearse::Required);
    assert_eq!((dev.protected, live.protected), (false, true));
    let folder = |it: &Environment| it.migrations_folder.clone();
    assert_eq!(folder(dev), Some("/work/shop/db/migrations".into()));
    assert_eq!(folder(live), Some("/work/shop/sql".into()));
}

#[test]
fn without_a_word_about_migrations_there_are_safe_defaults() {
    let environment = first("environments: { dev: }\n");
    assert_eq!(environment.migrations.lock_timeout, Duration::from_secs(3));
    assert_eq!(environment.migrations.statement_timeout, None);
    assert_eq!(environment.migrations.lock_wait, Duration::from_secs(60));
    assert_eq!(environment.migrations_folder, None);
    assert!(!environment.protected);
}

#[test]
fn the_folder_of_the_init_phase_is_the_folder_of_migrations() {
    let environment =
        first("environments: { dev: { init: [{ migrations: ./sql }], migrations_path: sql } }\n");
    assert_eq!(environment.migrations_folder, Some("/work/shop/sql".into()));
}

#[test]
fn an_external_database_has_a_mode_of_tls() {
    let environment = first(
        "environments:\n  live:\n    postgres: { host: db.example.org, password: x, sslmode: verify-full, \
         sslrootcert: db.pem }\n",
    );
    let postgres = environment.postgres;
    assert_eq!(postgres.ssl_mode, Some(SslMode::VerifyFull));
    let certificate = postgres.ssl_root_certificate;
    assert_eq!(certificate, Some("/work/shop/db.pem".into()));
}

#[test]
fn inherited_tls_has_no_effect_on_the_own_database() {
    let environment =
        first("defaults: { postgres: { sslmode: require } }\nenvironments: { dev: }\n");
    assert_eq!(environment.postgres.host, None);
}

#[test]
fn a_list_of_compose_files_keeps_its_order_and_places() {
    let config = config(
        "environments:
  a: { init: [compose: [i.yml]], deployment: { compose: [base.yml, deploy/b.yml] } }
",
    );
    let deployment = config.environments[0].deployment.as_ref().unwrap();
    assert_eq!(deployment.written, "base.yml, deploy/b.yml");
    let DeploymentKind::Compose(files) = &deployment.kind else {
        panic!()
    };
    let files: Vec<_> = files
        .iter()
        .map(|file| format!("{} {}", file.path.display(), file.place))
        .collect();
    assert_eq!(
        files,
        [
            "/work/shop/base.yml .poststack.yml:2:58",
            "/work/shop/deploy/b.yml .poststack.yml:2:68"
        ]
    );
}
