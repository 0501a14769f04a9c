//! What is there of an environment, with what might stand in its way.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use std::time::Duration;

use futures_util::future::join_all;

use super::failure::Failure;
use super::images::current_id;
use super::project::FILE_NAMES;
use super::step_failure::engine_failure;
use crate::assets;
use crate::engine::{Address, Engine, Names};
use crate::plan::Desired;
use crate::plan::desired::{External, ImageSource};
use crate::plan::identity::{CONTAINERS, Identity, PROJECT_DIR};
use crate::plan::observed::{Observed, ObservedContainer};
use crate::plan::seen::Seen;
use crate::plan::spec::Labels;
use crate::state;

/// Everything labelled as the environment's.
///
/// # Errors
/// The engine fails.
pub async fn own(engine: &Engine, identity: &Identity) -> Result<Observed, Failure> {
    let observed = engine.observe(&identity.selector()).await;
    let mut observed = observed.map_err(|error| engine_failure(&error))?;
    let containers = observed.containers.values_mut().map(|one| &mut one.labels);
    let networks = observed.networks.values_mut().map(|one| &mut one.labels);
    let volumes = observed.volumes.values_mut().map(|one| &mut one.labels);
    containers
        .chain(networks)
        .chain(volumes)
        .for_each(|labels| follow(labels, identity, engine));
    Ok(observed)
}

/// A project folder that was moved or renamed: what it made goes with it, as soon as nothing of the
/// project is left in its old place. Only on an engine of this machine, whose folders we see.
fn follow(labels: &mut Labels, identity: &Identity, engine: &Engine) {
    let Some(made_in) = labels.get(PROJECT_DIR).map(PathBuf::from) else {
        return;
    };
    let here = matches!(engine.endpoint.address, Address::Unix(_));
    if made_in != identity.directory && here && is_left(&made_in, identity) {
        let directory = identity.directory.to_string_lossy().into_owned();
        labels.insert(PROJECT_DIR.to_owned(), directory);
    }
}

/// Whether nothing of the project is in `folder` any more. The container commands need no file, so
/// that any folder may still be theirs; and so may one that cannot be looked into.
fn is_left(folder: &Path, identity: &Identity) -> bool {
    let is_there = |path: PathBuf| path.try_exists().unwrap_or(true);
    if identity.environment.as_str() == CONTAINERS {
        return !is_there(folder.to_path_buf());
    }
    let mut names = FILE_NAMES.into_iter().chain([state::FOLDER]);
    !names.any(|name| is_there(folder.join(name)))
}

/// The environment's own containers.
///
/// # Errors
/// The engine fails.
pub async fn containers(
    engine: &Engine,
    identity: &Identity,
) -> Result<BTreeMap<String, ObservedContainer>, Failure> {
    let containers = engine.containers(&identity.selector()).await;
    let mut containers = containers.map_err(|error| engine_failure(&error))?;
    containers
        .values_mut()
        .for_each(|one| follow(&mut one.labels, identity, engine));
    containers.retain(|_, one| identity.owns(&one.labels));
    Ok(containers)
}

/// Between two looks at what may still change.
const PAUSE: Duration = Duration::from_millis(300);
/// Looks at most, so that somebody else's changes do not hold us up for ever.
const LOOKS: usize = 20;

/// Waits until what an interrupted command asked the engine for has happened: an engine goes on
/// with calls whose client is gone.
pub(super) async fn settled(engine: &Engine, identity: &Identity) -> Result<(), Failure> {
    let look = async || {
        let found = own(engine, identity).await?.containers.into_values();
        let states = found.map(|one| (one.name, one.id, one.state));
        Ok::<Vec<_>, Failure>(states.collect())
    };
    let mut before = look().await?;
    for _ in 0..LOOKS {
        tokio::time::sleep(PAUSE).await;
        let now = look().await?;
        if now == before {
            break;
        }
        before = now;
    }
    Ok(())
}

