//! What runs a changelog, and what it is told.

use std::path::Path;

use super::*;
use crate::config::model::InitKind;

/// The service that runs the first changelog of `environment`.
fn service(environment: &str) -> Service {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".poststack.yml");
    std::fs::write(&file, format!("environments:\n  a: {environment}\n")).unwrap();
    let mut config = crate::config::load(&file, &file).unwrap().config;
    let environment = config.environments.remove(0);
    let InitKind::Liquibase(changelog) = &environment.init[0].kind else {
        panic!("{:?}", environment.init)
    };
    let postgres = &environment.postgres;
    let host = postgres.host.clone();
    let address = DatabaseAddress {
        network_host: host.clone().unwrap_or_else(|| "shop-a-postgres".to_owned()),
        network_port: 5432,
        host_host: host.unwrap_or_else(|| "127.0.0.1".to_owned()),
        host_port: postgres.port,
        database: postgres.database.clone(),
        user: postgres.user.clone(),
        password: Secret::from("p$a ss"),
    };
    let service = Service::new("liquibase".to_owned(), environment.init[0].place.clone());
    let database = Database {
        address: &address,
        postgres,
    };
    let workload = liquibase(service, (changelog, &config.root), &database);
    let mut service = workload.services.into_iter().next().unwrap();
    for mount in &mut service.mounts {
        if let MountSource::Bind { path, .. } = &mut mount.source {
            *path = path
                .strip_prefix(&config.root)
                .map_or(path.clone(), |inside| {
                    Path::new("/work/shop").join(inside).components().collect()
                });
        }
    }
    service
}

fn variable<'s>(service: &'s Service, name: &str) -> &'s str {
    let value = service.process.environment.get(name);
    value.and_then(Option::as_ref).map_or("", Secret::expose)
}

/// `source → target` of every mount.
fn mounts(service: &Service) -> Vec<String> {
    let mounts = service.mounts.iter();
    mounts
        .map(|mount| match &mount.source {
            MountSource::Bind { path, .. } if mount.read_only => {
                format!("{} → {}", path.display(), mount.target)
            }
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn the_folder_of_a_changelog_is_found_by_its_path_in_the_project() {
    let service = service("{ init: [liquibase: db/main/changelog.xml] }");
    assert_eq!(
        mounts(&service),
        ["/work/shop/db/main → /changelog/db/main"]
    );
    let file = variable(&service, "LIQUIBASE_COMMAND_CHANGELOG_FILE");
    assert_eq!(file, "db/main/changelog.xml");
    assert_eq!(service.image.as_deref(), Some(IMAGE));
}

#[test]
fn a_changelog_beside_the_configuration_or_outside_is_found_by_its_name() {
    for (path, folder) in [
        ("changelog.xml", "/work/shop"),
        ("../db/changelog.xml", "/work/shop/../db"),
        ("/srv/db/changelog.xml", "/srv/db"),
    ] {
        let service = service(&format!("{{ init: [liquibase: {path}] }}"));
        assert_eq!(mounts(&service), [format!("{folder} → /changelog")]);
        let file = variable(&service, "LIQUIBASE_COMMAND_CHANGELOG_FILE");
        assert_eq!(file, "changelog.xml", "{path}");
    }
}

#[test]
fn the_password_stands_in_the_environment_alone() {
    let service = service("{ init: [liquibase: a.sql], postgres: { database: my db, user: ada } }");
    assert_eq!(service.process.command, Some(vec!["update".to_owned()]));
    assert_eq!(
        variable(&service, "LIQUIBASE_COMMAND_URL"),
        "jdbc:postgresql://shop-a-postgres:5432/my%20db"
    );
    assert_eq!(variable(&service, "LIQUIBASE_COMMAND_USERNAME"), "ada");
    assert_eq!(variable(&service, "LIQUIBASE_COMMAND_PASSWORD"), "p$a ss");
    assert_eq!(service.network, ServiceNetwork::Networks(Vec::new()));
}

#[test]
fn filters_and_another_image_are_handed_on() {
    let service = service(
        "{ init: [liquibase: { changelog: a.sql, contexts: dev, labels: v1, image: x/y }] }",
    );
    assert_eq!(variable(&service, "LIQUIBASE_COMMAND_CONTEXTS"), "dev");
    assert_eq!(variable(&service, "LIQUIBASE_COMMAND_LABEL_FILTER"), "v1");
    assert_eq!(service.image.as_deref(), Some("x/y"));
}

#[test]
fn a_database_elsewhere_is_reached_from_the_network_of_the_host() {
    let with = |host: &str, rest: &str| {
        service(&format!(
            "{{ init: [liquibase: db/a.sql], postgres: {{ host: \"{host}\", user: u, database: d, password: p{rest} }} }}"
        ))
    };
    let plain = with("fd00::1", "");
    assert_eq!(plain.network, ServiceNetwork::Host);
    let url = "LIQUIBASE_COMMAND_URL";
    assert_eq!(variable(&plain, url), "jdbc:postgresql://[fd00::1]:5432/d");
    assert_eq!(mounts(&plain), ["/work/shop/db → /changelog/db"]);
    let system = with("db", ", sslmode: verify-full");
    assert_eq!(
        variable(&system, url),
        "jdbc:postgresql://db:5432/d?sslmode=verify-full&sslfactory=org.postgresql.ssl.DefaultJavaSSLFactory"
    );
    let own = with("db", ", sslmode: verify-ca, sslrootcert: ca.pem");
    assert_eq!(
        variable(&own, url),
        "jdbc:postgresql://db:5432/d?sslmode=verify-ca&sslrootcert=/run/secrets/sslrootcert"
    );
    assert_eq!(
        mounts(&own)[1],
        "/work/shop/ca.pem → /run/secrets/sslrootcert"
    );
}
