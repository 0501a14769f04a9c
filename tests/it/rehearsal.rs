//! Pending migrations tried on a scratch database of the test cluster.

mod findings;
mod ground;
mod outside;
mod property;

use std::path::Path;

use poststack::migration::{Folder, Request, files};
use poststack::postgres::{Address, Connection};
use poststack::rehearsal::{FileReport, FindingKind, Options, Report, rehearse};
use tempfile::TempDir;

use crate::cluster::cluster;

/// A folder with these files.
fn folder(texts: &[(&str, &str)]) -> (TempDir, Folder) {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in texts {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    let (folder, faults) = files::load(directory.path(), Path::new("migrations"));
    assert_eq!(faults, []);
    (directory, folder)
}

/// A database of its own that `sql` was run in; nobody is connected to it.
async fn database(sql: &str) -> Address {
    let address = cluster().database().await;
    let connection = cluster().login(&address).await;
    connection.client().batch_execute(sql).await.unwrap();
    close(connection).await;
    address
}

/// Ends a session and waits until the server has seen it.
async fn close(connection: Connection) {
    let admin = cluster().login(&cluster().address("postgres")).await;
    poststack::postgres::databases::close(&admin, connection).await;
}

async fn report(address: &Address, texts: &[(&str, &str)]) -> Report {
    let (_directory, folder) = folder(texts);
    let options = Options::of(Request::default());
    rehearse(address, &folder, &options, |_| {}).await.unwrap()
}

fn kinds(file: &FileReport) -> Vec<FindingKind> {
    file.findings.iter().map(|finding| finding.kind).collect()
}

fn messages(report: &Report) -> Vec<&str> {
    report
        .findings()
        .map(|finding| finding.message.as_str())
        .collect()
}