/// As [`own`], with the images of `desired` and with objects of others that have its names.
pub(super) async fn everything(
    engine: &Engine,
    desired: &Desired,
    seen: &Seen,
) -> Result<Observed, Failure> {
    let images = desired.images.iter().map(async |(reference, image)| {
        let id = match &image.source {
            ImageSource::BuiltIn => built_in_id(engine, reference).await?,
            ImageSource::Own(build) => current_id(engine, build).await.map_err(|it| *it)?,
            _ => engine
                .image_id(reference)
                .await
                .map_err(|error| engine_failure(&error))?,
        };
        Ok::<_, Failure>(id.map(|id| (reference.clone(), id)))
    });
    let wanted = names(desired);
    // What the last start has left needs no look at the engine's other things, unless it is gone.
    let new = wanted.without(
        |name| seen.containers.contains_key(name),
        |name| seen.networks.contains(name),
        |name| seen.volumes.contains(name),
    );
    // All at once: what is not ours is looked for before it is known that it is missing.
    let (observed, others, images) = futures_util::join!(
        own(engine, &desired.identity),
        engine.named(&new),
        join_all(images),
    );
    let mut observed = observed?;
    add(
        &mut observed,
        others.map_err(|error| engine_failure(&error))?,
    );
    let missing = wanted.without(
        |name| observed.containers.contains_key(name) || new.containers.contains(&name),
        |name| observed.networks.contains_key(name) || new.networks.contains(&name),
        |name| observed.volumes.contains_key(name) || new.volumes.contains(&name),
    );
    let others = engine.named(&missing).await;
    add(
        &mut observed,
        others.map_err(|error| engine_failure(&error))?,
    );
    for image in images {
        observed.images.extend(image?);
    }
    Ok(observed)
}

/// Adds what is not there yet.
fn add(observed: &mut Observed, others: Observed) {
    for (name, container) in others.containers {
        observed.containers.entry(name).or_insert(container);
    }
    for (name, network) in others.networks {
        observed.networks.entry(name).or_insert(network);
    }
    for (name, volume) in others.volumes {
        observed.volumes.entry(name).or_insert(volume);
    }
}

/// The id of a shipped image, unless it was made of other files than those in this binary.
async fn built_in_id(engine: &Engine, reference: &str) -> Result<Option<String>, Failure> {
    match assets::built_in_image(reference) {
        Some(image) => {
            let id = current_id(engine, &image.build).await;
            id.map_err(|failure| *failure)
        }
        None => Ok(None),
    }
}

/// The names that are wanted, of which others may have made something.
fn names(desired: &Desired) -> Names<'_> {
    let mut names = Names {
        containers: desired.container_names().collect(),
        networks: desired
            .networks
            .iter()
            .map(|one| one.name.as_str())
            .collect(),
        volumes: desired
            .volumes
            .iter()
            .map(|one| one.name.as_str())
            .collect(),
    };
    for external in &desired.external {
        match external {
            External::Network(name) => names.networks.push(name),
            External::Volume(name) => names.volumes.push(name),
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{EnvironmentName, ProjectName};

    #[test]
    fn a_folder_is_left_when_nothing_of_the_project_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let old = folder.path().join("old");
        let of = |environment: &str| Identity {
            project: ProjectName::nearest("shop"),
            environment: EnvironmentName::nearest(environment),
            directory: folder.path().join("new"),
            database: None,
        };
        let left = || (is_left(&old, &of("dev")), is_left(&old, &of(CONTAINERS)));
        assert_eq!(left(), (true, true));
        std::fs::create_dir_all(old.join(".poststack")).unwrap();
        assert_eq!(left(), (false, false));
        std::fs::remove_dir(old.join(".poststack")).unwrap();
        assert_eq!(left(), (true, false));
        std::fs::write(old.join(".poststack.yaml"), "").unwrap();
        assert_eq!(left(), (false, false));
    }
}
