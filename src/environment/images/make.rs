//! One image made: built or pulled, with its progress told and its failure explained.

use std::path::PathBuf;
use std::time::Duration;

use super::super::failure::{Failure, Kind};
use super::super::step_failure::engine_failure;
use crate::engine::{BuildError, Engine, EngineError, Pulled};
use crate::event::{Event, Listener, StepUnderWay, Subject};
use crate::logs::file_of_image;
use crate::names::ProjectName;
use crate::plan::spec::ImageBuild;
use crate::settings::Settings;
use crate::workload::model::PullPolicy;

/// Builds an image and tells of it; how long it took.
///
/// # Errors
/// What failed, with the line of the Dockerfile and the last lines of the build.
pub(in crate::environment) async fn build_image(
    engine: &Engine,
    build: &ImageBuild,
    listener: Listener<'_>,
) -> Result<Duration, Box<Failure>> {
    let name = build.tags.first().cloned().unwrap_or_default();
    let building = StepUnderWay::began(listener, Subject::new("Image", &name), "building");
    let mut tell = |line: &str| {
        listener(Event::ImageProgress {
            image: name.clone(),
            line: line.to_owned(),
        });
    };
    let outcome = engine.build(build, &mut tell).await;
    if let Err(error) = outcome {
        let failure = build_failure(&name, &error);
        tell(&failure.message);
        return Err(Box::new(failure));
    }
    Ok(building.ended("built", String::new()))
}

/// Where images are built for, and logged.
#[derive(Debug, Clone)]
pub struct BuildLogs {
    /// The folder of the project.
    pub root: PathBuf,
    /// The folder of its logs.
    pub folder: PathBuf,
    pub project: ProjectName,
}

impl BuildLogs {
    /// `None` where nothing is logged: the folder is no project.
    #[must_use]
    pub fn of(settings: &Settings) -> Option<Self> {
        settings.file.as_ref()?;
        Some(Self {
            root: settings.root.clone(),
            folder: settings.log_dir.value.clone(),
            project: settings.project.clone(),
        })
    }

    /// A failed build with paths as the project's, and where its whole log is.
    pub(in crate::environment) fn explained(&self, failure: Failure, reference: &str) -> Failure {
        let root = format!("{}/", self.root.display());
        let message = failure.message.replace(&root, "");
        let log = self
            .folder
            .join(file_of_image(reference, self.project.as_str()));
        let log = log.strip_prefix(&self.root).unwrap_or(&log);
        failure
            .saying(message)
            .hint(format!("the whole build: {}", log.display()))
    }
}

fn build_failure(name: &str, error: &BuildError) -> Failure {
    let BuildError::Step(fault) = error else {
        let message = format!("Image `{name}` could not be built: {error}");
        return Failure::new(Kind::Failed, message);
    };
    let line = fault
        .line
        .map_or_else(String::new, |line| format!(":{line}"));
    // A Dockerfile that does not parse has no step that failed.
    let step = match fault.step.as_str() {
        "" => String::new(),
        step => format!("`{step}` failed: "),
    };
    let message = format!(
        "Image `{name}` could not be built: {}{line}: {step}{}",
        fault.dockerfile, fault.message
    );
    Failure::new(Kind::Failed, message)
        .excerpt("The last lines of the build:", fault.last_lines.clone())
}

/// Pulls an image and tells of it.
///
/// # Errors
/// There is no such image, or its registry was not reached.
pub(super) async fn pull(
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
    let pulling = StepUnderWay::began(listener, Subject::new("Image", reference), "pulling");
    let mut tell = |pulled: Pulled<'_>| {
        let image = reference.to_owned();
        listener(match pulled {
            Pulled::Line(line) => Event::ImageProgress {
                image,
                line: line.to_owned(),
            },
            Pulled::Bytes { done, total } => Event::ImageBytes { image, done, total },
        });
    };
    if let Err(error) = engine.pull(reference, platform, &mut tell).await {
        return Err(pull_failure(reference, &error));
    }
    pulling.ended("pulled", String::new());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::BuildFault;

    #[test]
    fn a_dockerfile_that_does_not_parse_names_no_step() {
        let fault = |step: &str| {
            BuildError::Step(Box::new(BuildFault {
                image: "shop/web".to_owned(),
                dockerfile: "/srv/shop/containers/web/Dockerfile".to_owned(),
                line: Some(2),
                step: step.to_owned(),
                message: "unknown instruction: RNU".to_owned(),
                last_lines: Vec::new(),
            }))
        };
        let logs = BuildLogs {
            root: PathBuf::from("/srv/shop"),
            folder: PathBuf::from("/srv/shop/logs"),
            project: ProjectName::new("shop").unwrap(),
        };
        let told = |step: &str| {
            let failure = build_failure("shop/web", &fault(step));
            let failure = logs.explained(failure, "shop/web");
            assert_eq!(failure.hints, ["the whole build: logs/containers/web.log"]);
            failure.message
        };
        let start = "Image `shop/web` could not be built: containers/web/Dockerfile:2: ";
        assert_eq!(told(""), format!("{start}unknown instruction: RNU"));
        assert_eq!(
            told("RUN x"),
            format!("{start}`RUN x` failed: unknown instruction: RNU")
        );
    }
}
