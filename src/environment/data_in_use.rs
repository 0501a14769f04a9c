//! Whether somebody else's container runs on the data that an environment's server would use: two
//! servers on the same data destroy them.

use std::path::{Path, PathBuf};

use super::failure::{Failure, Kind};
use super::prepare::Prepared;
use super::step_failure::engine_failure;
use crate::config::model::DataSource;
use crate::engine::{Engine, Inspected, InspectedMount};

/// Fails when it does.
///
/// # Errors
/// It does, or the engine does not answer.
pub(super) async fn check(prepared: &Prepared, engine: &Engine) -> Result<(), Failure> {
    let volume = prepared.environment.postgres.volume.as_ref();
    let (what, others) = match volume.map(|volume| &volume.source) {
        None => return Ok(()),
        Some(DataSource::Volume { name, .. }) => {
            let others = of_volume(prepared, engine, name).await?;
            (format!("Volume `{name}`"), others)
        }
        Some(DataSource::Folder(path)) => {
            let others = of_folder(prepared, engine, path).await?;
            (format!("Folder `{}`", path.display()), others)
        }
    };
    if others.is_empty() {
        return Ok(());
    }
    let program = engine.kind.to_string().to_lowercase();
    let message = format!(
        "{what}, the data of the database, is in use by {}",
        others.join(", ")
    );
    Err(Failure::new(Kind::Failed, message).hint(format!(
        "two servers on the same data would destroy them; stop it first: {program} stop {}",
        others.join(" ")
    )))
}

async fn of_volume(
    prepared: &Prepared,
    engine: &Engine,
    name: &str,
) -> Result<Vec<String>, Failure> {
    let users = engine.volume_users(name).await;
    let users = users.map_err(|error| engine_failure(&error))?;
    let others = users
        .into_iter()
        .filter(|one| !prepared.identity.owns(&one.labels));
    Ok(others.map(|one| one.name).collect())
}

/// Neither engine finds a container by a folder of the host.
async fn of_folder(
    prepared: &Prepared,
    engine: &Engine,
    folder: &Path,
) -> Result<Vec<String>, Failure> {
    let folder = real(folder);
    let running = engine.running().await;
    let running = running.map_err(|error| engine_failure(&error))?;
    let mut others = Vec::new();
    for one in running {
        if prepared.identity.owns(&one.labels) {
            continue;
        }
        let found = engine.inspect(&one.id).await;
        let found = found.map_err(|error| engine_failure(&error))?;
        if found.is_some_and(|found| writes_to(&found, &folder)) {
            others.push(one.name);
        }
    }
    Ok(others)
}

fn writes_to(container: &Inspected, folder: &Path) -> bool {
    let is_server = IS_SERVER
        .iter()
        .any(|name| container.environment.contains_key(*name));
    let mut mounts = container.mounts.iter();
    mounts.any(|mount| has_data(mount, folder, is_server))
}

/// Variables of every image of a server, as the official one and ours have them.
const IS_SERVER: [&str; 2] = ["PGDATA", "PG_MAJOR"];

/// Whether a container may run a server on the data in `folder`. A folder around them is as a rule that
/// of a whole project, which the containers of other environments have, too: there only that of a
/// server counts.
fn has_data(mount: &InspectedMount, folder: &Path, is_server: bool) -> bool {
    let source = real(Path::new(&mount.source));
    let is_near = source.starts_with(folder) || (is_server && folder.starts_with(&source));
    mount.kind == "bind" && mount.writable && is_near
}

/// Without links, as far as this machine knows it.
fn real(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(source: &str) -> InspectedMount {
        InspectedMount {
            kind: "bind".to_owned(),
            name: None,
            source: source.to_owned(),
            target: "/data".to_owned(),
            writable: true,
        }
    }

    #[test]
    fn whoever_can_write_to_the_data_uses_them_and_a_project_around_them_does_not() {
        let folder = Path::new("/none/shop/data/15");
        let uses = |source, is_server| has_data(&mount(source), folder, is_server);
        assert!(uses("/none/shop/data/15", false) && uses("/none/shop/data/15/base", false));
        assert!(uses("/none/shop/data", true) && !uses("/none/shop", false));
        assert!(!uses("/none/shop/data/1", true) && !uses("/none/shop/data/16", true));
        let mut other = mount("/none/shop/data/15");
        other.writable = false;
        assert!(!has_data(&other, folder, true));
        other = InspectedMount {
            kind: "volume".to_owned(),
            ..mount("/none/shop/data/15")
        };
        assert!(!has_data(&other, folder, true));
    }

    #[test]
    fn a_link_to_the_data_is_the_data() {
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let link = home.path().join("link");
        std::os::unix::fs::symlink(&data, &link).unwrap();
        assert!(has_data(
            &mount(link.to_str().unwrap()),
            &real(&data),
            false
        ));
    }
}
