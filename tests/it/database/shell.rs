//! `db shell` with the psql of the machine: it opens the database that is meant, whatever the process
//! has of its own.

use poststack::postgres::{RootCertificate, Tls, TlsMode};

use super::support::Fresh;
use crate::cluster::{cluster, tls_cluster};
use crate::project::{Ran, ran};

/// Runs `db shell` with the programs of the test server and these variables.
fn shell(fresh: &Fresh, variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let url = fresh.url();
    let mut all = vec!["db", "--database-url", &url, "shell"];
    all.extend(arguments);
    let mut command = fresh.folder.command(&all);
    command
        .env("PATH", &cluster().programs)
        .envs(variables.iter().copied());
    ran(&mut command)
}

#[tokio::test]
async fn variables_and_services_of_the_process_lead_to_no_other_database() {
    let fresh = Fresh::new(&[("services", "[other]\ndbname=postgres\n")]).await;
    let services = fresh.folder.path().join("services");
    let variables = [
        ("PGSERVICE", "other"),
        ("PGSERVICEFILE", services.to_str().unwrap()),
        ("PGHOSTADDR", "127.0.0.2"),
        ("PGSSLMODE", "require"),
        ("PGOPTIONS", "-c search_path=elsewhere"),
    ];
    let question = "SELECT concat(current_database(), '|', current_setting('search_path'))";
    let told = shell(&fresh, &variables, &["-c", question]).ok();
    let expected = format!("{}|\"$user\", public", fresh.address.database);
    assert!(told.stdout.contains(&expected), "{}", told.stdout);
}

#[tokio::test]
async fn what_somebody_set_for_typing_does_not_change_a_script() {
    let script = "SELECT 1 AS one;\n";
    let fresh = Fresh::new(&[("rc", "\\set QUIET 1\n\\t on\n"), ("a.sql", script)]).await;
    let rc = fresh.folder.path().join("rc");
    let variables = [("PSQLRC", rc.to_str().unwrap())];
    for arguments in [["-c", script], ["-f", "a.sql"]] {
        let told = shell(&fresh, &variables, &arguments).ok();
        assert!(told.stdout.contains("one"), "{}", told.stdout);
    }
}

#[tokio::test]
async fn the_encryption_that_the_address_asks_for_is_kept() {
    let question = [
        "-c",
        "SELECT 'ssl ' || ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    ];
    let mut fresh = Fresh::new(&[]).await;
    fresh.address.tls.mode = TlsMode::Require;
    let refused = shell(&fresh, &[], &question).exits(1);
    assert!(refused.stderr.contains("SSL"), "{}", refused.stderr);

    fresh.address = tls_cluster().address("postgres");
    // It may have begun a moment ago.
    tls_cluster().login(&fresh.address).await;
    fresh.address.host = "localhost".to_owned();
    fresh.address.tls = Tls {
        mode: TlsMode::VerifyFull,
        root: RootCertificate::File(tls_cluster().socket.join("root.crt")),
        ..Tls::default()
    };
    let told = shell(&fresh, &[], &question).ok();
    assert!(told.stdout.contains("ssl true"), "{}", told.stdout);
}
