//! Images an environment needs: shipped in the binary, built from a folder, or pulled.

mod bases;
mod make;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{Mutex, OnceCell};

use super::failure::{Failure, Kind};
use super::prepare::Prepared;
use super::step_failure::engine_failure;
use crate::assets;
use crate::engine::Engine;
use crate::event::{Event, Listener};
use crate::plan::desired::{BUILT_IN_PREFIX, DesiredImage, ImageSource};
use crate::plan::identity::CONTEXT_HASH;
use crate::plan::spec::{ContextSource, ImageBuild};

pub use bases::bases;
pub use make::BuildLogs;
pub(super) use make::build_image;
use make::pull;

/// Makes images, each at most once in a run, however many steps ask for it.
pub(super) struct Images<'a> {
    engine: &'a Engine,
    prepared: &'a Prepared,
    made: Mutex<BTreeMap<String, Arc<OnceCell<()>>>>,
}

impl<'a> Images<'a> {
    pub fn new(engine: &'a Engine, prepared: &'a Prepared) -> Self {
        Self {
            engine,
            prepared,
            made: Mutex::new(BTreeMap::new()),
        }
    }

    /// Builds or pulls `reference` as its description says.
    pub async fn prepare(
        &self,
        reference: &str,
        listener: Listener<'_>,
    ) -> Result<(), Box<Failure>> {
        let Some(image) = self.prepared.desired.images.get(reference) else {
            return Ok(());
        };
        let at = |failure: Failure| {
            let message = format!("{} (for {})", failure.message, image.place);
            Box::new(failure.saying(message))
        };
        match &image.source {
            ImageSource::BuiltIn => self.built_in(reference, listener).await,
            ImageSource::Build(build, _) | ImageSource::Own(build) => {
                for base in bases(build) {
                    if base.starts_with(BUILT_IN_PREFIX) {
                        self.built_in(&base, listener).await?;
                    } else {
                        Box::pin(self.base(&base, listener)).await?;
                    }
                }
                for context in build.contexts.values() {
                    // That of another service is built before; none waits for itself.
                    if let ContextSource::Image(image) = context {
                        Box::pin(self.prepare(image, listener)).await?;
                    }
                }
                // A build may print its arguments, and those may hold the password.
                let mask = |text: &str| self.prepared.mask(text);
                let masked = |event| listener(mask_progress(event, &mask));
                let work = build_image(self.engine, build, &masked);
                work.await.map(drop).map_err(|failure| {
                    let mut failure = at(self.explained(*failure, reference));
                    failure.message = mask(&failure.message);
                    for line in failure.excerpts.iter_mut().flat_map(|one| &mut one.lines) {
                        *line = mask(line);
                    }
                    failure
                })
            }
            ImageSource::Pull(policy, platform) => {
                let wanted = (reference, platform.as_deref());
                pull(self.engine, wanted, *policy, listener)
                    .await
                    .map_err(at)
            }
        }
    }

    fn explained(&self, failure: Failure, reference: &str) -> Failure {
        match &self.prepared.build_logs {
            Some(logs) => logs.explained(failure, reference),
            None => failure,
        }
    }

    /// Builds an image of the project that another one is made from, where it is missing.
    async fn base(&self, reference: &str, listener: Listener<'_>) -> Result<(), Box<Failure>> {
        let image = self.prepared.desired.images.get(reference);
        let is_built = |image: &DesiredImage| matches!(image.source, ImageSource::Build(..));
        if !image.is_some_and(is_built) {
            return Ok(());
        }
        let cell = self.cell(reference).await;
        let made = cell.get_or_try_init(|| async {
            let id = self.engine.image_id(reference).await;
            match id.map_err(|error| Box::new(engine_failure(&error)))? {
                Some(_) => Ok(()),
                None => self.prepare(reference, listener).await,
            }
        });
        made.await.map(drop)
    }

    /// What is filled once `reference` is there.
    async fn cell(&self, reference: &str) -> Arc<OnceCell<()>> {
        let mut made = self.made.lock().await;
        made.entry(reference.to_owned()).or_default().clone()
    }

    /// Builds a shipped image after its base, unless it is there as it shall be.
    async fn built_in(&self, reference: &str, listener: Listener<'_>) -> Result<(), Box<Failure>> {
        let Some(image) = assets::built_in_image(reference) else {
            return Err(Box::new(unknown_built_in(reference)));
        };
        if let Some(base) = image.base {
            Box::pin(self.built_in(base, listener)).await?;
        }
        let cell = self.cell(&image.reference).await;
        let made = cell
            .get_or_try_init(|| async {
                if current_id(self.engine, &image.build).await?.is_some() {
                    return Ok(());
                }
                let built = build_image(self.engine, &image.build, listener).await;
                built.map(drop)
            })
            .await;
        made.map(drop)
    }
}

/// Makes a shipped image, unless it is there as it shall be.
///
/// # Errors
/// The build fails.
pub async fn shipped_image(
    engine: &Engine,
    prepared: &Prepared,
    reference: &str,
    listener: Listener<'_>,
) -> Result<(), Failure> {
    let images = Images::new(engine, prepared);
    let made = images.built_in(reference, listener).await;
    made.map_err(|failure| *failure)
}

fn mask_progress(event: Event, mask: &dyn Fn(&str) -> String) -> Event {
    match event {
        Event::ImageProgress { image, line } => Event::ImageProgress {
            image,
            line: mask(&line),
        },
        other => other,
    }
}

pub(super) fn unknown_built_in(reference: &str) -> Failure {
    let known: Vec<String> = assets::built_in_images()
        .into_iter()
        .map(|image| image.reference)
        .collect();
    Failure::new(
        Kind::Configuration,
        format!("poststack ships no image `{reference}`"),
    )
    .hint(format!("it ships {}", known.join(", ")))
}

/// The id of the image of `build` at the engine, unless it was made of other files than those of now,
/// as its label tells.
pub(super) async fn current_id(
    engine: &Engine,
    build: &ImageBuild,
) -> Result<Option<String>, Box<Failure>> {
    let reference = build.tags.first().map(String::as_str).unwrap_or_default();
    let found = engine.image(reference).await;
    let found = found.map_err(|error| Box::new(engine_failure(&error)))?;
    let wanted = build.labels.get(CONTEXT_HASH);
    Ok(found
        .filter(|found| found.labels.get(CONTEXT_HASH) == wanted)
        .map(|found| found.id))
}
