//! A folder of migrations and a database of the test cluster, used through the built program.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use poststack::diagnostic::Diagnostic;
use poststack::migration::{self, MigrationError, Request};
use poststack::postgres::{Address, url};
use tempfile::TempDir;

use crate::cluster::{cluster, quiet_cluster};
use crate::project::{Ran, ran};

/// A working directory without a project around it.
pub struct Folder(TempDir);

impl Folder {
    /// A folder with these files.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            folder.write(path, text);
        }
        folder
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The program, ready to run here.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_poststack"));
        command
            .current_dir(self.path())
            .args(arguments)
            .env_remove("POSTSTACK_ENV")
            .env_remove("POSTSTACK_DATABASE_URL")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        ran(&mut self.command(arguments))
    }

    /// Runs the program with a variable.
    pub fn run_with(&self, variable: (&str, &str), arguments: &[&str]) -> Ran {
        ran(self.command(arguments).env(variable.0, variable.1))
    }
}

/// A folder and an empty database of its own.
pub struct Fresh {
    pub folder: Folder,
    pub address: Address,
}

/// Three good migrations, each with its way back.
pub const THREE: &[(&str, &str)] = &[
    (
        "migrations/001_users.sql",
        "CREATE TABLE users (id int PRIMARY KEY)",
    ),
    ("migrations/001_users.rollback.sql", "DROP TABLE users"),
    (
        "migrations/002_orders.sql",
        "CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users);\nCREATE INDEX ON orders (user_id);",
    ),
    ("migrations/002_orders.rollback.sql", "DROP TABLE orders"),
    (
        "migrations/003_total.sql",
        "-- poststack: requires 2\nALTER TABLE orders ADD COLUMN total int",
    ),
    (
        "migrations/003_total.rollback.sql",
        "ALTER TABLE orders DROP COLUMN total",
    ),
];

impl Fresh {
    pub async fn new(files: &[(&str, &str)]) -> Self {
        Self {
            folder: Folder::new(files),
            address: cluster().database().await,
        }
    }

    /// On the server whose roles and settings no test changes.
    pub async fn quiet(files: &[(&str, &str)]) -> Self {
        Self::with(Folder::new(files), quiet_cluster().database().await)
    }

    /// A folder with a database that has its own history.
    pub fn with(folder: Folder, address: Address) -> Self {
        Self { folder, address }
    }

    pub fn url(&self) -> String {
        url(&self.address).expose().to_owned()
    }

    /// Runs `db …` on the database.
    pub fn db(&self, arguments: &[&str]) -> Ran {
        let url = self.url();
        let mut all = vec!["db"];
        all.extend(arguments);
        all.extend(["--database-url", &url]);
        self.folder.run(&all)
    }
}

/// Ends a session and waits until the server has seen it.
pub async fn close(connection: poststack::postgres::Connection) {
    let admin = cluster().login(&cluster().address("postgres")).await;
    poststack::postgres::databases::close(&admin, connection).await;
}

/// Runs SQL in a database and leaves it.
pub async fn execute(address: &Address, sql: &str) {
    let connection = cluster().login(address).await;
    connection.client().batch_execute(sql).await.unwrap();
    close(connection).await;
}

/// One text from a database, as [`crate::cluster::ask`]; its session is closed before the next run
/// of the program, which would meet it.
pub async fn ask(address: &Address, sql: &str) -> String {
    let answer = crate::cluster::ask(address, sql).await;
    tokio::task::yield_now().await;
    answer
}

/// Applies what is pending; the titles, or what went wrong.
pub async fn migrate(fresh: &Fresh) -> Result<Vec<String>, MigrationError> {
    let (folder, faults) = fresh.migrations();
    if faults.iter().any(Diagnostic::is_error) {
        return Err(MigrationError::Conflict(faults));
    }
    let connection = cluster().login(&fresh.address).await;
    let done = migration::migrate(&connection, &folder, &Request::default(), |_| {}).await;
    done.map(|done| done.titles)
}

/// Takes everything back.
pub async fn rollback(fresh: &Fresh) -> Result<Vec<String>, MigrationError> {
    let (folder, _) = fresh.migrations();
    let connection = cluster().login(&fresh.address).await;
    let done = migration::rollback(&connection, &folder, &Request::default(), |_| {}).await;
    done.map(|done| done.titles)
}

impl Fresh {
    fn migrations(&self) -> (migration::Folder, Vec<Diagnostic>) {
        let path = self.folder.path().join("migrations");
        migration::files::load(&path, Path::new("migrations"))
    }
}
