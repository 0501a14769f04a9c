//! What is there of an environment, with what might stand in its way.

use std::collections::BTreeMap;
use std::path::PathBuf;

use std::time::Duration;

use futures_util::future::join_all;

use super::failure::Failure;
use super::images::current_id;
use super::project::FILE_NAMES;
use super::step_failure::engine_failure;
use crate::assets;
use crate::engine::{Address, Engine};
use crate::plan::Desired;
use crate::plan::desired::{External, ImageSource};
use crate::plan::identity::{Identity, PROJECT_DIR};
use crate::plan::observed::{Observed, ObservedContainer, ObservedNetwork, ObservedVolume};
use crate::plan::spec::Labels;

/// Everything labelled as the environment's.
pub(super) async fn own(engine: &Engine, identity: &Identity) -> Result<Observed, Failure> {
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

/// A project folder that was moved or renamed: what it made goes with it, as soon as no
/// configuration is left in its old place. Only on an engine of this machine, whose folders we see.
fn follow(labels: &mut Labels, identity: &Identity, engine: &Engine) {
    let Some(made_in) = labels.get(PROJECT_DIR).map(PathBuf::from) else {
        return;
    };
    let here = matches!(engine.endpoint.address, Address::Unix(_));
    let left = here && !FILE_NAMES.iter().any(|name| made_in.join(name).exists());
    if made_in != identity.directory && left {
        let directory = identity.directory.to_string_lossy().into_owned();
        labels.insert(PROJECT_DIR.to_owned(), directory);
    }
}

/// The containers labelled as the environment's.
pub(super) async fn containers(
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
pub(super) async fn everything(engine: &Engine, desired: &Desired) -> Result<Observed, Failure> {
    let (observed, images) = futures_util::join!(
        own(engine, &desired.identity),
        join_all(desired.images.iter().map(|(reference, image)| async move {
            let id = match &image.source {
                ImageSource::BuiltIn => built_in_id(engine, reference).await?,
                _ => engine
                    .image_id(reference)
                    .await
                    .map_err(|error| engine_failure(&error))?,
            };
            Ok::<_, Failure>(id.map(|id| (reference.clone(), id)))
        }))
    );
    let mut observed = observed?;
    for image in images {
        observed.images.extend(image?);
    }
    foreign(engine, desired, &mut observed).await?;
    Ok(observed)
}

/// The id of a shipped image, unless it was made of other files than those in this binary.
async fn built_in_id(engine: &Engine, reference: &str) -> Result<Option<String>, Failure> {
    match assets::built_in_image(reference) {
        Some(image) => current_id(engine, &image).await.map_err(|failure| *failure),
        None => Ok(None),
    }
}

/// Adds objects with a name that is wanted but that carry no label of the environment.
async fn foreign(
    engine: &Engine,
    desired: &Desired,
    observed: &mut Observed,
) -> Result<(), Failure> {
    let containers: Vec<&str> = desired
        .container_names()
        .filter(|name| !observed.containers.contains_key(*name))
        .collect();
    let externals = |wanted: fn(&External) -> Option<&String>| {
        desired
            .external
            .iter()
            .filter_map(wanted)
            .map(String::as_str)
    };
    let networks: Vec<&str> = desired
        .networks
        .iter()
        .map(|network| network.name.as_str())
        .filter(|name| !observed.networks.contains_key(*name))
        .chain(externals(|one| match one {
            External::Network(name) => Some(name),
            External::Volume(_) => None,
        }))
        .collect();
    let volumes: Vec<&str> = desired
        .volumes
        .iter()
        .map(|volume| volume.name.as_str())
        .filter(|name| !observed.volumes.contains_key(*name))
        .chain(externals(|one| match one {
            External::Volume(name) => Some(name),
            External::Network(_) => None,
        }))
        .collect();
    let (containers, networks, volumes) = futures_util::join!(
        join_all(containers.into_iter().map(|name| engine.find_by_name(name))),
        join_all(networks.into_iter().map(|name| engine.network(name))),
        join_all(volumes.into_iter().map(|name| engine.volume(name))),
    );
    for container in containers {
        let container = container.map_err(|error| engine_failure(&error))?;
        observed
            .containers
            .extend(container.map(|found| (found.name.clone(), found.observed())));
    }
    for network in networks {
        let network: Option<ObservedNetwork> = network.map_err(|error| engine_failure(&error))?;
        observed
            .networks
            .extend(network.map(|found| (found.name.clone(), found)));
    }
    for volume in volumes {
        let volume: Option<ObservedVolume> = volume.map_err(|error| engine_failure(&error))?;
        observed
            .volumes
            .extend(volume.map(|found| (found.name.clone(), found)));
    }
    Ok(())
}
