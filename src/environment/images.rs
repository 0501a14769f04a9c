//! Images an environment needs: shipped in the binary, built from a folder, or pulled.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, OnceCell};

use super::failure::{Failure, Kind};
use super::prepare::Prepared;
use super::step_failure::engine_failure;
use crate::assets::{self, BuiltInImage};
use crate::engine::{BuildError, Engine, EngineError};
use crate::event::{Event, Listener, Seconds, Subject};
use crate::plan::desired::{BUILT_IN_PREFIX, ImageSource};
use crate::plan::identity::CONTEXT_HASH;
use crate::plan::spec::{BuildContext, ContextSource, ImageBuild};
use crate::workload::model::PullPolicy;

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
            ImageSource::Build(build, _) => {
                for base in built_in_bases(build) {
                    self.built_in(&base, listener).await?;
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
                    let mut failure = at(*failure);
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

    /// Builds a shipped image after its base, unless it is there as it shall be.
    async fn built_in(&self, reference: &str, listener: Listener<'_>) -> Result<(), Box<Failure>> {
        let Some(image) = assets::built_in_image(reference) else {
            return Err(Box::new(unknown_built_in(reference)));
        };
        if let Some(base) = image.base {
            Box::pin(self.built_in(base, listener)).await?;
        }
        let cell = {
            let mut made = self.made.lock().await;
            made.entry(image.reference.clone()).or_default().clone()
        };
        let made = cell
            .get_or_try_init(|| async {
                if current_id(self.engine, &image).await?.is_some() {
                    return Ok(());
                }
                build_image(self.engine, &image.build, listener)
                    .await
                    .map(drop)
            })
            .await;
        made.map(drop)
    }
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

fn unknown_built_in(reference: &str) -> Failure {
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

/// The id of the image at the engine, unless it was made of other files than those in this binary.
pub(super) async fn current_id(
    engine: &Engine,
    image: &BuiltInImage,
) -> Result<Option<String>, Box<Failure>> {
    let found = engine.image(&image.reference).await;
    let found = found.map_err(|error| Box::new(engine_failure(&error)))?;
    let wanted = image.build.labels.get(CONTEXT_HASH);
    Ok(found
        .filter(|found| found.labels.get(CONTEXT_HASH) == wanted)
        .map(|found| found.id))
}

async fn build_image(
    engine: &Engine,
    build: &ImageBuild,
    listener: Listener<'_>,
) -> Result<Duration, Box<Failure>> {
    let name = build.tags.first().cloned().unwrap_or_default();
    let subject = Subject::new("Image", &name);
    listener(Event::StepBegan {
        subject: subject.clone(),
        work: "building",
    });
    let began = Instant::now();
    let mut tell = |line: &str| {
        listener(Event::ImageProgress {
            image: name.clone(),
            line: line.to_owned(),
        });
    };
    let outcome = engine.build(build, &mut tell).await;
    outcome.map_err(|error| Box::new(build_failure(&name, &error)))?;
    let took = began.elapsed();
    listener(Event::StepEnded {
        subject,
        done: "built",
        cause: String::new(),
        took,
    });
    Ok(took)
}

fn build_failure(name: &str, error: &BuildError) -> Failure {
    let BuildError::Step(fault) = error else {
        let message = format!("Image `{name}` could not be built: {error}");
        return Failure::new(Kind::Failed, message);
    };
    let line = fault
        .line
        .map_or_else(String::new, |line| format!(":{line}"));
    let message = format!(
        "Image `{name}` could not be built: {}{line}: `{}` failed: {}",
        fault.dockerfile, fault.step, fault.message
    );
    Failure::new(Kind::Failed, message)
        .excerpt("The last lines of the build:", fault.last_lines.clone())
}

async fn pull(
    engine: &Engine,
    (reference, platform): (&str, Option<&str>),
    policy: PullPolicy,
    listener: Listener<'_>,
) -> Result<(), Failure> {
    if policy == PullPolicy::Never {
        let message = format!(
            "Image `{reference}` is not there, and `pull_policy: never` forbids to pull it"
        );
        return Err(Failure::new(Kind::Failed, message).hint(format!("docker pull {reference}")));
    }
    let subject = Subject::new("Image", reference);
    listener(Event::StepBegan {
        subject: subject.clone(),
        work: "pulling",
    });
    let began = Instant::now();
    let mut tell = |line: &str| {
        listener(Event::ImageProgress {
            image: reference.to_owned(),
            line: line.to_owned(),
        });
    };
    if let Err(error) = engine.pull(reference, platform, &mut tell).await {
        return Err(pull_failure(reference, &error));
    }
    listener(Event::StepEnded {
        subject,
        done: "pulled",
        cause: String::new(),
        took: began.elapsed(),
    });
    Ok(())
}

fn pull_failure(reference: &str, error: &EngineError) -> Failure {
    match error {
        EngineError::ImageMissing { .. } => {
            let message = format!("Image `{reference}` does not exist, or asks for a login");
            Failure::new(Kind::Failed, message).hint("correct the name or the tag of the image")
        }
        EngineError::RegistryUnreachable { message, .. } => {
            let message = format!(
                "Image `{reference}` is not at the engine, and its registry cannot be reached: \
                 {message}"
            );
            Failure::new(Kind::Failed, message)
                .hint("correct the name of the image or the network, or load the image from a file")
        }
        other => engine_failure(other),
    }
}

/// The shipped images a Dockerfile starts from.
fn built_in_bases(build: &ImageBuild) -> Vec<String> {
    let text = match (&build.dockerfile_inline, &build.context) {
        (Some(inline), _) => inline.clone(),
        (None, BuildContext::Folder(folder)) => read_dockerfile(&folder.join(&build.dockerfile)),
        (None, BuildContext::Files(_) | BuildContext::Repository(_)) => String::new(),
    };
    let mut bases: Vec<String> = text
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let from = words.next()?.eq_ignore_ascii_case("from");
            let image = words.find(|word| !word.starts_with("--"))?;
            (from && image.starts_with(BUILT_IN_PREFIX)).then(|| image.to_owned())
        })
        .collect();
    bases.sort();
    bases.dedup();
    bases
}

/// A Dockerfile that cannot be read is the engine's to report.
fn read_dockerfile(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// What `poststack build` is asked for.
#[derive(Debug, Clone, Default)]
pub struct BuildOptions {
    /// References or last parts of them; empty for all.
    pub images: Vec<String>,
    pub no_cache: bool,
}

/// One image that `poststack build` made.
#[derive(Debug, Clone, serde::Serialize)]
pub struct BuiltImage {
    pub image: String,
    pub seconds: Seconds,
}

/// Builds the shipped images, each after its base.
///
/// # Errors
/// An unknown name, or a build that failed.
pub async fn build_images(
    engine: &Engine,
    options: &BuildOptions,
    listener: Listener<'_>,
) -> Result<Vec<BuiltImage>, Failure> {
    let all = assets::built_in_images();
    let matches = |image: &BuiltInImage, name: &str| {
        let short = image.reference.trim_start_matches(BUILT_IN_PREFIX);
        let folder = short.split(':').next();
        image.reference == name || short == name || folder == Some(name)
    };
    for name in &options.images {
        if !all.iter().any(|image| matches(image, name)) {
            return Err(unknown_built_in(name));
        }
    }
    let mut built = Vec::new();
    for image in all {
        let asked =
            options.images.is_empty() || options.images.iter().any(|name| matches(&image, name));
        if !asked {
            continue;
        }
        let mut build = image.build;
        build.no_cache = options.no_cache;
        let took = build_image(engine, &build, listener)
            .await
            .map_err(|failure| *failure)?;
        built.push(BuiltImage {
            image: image.reference,
            seconds: Seconds(took),
        });
    }
    Ok(built)
}
