//! What a protected environment asks before its data changes, and that a URL does not get round it.

use super::support::{Folder, Fresh, ask};

/// An environment `live` with the database of the test at `host`, and `dev` with another.
fn project(fresh: &Fresh, (host, rules): (&str, &str)) {
    let text = format!(
        "environment: dev\nenvironments:\n  dev: {{ postgres: {{ host: db.invalid, user: u, password: p, database: d }} }}\n  \
         live:\n    protected: true\n    migrations: {{ {rules} }}\n    \
         postgres: {{ host: \"{host}\", port: {}, database: {}, user: {}, password: \"{}\" }}\n",
        fresh.address.port,
        fresh.address.database,
        fresh.address.user,
        fresh.address.password.expose()
    );
    fresh.folder.write(".poststack.yml", &text);
}

fn live(folder: &Folder, arguments: &[&str]) -> crate::project::Ran {
    let mut all = vec!["db", "--env", "live"];
    all.extend(arguments);
    folder.run(&all)
}

#[tokio::test]
async fn seeds_of_a_protected_environment_need_a_confirmation() {
    let fresh = Fresh::new(&[("seeds.sql", "CREATE TABLE t ();")]).await;
    project(&fresh, ("127.0.0.1", ""));
    let ran = live(&fresh.folder, &["seed"]).exits(8);
    assert!(
        ran.stderr.contains("run 1 statement of seeds.sql"),
        "{}",
        ran.stderr
    );
    assert_eq!(ask(&fresh.address, "to_regclass('t')").await, "");
    live(&fresh.folder, &["seed", "--yes"]).ok();
    assert_eq!(ask(&fresh.address, "to_regclass('t')").await, "t");
}

#[tokio::test]
async fn a_url_that_spells_the_host_otherwise_is_protected_all_the_same() {
    let fresh = Fresh::new(&[("migrations/001_a.sql", "CREATE TABLE a ()")]).await;
    for (configured, spelled) in [
        ("localhost", "127.0.0.1"),
        ("127.0.0.1", "localhost"),
        // Written otherwise, known to whoever resolves names.
        ("127.1", "127.0.0.1"),
    ] {
        project(&fresh, (configured, ""));
        let mut address = fresh.address.clone();
        address.host = spelled.to_owned();
        let spelled = Fresh::with(Folder::new(&[]), address).url();
        let ran = fresh
            .folder
            .run(&["db", "migrate", "--database-url", &spelled]);
        let ran = ran.exits(8);
        assert!(
            ran.stderr.contains("a confirmation is needed"),
            "{}",
            ran.stderr
        );
    }
    assert_eq!(ask(&fresh.address, "to_regclass('a')").await, "");
}

#[tokio::test]
async fn a_url_takes_over_the_rules_of_the_environment_whose_database_it_names() {
    let fresh = Fresh::new(&[
        ("migrations/001_a.sql", "SELECT 1/0"),
        ("migrations/001_a.rollback.sql", "SELECT 1"),
    ])
    .await;
    project(&fresh, ("localhost", "rehearse: required"));
    let ran = fresh.db(&["migrate", "--yes"]).exits(9);
    assert!(
        ran.stderr.contains("The rehearsal found 1 error"),
        "{}",
        ran.stderr
    );
}

#[test]
fn another_server_with_a_database_of_the_same_name_is_not_protected() {
    let port = crate::project::free_port();
    let postgres =
        format!("{{ host: 192.0.2.1, port: {port}, user: u, password: p, database: d }}");
    let text = format!("environments:\n  live: {{ protected: true, postgres: {postgres} }}\n");
    let folder = Folder::new(&[(".poststack.yml", &text), ("seeds.sql", "SELECT 1")]);
    let url = format!("postgres://u@127.0.0.1:{port}/d");
    // Not asked, so that it fails for want of a server.
    folder.run(&["db", "seed", "--database-url", &url]).exits(6);
}
