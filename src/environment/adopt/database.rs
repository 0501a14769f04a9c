//! Which container of the Compose project is its database, and whether ours can run on its data.

use std::path::Path;

use super::Found;
use super::find::service_of;
use crate::config::model::{PostgresImage, Storage};
use crate::engine::Engine;
use crate::environment::failure::{Failure, Kind};
use crate::environment::prepare::Prepared;
use crate::environment::step_failure::engine_failure;
use crate::plan::database as planned;
use crate::secret::Secret;

/// Where the official image keeps its data when nothing else is said.
const DATA: &str = "/var/lib/postgresql/data";

/// Most bytes of a version or a password that are read.
const MOST: u64 = 4096;

/// A PostgreSQL server of the Compose project.
pub(super) struct FoundDatabase {
    pub id: String,
    pub service: String,
    /// Major version of the data.
    pub version: u16,
    /// As `postgres.volume` names them.
    pub data: String,
    pub database: String,
    pub user: String,
    /// `None` where it takes logins without one.
    pub password: Option<Secret>,
    /// Where the host reaches it.
    pub port: Option<(String, u16)>,
    pub image: String,
    same_image: bool,
}

/// A container with the data of a server in it.
struct Candidate<'a> {
    found: &'a Found,
    folder: String,
    version: String,
}

/// The database of the Compose project, which no file of the environment describes; `None` when there
/// is none, or the environment has an external one.
pub(super) async fn find(
    engine: &Engine,
    prepared: &Prepared,
    found: &[Found],
    named: Option<&str>,
) -> Result<Option<FoundDatabase>, Failure> {
    if prepared.desired.database.is_none() {
        return Ok(None);
    }
    let mut candidates = Vec::new();
    for one in found {
        candidates.extend(candidate(engine, one).await?);
    }
    let described = |one: &Candidate<'_>| {
        let mut deployment = prepared.desired.deployment.iter();
        deployment.any(|container| container.service == service_of(one.found))
    };
    if let Some(named) = named {
        candidates.retain(|one| service_of(one.found) == named);
        if candidates.is_empty() {
            let message = format!("Service `{named}` has no data of a PostgreSQL server");
            return Err(Failure::new(Kind::Usage, message));
        }
    }
    let (twice, alone): (Vec<_>, Vec<_>) = candidates.iter().partition(|one| described(one));
    match (alone.as_slice(), twice.as_slice()) {
        ([one], _) => usable(engine, prepared, one).await.map(Some),
        ([], []) => Ok(None),
        ([], [one, ..]) => Err(refuse_described(service_of(one.found), prepared)),
        (several, _) => {
            let names = several.iter().map(|one| service_of(one.found));
            let names: Vec<&str> = names.collect();
            let message = format!(
                "Which service is the database? There are {}",
                names.join(", ")
            );
            Err(Failure::new(Kind::Usage, message).hint(format!(
                "name one: poststack adopt {} --database SERVICE",
                prepared.environment.name
            )))
        }
    }
}

fn refuse_described(service: &str, prepared: &Prepared) -> Failure {
    let environment = &prepared.environment.name;
    let message = format!(
        "`{service}` is a database, and the Compose files of `{environment}` describe it beside the one \
         that poststack runs"
    );
    Failure::new(Kind::Configuration, message)
        .hint(format!(
            "remove service `{service}` from the files, and write `${{DB_HOST}}` where they name it"
        ))
        .hint("nothing was changed")
}

/// The container as a candidate, when it keeps the data of a server.
async fn candidate<'a>(
    engine: &Engine,
    found: &'a Found,
) -> Result<Option<Candidate<'a>>, Failure> {
    let variable = |name: &str| found.inspected.environment.get(name).map(Secret::expose);
    let folder = match (variable("PGDATA"), variable("PG_MAJOR")) {
        (Some(folder), _) => folder,
        (None, Some(_)) => DATA,
        (None, None) => return Ok(None),
    };
    let file = format!("{folder}/PG_VERSION");
    let version = engine.read_file(&found.observed.id, &file, MOST).await;
    let version = version.map_err(|error| engine_failure(&error))?;
    Ok(version.map(|version| Candidate {
        found,
        folder: folder.to_owned(),
        version: String::from_utf8_lossy(&version).trim().to_owned(),
    }))
}

