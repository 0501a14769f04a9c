//! What a project has at the engine and does not use: containers that do not run, networks without
//! others, images of which no container is made. Volumes are data, and stay.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;

use super::project::Containers;
use super::stop::{End, end};
use crate::engine::{Engine, ListedImage};
use crate::environment::observe::own;
use crate::environment::{Failure, engine_failure};
use crate::event::{Event, Listener};
use crate::plan::identity::{PROJECT, PROJECT_DIR};

/// What can go.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Unused {
    pub containers: Vec<String>,
    pub networks: Vec<String>,
    pub images: Vec<UnusedImage>,
}

/// An image that no container uses.
#[derive(Debug, Clone, Serialize)]
pub struct UnusedImage {
    pub id: String,
    /// Its names; one that lost them to a newer build has none.
    pub names: Vec<String>,
    /// Bytes; layers that it shares with other images among them.
    pub size: u64,
}

impl Unused {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.containers.is_empty() && self.networks.is_empty() && self.images.is_empty()
    }
}

/// Looks for what is not used. Containers that do not run count as gone.
///
/// # Errors
/// The engine fails.
pub async fn unused(containers: &Containers, engine: &Engine) -> Result<Unused, Failure> {
    let failed = |error| engine_failure(&error);
    let there = containers.there(engine).await?;
    let idle = there.values().filter(|one| !one.runs());
    let idle: Vec<String> = idle.map(|one| one.name.clone()).collect();
    let identity = containers.project.identity(&containers.environment);
    let mut networks = Vec::new();
    if idle.len() == there.len() {
        let found = own(engine, &identity).await?.networks.into_values();
        let found = found.filter(|one| identity.owns(&one.labels));
        networks.extend(found.map(|one| one.name));
    }
    let labels = [
        (PROJECT.to_owned(), identity.project.to_string()),
        (
            PROJECT_DIR.to_owned(),
            identity.directory.to_string_lossy().into_owned(),
        ),
    ];
    let images = engine.images(&labels).await.map_err(failed)?;
    let all = engine.containers(&[]).await.map_err(failed)?;
    let left = all.values().filter(|one| !idle.contains(&one.name));
    let used: BTreeSet<&str> = left.map(|one| plain(&one.image_id)).collect();
    let prefix = format!("{}/", identity.project);
    // An image that somebody made of ours has our labels, too.
    let is_own = |image: &ListedImage| {
        image
            .names
            .iter()
            .all(|name| short(name).starts_with(&prefix))
    };
    let images = images.into_iter();
    let images = images.filter(|image| is_own(image) && !used.contains(plain(&image.id)));
    Ok(Unused {
        images: images
            .map(|image| UnusedImage {
                id: image.id,
                names: image.names,
                size: image.size,
            })
            .collect(),
        containers: idle,
        networks,
    })
}

/// A name without what Podman puts before short ones.
fn short(name: &str) -> &str {
    let name = name.strip_prefix("localhost/").unwrap_or(name);
    name.strip_prefix("docker.io/").unwrap_or(name)
}

/// An id without the name of its hash, which Podman leaves out now and then.
fn plain(id: &str) -> &str {
    id.strip_prefix("sha256:").unwrap_or(id)
}

/// Removes `unused`, and the network with the last container; what of it is gone. What is used
/// meanwhile stays.
///
/// # Errors
/// The lock is held, or the engine fails.
pub async fn clean(
    containers: &Containers,
    engine: &Engine,
    unused: Unused,
    lock_wait: Duration,
    listener: Listener<'_>,
) -> Result<Unused, Failure> {
    let names: BTreeSet<String> = unused.containers.iter().cloned().collect();
    let how = End {
        remove: true,
        idle: true,
        networks: !unused.networks.is_empty(),
        lock_wait,
        verb: "container clean",
    };
    let ended = end(containers, engine, &names, how, listener).await?;
    let (removed, networks) =
        { ended.removed.into_iter() }.partition::<Vec<String>, _>(|name| names.contains(name));
    let mut gone = Unused {
        containers: removed,
        networks,
        images: Vec::new(),
    };
    for image in unused.images {
        let mut stays = None;
        // By its names first: an image with several is not removed by its id.
        let names = image.names.iter().map(String::as_str);
        let all: Vec<&str> = names.chain([image.id.as_str()]).collect();
        for name in all {
            if let Err(error) = engine.remove_image(name, false).await {
                stays = Some(format!("image `{name}` stays: {error}"));
                break;
            }
        }
        match stays {
            Some(why) => listener(Event::Warning(why)),
            None => gone.images.push(image),
        }
    }
    Ok(gone)
}
