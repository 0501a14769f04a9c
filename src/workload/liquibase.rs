//! A changelog of Liquibase as a workload: one service that runs `liquibase update` and exits, as if
//! a Compose file described it. The password goes into the environment of the container, never among
//! its arguments.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::model::{Mount, MountSource, Network, Service, ServiceNetwork, Workload};
use crate::config::model::{Changelog, Postgres, SslMode};
use crate::secret::Secret;
use crate::variables::DatabaseAddress;
use crate::variables::value::percent_encoded;

#[cfg(test)]
mod tests;

/// The image that poststack builds for it, named for the version of Liquibase in it.
pub const IMAGE: &str = "poststack/liquibase:4.28";

/// Where the image looks for changelogs.
const SEARCH_PATH: &str = "/changelog";
/// Where the certificates of an external database are mounted.
const ROOT_CERTIFICATE: &str = "/run/secrets/sslrootcert";

/// The database that a changelog is applied to.
pub struct Database<'a> {
    pub address: &'a DatabaseAddress,
    pub postgres: &'a Postgres,
}

/// Makes `service`, of which name and place are known, apply the changelog to `database`. Paths of
/// change sets start at `root`, the folder of the project: Liquibase knows a change set by the path
/// of its file as well.
///
/// It joins the network of the environment, or that of the host where the database is elsewhere.
#[must_use]
pub fn liquibase(
    mut service: Service,
    (changelog, root): (&Changelog, &Path),
    database: &Database<'_>,
) -> Workload {
    let (folder, target, file) = layout(&changelog.path, root);
    service.image = Some(changelog.image.clone().unwrap_or_else(|| IMAGE.to_owned()));
    service.mounts.push(read_only(folder, target));
    if database.postgres.host.is_some() {
        // It is reached as poststack reaches it: by the names, routes and loopback of the host.
        service.network = ServiceNetwork::Host;
        let certificate = database.postgres.ssl_root_certificate.clone();
        let mount = certificate.map(|path| read_only(path, ROOT_CERTIFICATE.to_owned()));
        service.mounts.extend(mount);
    }
    service.process.command = Some(vec!["update".to_owned()]);
    service.process.environment = environment(changelog, file, database);
    Workload {
        services: vec![service],
        networks: BTreeMap::from([("default".to_owned(), Network::default())]),
        ..Workload::default()
    }
}

/// The folder of the changelog, where it is mounted, and the path of the changelog from
/// [`SEARCH_PATH`] on.
fn layout(changelog: &Path, root: &Path) -> (PathBuf, String, String) {
    let folder = changelog.parent().unwrap_or(root).to_path_buf();
    let inside = changelog.strip_prefix(root).ok().filter(|path| {
        let mut parts = path.components();
        parts.all(|part| matches!(part, std::path::Component::Normal(_)))
    });
    let file = inside.unwrap_or_else(|| Path::new(changelog.file_name().unwrap_or_default()));
    let target = match file
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        Some(parent) => format!("{SEARCH_PATH}/{}", parent.display()),
        None => SEARCH_PATH.to_owned(),
    };
    (folder, target, file.display().to_string())
}

fn read_only(path: PathBuf, target: String) -> Mount {
    let source = MountSource::Bind {
        path,
        create: false,
        propagation: None,
        selinux: None,
    };
    Mount {
        source,
        target,
        read_only: true,
    }
}

/// What Liquibase takes from its environment:
/// <https://docs.liquibase.com/concepts/connections/liquibase-environment-variables.html>
fn environment(
    changelog: &Changelog,
    file: String,
    database: &Database<'_>,
) -> BTreeMap<String, Option<Secret>> {
    let address = database.address;
    let given = [
        ("CHANGELOG_FILE", Some(Secret::new(file))),
        ("URL", Some(Secret::new(url(database)))),
        ("USERNAME", Some(Secret::from(address.user.as_str()))),
        ("PASSWORD", Some(address.password.clone())),
        ("CONTEXTS", changelog.contexts.as_deref().map(Secret::from)),
        (
            "LABEL_FILTER",
            changelog.labels.as_deref().map(Secret::from),
        ),
    ];
    let given = given.into_iter();
    let given = given.filter(|(_, value)| value.is_some());
    let given = given.map(|(name, value)| (format!("LIQUIBASE_COMMAND_{name}"), value));
    // Of the shipped image, and for others the same.
    let fixed = [
        ("LIQUIBASE_SEARCH_PATH", SEARCH_PATH),
        ("LIQUIBASE_SHOW_BANNER", "false"),
    ];
    let fixed = fixed.map(|(name, value)| (name.to_owned(), Some(Secret::from(value))));
    given.chain(fixed).collect()
}

/// The address as PostgreSQL's driver takes it, without user and password.
/// <https://jdbc.postgresql.org/documentation/use/>
fn url(database: &Database<'_>) -> String {
    let address = database.address;
    let host = &address.network_host;
    let host = if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]")
    } else {
        host.clone()
    };
    let name = percent_encoded(&address.database);
    let url = format!("jdbc:postgresql://{host}:{}/{name}", address.network_port);
    match parameters(database.postgres).join("&") {
        none if none.is_empty() => url,
        parameters => format!("{url}?{parameters}"),
    }
}

/// How the connection to an external database is secured.
/// <https://jdbc.postgresql.org/documentation/ssl/>
fn parameters(postgres: &Postgres) -> Vec<String> {
    let Some(mode) = postgres.ssl_mode.filter(|_| postgres.host.is_some()) else {
        return Vec::new();
    };
    let mut parameters = vec![format!("sslmode={}", mode.as_str())];
    let verifies = matches!(mode, SslMode::VerifyCa | SslMode::VerifyFull);
    match &postgres.ssl_root_certificate {
        Some(_) => parameters.push(format!("sslrootcert={ROOT_CERTIFICATE}")),
        // Otherwise the driver looks for a file in the home folder, not at those of the system.
        None if verifies => {
            parameters.push("sslfactory=org.postgresql.ssl.DefaultJavaSSLFactory".to_owned());
        }
        None => {}
    }
    parameters
}