/// The database, when ours can run on its data.
async fn usable(
    engine: &Engine,
    prepared: &Prepared,
    candidate: &Candidate<'_>,
) -> Result<FoundDatabase, Failure> {
    let Candidate {
        found,
        folder,
        version,
    } = candidate;
    let service = service_of(found);
    let inspected = &found.inspected;
    if prepared.environment.postgres.storage == Storage::Tmpfs {
        let environment = &prepared.environment.name;
        let message = format!(
            "`{environment}` keeps its data in memory, and those of `{service}` are on a disk"
        );
        return Err(Failure::new(Kind::Configuration, message).hint(format!(
            "write `storage: volume` for {environment}; nothing was changed"
        )));
    }
    let same_image = is_same_image(engine, prepared, found).await?;
    check_version(engine, prepared, candidate).await?;
    let variable = |name: &str| {
        let value = inspected.environment.get(name).map(Secret::expose);
        value.filter(|value| !value.is_empty())
    };
    let user = variable("POSTGRES_USER").unwrap_or("postgres");
    let mut ports = inspected.ports.iter();
    let port = ports.find(|(_, _, inner, protocol)| *inner == planned::PORT && protocol == "tcp");
    Ok(FoundDatabase {
        id: found.observed.id.clone(),
        service: service.to_owned(),
        version: version.parse().unwrap_or_default(),
        data: data(found, folder, prepared)?,
        database: variable("POSTGRES_DB").unwrap_or(user).to_owned(),
        user: user.to_owned(),
        password: password(engine, found).await?,
        port: port.map(|(address, port, ..)| (address.clone(), *port)),
        image: inspected.image.clone(),
        same_image,
    })
}

/// The image that the environment's database is made from.
fn image(prepared: &Prepared) -> &str {
    let database = prepared.desired.database.as_ref();
    database.map_or("", |database| &database.spec.image)
}

async fn is_same_image(
    engine: &Engine,
    prepared: &Prepared,
    found: &Found,
) -> Result<bool, Failure> {
    let id = engine.image_id(image(prepared)).await;
    let id = id
        .map_err(|error| engine_failure(&error))?
        .unwrap_or_default();
    let plain = |id: &str| id.trim_start_matches("sha256:").to_owned();
    Ok(!id.is_empty() && plain(&id) == plain(&found.inspected.image_id))
}

/// A server runs on data of its own major version alone.
/// <https://www.postgresql.org/docs/current/upgrading.html>
async fn check_version(
    engine: &Engine,
    prepared: &Prepared,
    candidate: &Candidate<'_>,
) -> Result<(), Failure> {
    let postgres = &prepared.environment.postgres;
    let ours = match &postgres.image {
        PostgresImage::Version(version) => Some(version.to_string()),
        PostgresImage::Image(reference) => {
            let variables = engine.image_environment(reference).await;
            let variables = variables.map_err(|error| engine_failure(&error))?;
            let told = variables.and_then(|variables| variables.get("PG_MAJOR").cloned());
            told.or_else(|| tagged_version(reference))
        }
    };
    let Candidate { found, version, .. } = candidate;
    if ours.as_ref().is_none_or(|ours| ours == version) {
        return Ok(());
    }
    let (service, environment) = (service_of(found), &prepared.environment.name);
    let message = format!(
        "The data of `{service}` are those of PostgreSQL {version}, and the database of \
         `{environment}` is PostgreSQL {}: no server runs on data of another major version",
        ours.unwrap_or_default()
    );
    Err(Failure::new(Kind::Failed, message)
        .hint(format!(
            "keep the version: write `postgres: {{ image: {} }}` for {environment}; nothing was changed",
            found.inspected.image
        )))
}

/// The major version in `postgres:16.2-alpine`.
fn tagged_version(reference: &str) -> Option<String> {
    let (_, tag) = reference.rsplit_once(':')?;
    let digits: String = tag.chars().take_while(char::is_ascii_digit).collect();
    (!digits.is_empty()).then_some(digits)
}

