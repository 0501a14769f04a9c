//! The images of a project, built as `poststack build` does.

use super::project::Containers;
use crate::engine::Engine;
use crate::environment::own_images::own_images;
use crate::environment::{BuildOptions, BuiltImage, Failure, build_images, project_recipes};
use crate::event::Listener;

/// Builds the images that `options` name, shipped ones or those of the project.
///
/// # Errors
/// An unknown name, or a build that failed.
pub async fn build(
    containers: &Containers,
    engine: &Engine,
    options: &BuildOptions,
    listener: Listener<'_>,
) -> Result<Vec<BuiltImage>, Failure> {
    let project = &containers.project;
    let recipes = project_recipes(&project.settings, Some(&project.config))?;
    build_images(engine, (&recipes, &project.settings), options, listener).await
}

/// The names of the images of the project itself, those that others are built from among them.
///
/// # Errors
/// There is none.
pub fn of_project(containers: &Containers) -> Result<Vec<String>, Failure> {
    let images = own_images(&containers.project.settings)?;
    if images.is_empty() {
        // Says what is missing.
        containers.chosen(None)?;
    }
    Ok(images.into_iter().map(|image| image.name).collect())
}
