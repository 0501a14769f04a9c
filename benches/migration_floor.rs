//! The least that migrating can cost: one connection, one simple-query message per file with
//! `BEGIN`, the statements, a ledger row and `COMMIT`. No lock, no check, no checksum. The
//! benchmark of migrations measures poststack and other tools against it.
//!
//! usage: migration_floor up|down FOLDER URL
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a measuring program that cannot do its work ends"
)]

use std::path::{Path, PathBuf};

use tokio_postgres::NoTls;

const LEDGER: &str = "CREATE TABLE IF NOT EXISTS ledger
    (version text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo bench` itself adds an argument and gives none of these.
    let [direction, folder, url] = arguments.as_slice() else {
        return;
    };
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    let session = tokio::spawn(connection);
    client.batch_execute(LEDGER).await.unwrap();
    for (version, text) in files(Path::new(folder), direction) {
        let record = match direction.as_str() {
            "up" => format!("INSERT INTO ledger (version) VALUES ('{version}')"),
            "down" => format!("DELETE FROM ledger WHERE version = '{version}'"),
            other => panic!("`{other}` is neither up nor down"),
        };
        let message = format!("BEGIN;{text};{record};COMMIT");
        client.batch_execute(&message).await.unwrap();
    }
    drop(client);
    session.await.unwrap().unwrap();
}

/// Version and text of each file, in the order they are sent.
fn files(folder: &Path, direction: &str) -> Vec<(String, String)> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".rollback.sql") == (direction == "down"))
        .collect();
    paths.sort();
    if direction == "down" {
        paths.reverse();
    }
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (version, _) = name.split_once('_').unwrap();
        (version.to_owned(), std::fs::read_to_string(path).unwrap())
    };
    paths.into_iter().map(read).collect()
}