/// What `postgres.volume` is to name: the mount that the folder of the data lies in.
fn data(found: &Found, folder: &str, prepared: &Prepared) -> Result<String, Failure> {
    let inside = |target: &str| Path::new(folder).starts_with(target);
    let mounts = found.inspected.mounts.iter();
    let mount = mounts
        .filter(|mount| inside(&mount.target))
        .max_by_key(|mount| mount.target.len());
    let rest = |target: &str| {
        let rest = Path::new(folder)
            .strip_prefix(target)
            .unwrap_or(Path::new(""));
        rest.display().to_string()
    };
    match mount.map(|mount| (mount.kind.as_str(), &mount.name, mount)) {
        Some(("volume", Some(name), mount)) => Ok(match rest(&mount.target).as_str() {
            "" => name.clone(),
            rest => format!("{name}/{rest}"),
        }),
        Some(("bind", _, mount)) => {
            let path = Path::new(&mount.source).join(rest(&mount.target));
            let path: std::path::PathBuf = path.components().collect();
            Ok(match path.strip_prefix(&prepared.identity.directory) {
                Ok(inside) => format!("./{}", inside.display()),
                Err(_) => path.display().to_string(),
            })
        }
        _ => {
            let name = &found.observed.name;
            let message =
                format!("The data of `{name}` lie in the container itself, which no other can use");
            Err(Failure::new(Kind::Failed, message).hint(format!(
                "copy them into the database of {}: docker exec {name} pg_dumpall",
                prepared.environment.name
            )))
        }
    }
}

/// Its password, as its environment or the file that this names has it.
async fn password(engine: &Engine, found: &Found) -> Result<Option<Secret>, Failure> {
    let variables = &found.inspected.environment;
    let written = variables.get("POSTGRES_PASSWORD");
    if let Some(password) = written.filter(|password| !password.expose().is_empty()) {
        return Ok(Some(password.clone()));
    }
    let Some(file) = variables.get("POSTGRES_PASSWORD_FILE") else {
        return Ok(None);
    };
    let content = engine
        .read_file(&found.observed.id, file.expose(), MOST)
        .await;
    let content = content.map_err(|error| engine_failure(&error))?;
    let text = content.map(|content| String::from_utf8_lossy(&content).into_owned());
    let text = text.map(|text| Secret::new(text.trim_end_matches('\n')));
    Ok(text.filter(|password| !password.expose().is_empty()))
}

impl FoundDatabase {
    /// What may come as a surprise.
    pub fn notes(&self, prepared: &Prepared) -> Vec<String> {
        let mut notes = Vec::new();
        let ours = image(prepared);
        if !self.same_image {
            notes.push(format!(
                "the data were made by {}, and {ours} runs on them from now on: where the two sort texts \
                 differently, rebuild the indexes (REINDEX DATABASE), or write `image: {}`",
                self.image, self.image
            ));
        }
        let name = self.data.split('/').next().unwrap_or_default();
        if name.len() == 64 && name.chars().all(|c| c.is_ascii_hexdigit()) {
            notes.push(
                "the data lie on a volume without a name, which `volume prune` of the engine removes while \
                 no container has it: do not run that after `env stop --rm`"
                    .to_owned(),
            );
        }
        let Some((address, port)) = &self.port else {
            return notes;
        };
        let bind = prepared.environment.bind;
        let is_open = matches!(address.as_str(), "0.0.0.0" | "::" | "");
        if is_open && !bind.is_unspecified() {
            notes.push(format!(
                "port {port} of the database was open to other machines; ours is published on {bind} \
                 alone, which `bind` changes"
            ));
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::tagged_version;

    #[test]
    fn the_tag_of_an_image_tells_its_major_version() {
        let version = |reference| tagged_version(reference);
        assert_eq!(version("postgres:16.2-alpine").as_deref(), Some("16"));
        assert_eq!(version("registry:5000/team/db:14").as_deref(), Some("14"));
        assert_eq!(version("postgres:latest"), None);
        assert_eq!(version("postgres"), None);
    }
}
