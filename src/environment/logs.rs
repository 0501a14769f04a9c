//! The logs of an environment's containers, merged line by line.

use futures_util::StreamExt;
use futures_util::stream::select_all;

use super::failure::{Failure, Kind};
use super::observe;
use super::prepare::Prepared;
use super::step_failure::engine_failure;
use crate::engine::{Engine, LogOptions, LogStream};
use crate::plan::observed::ObservedContainer;

/// One line of one service.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Line {
    pub service: String,
    /// The service, with the number of the container where it has several.
    #[serde(skip)]
    pub speaker: String,
    pub container: String,
    /// `stdout` or `stderr`.
    pub stream: &'static str,
    /// Without secrets of the environment.
    pub text: String,
}

/// Gives every line of the wanted services to `tell` until the logs end.
///
/// # Errors
/// An unknown service, no container, or the engine fails.
pub async fn logs(
    prepared: &Prepared,
    engine: &Engine,
    services: &[String],
    options: &LogOptions,
    tell: &mut dyn FnMut(Line),
) -> Result<(), Failure> {
    let containers = observe::containers(engine, &prepared.identity).await?;
    let owned = containers.values();
    let own: Vec<&ObservedContainer> = owned
        .filter(|container| prepared.identity.owns(&container.labels))
        .collect();
    check(prepared, services, &own)?;
    let wanted = own.iter().copied();
    let wanted = wanted.filter(|one| services.is_empty() || is_one_of(one, services));
    let streams = wanted.map(|container| {
        let lines = engine.logs(&container.name, options);
        let speaker = speaker(container, &own);
        lines
            .map(move |line| (container, speaker.clone(), line))
            .boxed_local()
    });
    let mut merged = select_all(streams);
    while let Some((container, speaker, line)) = merged.next().await {
        let line = line.map_err(|error| engine_failure(&error))?;
        tell(Line {
            service: container.service().to_owned(),
            speaker,
            container: container.name.clone(),
            stream: match line.stream {
                LogStream::Stdout => "stdout",
                LogStream::Stderr => "stderr",
            },
            text: prepared.mask(&line.text),
        });
    }
    Ok(())
}

fn is_one_of(container: &ObservedContainer, services: &[String]) -> bool {
    services
        .iter()
        .any(|service| service == container.service())
}

/// What stands before the lines of a container.
fn speaker(container: &ObservedContainer, all: &[&ObservedContainer]) -> String {
    let service = container.service();
    let mut others = all.iter().filter(|one| one.name != container.name);
    match others.any(|one| one.service() == service) {
        true => format!("{service}-{}", container.number()),
        false => service.to_owned(),
    }
}

fn check(
    prepared: &Prepared,
    services: &[String],
    own: &[&ObservedContainer],
) -> Result<(), Failure> {
    let environment = &prepared.identity.environment;
    if own.is_empty() {
        let message = format!("Environment `{environment}` has no containers");
        return Err(
            Failure::new(Kind::Failed, message).hint(format!("poststack env start {environment}"))
        );
    }
    let mut known: Vec<&str> = own.iter().map(|one| one.service()).collect();
    known.dedup();
    match services
        .iter()
        .find(|service| !known.contains(&service.as_str()))
    {
        None => Ok(()),
        Some(unknown) => {
            let message =
                format!("Environment `{environment}` has no container of a service `{unknown}`");
            let hint = format!("its services are: {}", known.join(", "));
            Err(Failure::new(Kind::Usage, message).hint(hint))
        }
    }
}
