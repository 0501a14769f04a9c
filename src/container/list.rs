//! The images and containers of a project.

use serde::Serialize;

use super::project::Containers;
use crate::assets;
use crate::engine::Engine;
use crate::environment::{Failure, engine_failure};
use crate::plan::observed::State;

#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    pub images: Vec<Image>,
    pub containers: Vec<Container>,
}

/// An image that is shipped, or built from a folder of the project.
#[derive(Debug, Clone, Serialize)]
pub struct Image {
    pub image: String,
    /// Whether it is at the engine.
    pub built: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<i64>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Container {
    pub container: String,
    pub service: String,
    pub image: String,
    pub running: bool,
    /// As the engine words it, for instance `Up 3 minutes`.
    pub status: String,
}

/// Lists what the container commands make, whether it is there or not.
///
/// # Errors
/// The engine fails.
pub async fn list(containers: &Containers, engine: &Engine) -> Result<Listed, Failure> {
    let failed = |error| engine_failure(&error);
    let all = engine.images(&[]).await.map_err(failed)?;
    let shipped = assets::built_in_images().into_iter();
    let references = shipped.map(|image| image.reference);
    let references = references.chain(containers.folders.iter().map(|one| one.image.clone()));
    let mut images = Vec::new();
    for image in references {
        let id = engine.image_id(&image).await.map_err(failed)?;
        let found = all.iter().find(|one| Some(&one.id) == id.as_ref());
        images.push(Image {
            built: id.is_some(),
            size: found.map(|one| one.size),
            created: found.map(|one| one.created),
            id,
            image,
        });
    }
    let there = containers.there(engine).await?;
    let containers = there.into_values().map(|one| Container {
        service: one.service().to_owned(),
        running: one.state == State::Running,
        container: one.name,
        image: one.image,
        status: one.status,
    });
    Ok(Listed {
        images,
        containers: containers.collect(),
    })
}
