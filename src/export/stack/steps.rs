//! What poststack does itself, as containers: extensions, migrations, the test of the database.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::{Builder, Need, Part};
use crate::config::SHIPPED_VERSION;
use crate::config::model::Environment;
use crate::diagnostic::{Diagnostic, any_error};
use crate::environment::Prepared;
use crate::environment::migrations::Rules;
use crate::migration;
use crate::plan::identity::{DEFAULT_NETWORK, Role};
use crate::plan::spec::{ContainerSpec, Endpoint, Labels, NetworkAttachment, SharedNamespaces};
use crate::postgres::quote::identifier;
use crate::secret::Secret;
use crate::variables::Reader;
use crate::workload::model::{Condition, FileContent, FileMount, HealthTest, Healthcheck, Process};

/// Where a step finds its SQL.
const FOLDER: &str = "/poststack";
const ROOT_CERTIFICATE: &str = "/poststack/root.crt";

/// Over TCP, because the network opens only when the first start is complete.
pub(super) fn database_test(environment: &Environment) -> Healthcheck {
    let postgres = &environment.postgres;
    let (user, database) = (&postgres.user, &postgres.database);
    let command = [
        "pg_isready",
        "--quiet",
        "--host=127.0.0.1",
        &format!("--username={user}"),
        &format!("--dbname={database}"),
    ];
    Healthcheck {
        test: HealthTest::Command(command.map(str::to_owned).to_vec()),
        interval: Some(Duration::from_secs(2)),
        timeout: Some(Duration::from_secs(3)),
        start_period: Some(Duration::from_secs(60)),
        start_interval: None,
        retries: Some(30),
    }
}

impl Builder<'_> {
    /// `postgres.extensions`
    pub(super) fn extensions(&mut self) {
        let extensions = &self.prepared.environment.postgres.extensions;
        if extensions.is_empty() {
            return;
        }
        let statements = extensions.iter().map(|name| {
            let name = identifier(name);
            format!("CREATE EXTENSION IF NOT EXISTS {name} CASCADE;\n")
        });
        let sql = format!("\\set ON_ERROR_STOP on\n{}", statements.collect::<String>());
        self.script("extensions", sql);
    }

    /// The SQL files of `folder`.
    pub(super) fn migrations(&mut self, folder: &Path) -> Result<(), Vec<Diagnostic>> {
        let root = &self.prepared.identity.directory;
        let shown = folder.strip_prefix(root).unwrap_or(folder);
        let (files, found) = migration::files::load(folder, shown);
        if any_error(&found) {
            return Err(found);
        }
        let rules = Rules {
            settings: &self.prepared.environment.migrations,
            protected: false,
            variables: &self.prepared.variables,
            lock_wait: None,
        };
        let values = rules.values();
        let script = migration::standalone(&files, &rules.patience(), &values)?;
        self.diagnostics.extend(found);
        for title in script.stepwise {
            let message = format!(
                "`{title}` is no transaction: when it stops in its middle, the exported migrations \
                 begin it anew"
            );
            self.diagnostics.push(Diagnostic::note(message));
        }
        self.script("migrations", script.sql);
        Ok(())
    }

    /// A step that gives `sql` to `psql`.
    fn script(&mut self, name: &str, sql: String) {
        let key = self.key(name);
        let script = format!("{FOLDER}/{key}.sql");
        let mut part = psql(self.prepared);
        part.spec
            .files
            .push(file(&script, FileContent::Inline(Secret::new(sql))));
        let words = ["--no-psqlrc", "--quiet", &format!("--file={script}")];
        part.spec.process.command = Some(words.map(str::to_owned).to_vec());
        part.spec.name = self.prepared.identity.container(&key, 1);
        part.needs.clone_from(&self.gate);
        part.key.clone_from(&key);
        self.parts.push(part);
        self.gate = vec![Need::new(&key, Condition::CompletedSuccessfully)];
    }
}

/// A container with `psql` and the address of the database, which does nothing yet. The image of the
/// database has it; for a database elsewhere it is the shipped one.
pub(super) fn psql(prepared: &Prepared) -> Part {
    let desired = &prepared.desired;
    let shipped = || format!("poststack/postgres:{SHIPPED_VERSION}");
    let image = desired.database.as_ref();
    let image = image.map_or_else(shipped, |one| one.spec.image.clone());
    let certificate = &prepared.environment.postgres.ssl_root_certificate;
    let certificate = certificate.iter().map(|path| {
        let content = FileContent::Path(path.clone());
        file(ROOT_CERTIFICATE, content)
    });
    let spec = ContainerSpec {
        name: String::new(),
        image,
        platform: None,
        process: process(prepared),
        network: network(prepared),
        namespaces: SharedNamespaces::default(),
        mounts: Vec::new(),
        volumes_from: Vec::new(),
        files: certificate.collect(),
        labels: Labels::new(),
    };
    Part {
        key: String::new(),
        spec,
        role: Role::Init,
        ends: true,
        replicas: 1,
        needs: Vec::new(),
        post_start: Vec::new(),
        pre_stop: Vec::new(),
        readiness: None,
        infra_of: None,
        place: None,
        is_named: false,
    }
}

fn file(target: &str, content: FileContent) -> FileMount {
    FileMount {
        target: target.to_owned(),
        content,
        mode: 0o644,
        uid: 0,
        gid: 0,
    }
}

/// The environment's own network.
fn network(prepared: &Prepared) -> NetworkAttachment {
    let own = prepared.desired.networks.iter().find(|one| {
        let key = one.labels.get("com.docker.compose.network");
        key.is_some_and(|key| key == DEFAULT_NETWORK)
    });
    let name = own.map(|one| one.name.clone());
    let name = name.unwrap_or_else(|| prepared.identity.network(DEFAULT_NETWORK));
    NetworkAttachment::Networks(vec![Endpoint {
        network: name,
        ..Endpoint::default()
    }])
}

fn process(prepared: &Prepared) -> Process {
    let variables = &prepared.variables;
    let value = |name: &str| {
        let found = variables.get(name);
        Some(Secret::from(
            found.map_or("", |one| one.value(Reader::Network)),
        ))
    };
    let mut environment = BTreeMap::from([
        ("PGHOST".to_owned(), value("DB_HOST")),
        ("PGPORT".to_owned(), value("DB_PORT")),
        ("PGDATABASE".to_owned(), value("DB_NAME")),
        ("PGUSER".to_owned(), value("DB_USER")),
        ("PGPASSWORD".to_owned(), value("DB_PASSWORD")),
    ]);
    let postgres = &prepared.environment.postgres;
    if let Some(mode) = postgres.ssl_mode {
        let mode = Some(Secret::from(mode.as_str()));
        environment.insert("PGSSLMODE".to_owned(), mode);
    }
    if postgres.ssl_root_certificate.is_some() {
        let path = Some(Secret::from(ROOT_CERTIFICATE));
        environment.insert("PGSSLROOTCERT".to_owned(), path);
    }
    Process {
        entrypoint: Some(vec!["psql".to_owned()]),
        environment,
        // That of the database's image tests a server.
        healthcheck: Some(Healthcheck {
            test: HealthTest::None,
            ..Healthcheck::default()
        }),
        ..Process::default()
    }
}
