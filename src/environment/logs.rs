//! The logs of an environment's containers, merged line by line.

use futures_util::StreamExt;
use futures_util::stream::select_all;

use super::failure::{Failure, Kind};
use super::observe;
use super::prepare::Prepared;
use super::step_failure::engine_failure;
use crate::engine::{Engine, LogOptions, LogStream};
use crate::plan::identity;

/// One line of one service.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Line {
    pub service: String,
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
    let own: Vec<(String, String)> = containers
        .values()
        .filter(|container| prepared.identity.owns(&container.labels))
        .map(|container| {
            let service = container.labels.get(identity::SERVICE).cloned();
            (service.unwrap_or_default(), container.name.clone())
        })
        .collect();
    check(prepared, services, &own)?;
    let wanted = own
        .into_iter()
        .filter(|(service, _)| services.is_empty() || services.contains(service));
    let wanted: Vec<(String, String)> = wanted.collect();
    let streams = wanted.iter().map(|(service, container)| {
        let lines = engine.logs(container, options);
        lines
            .map(move |line| (service, container, line))
            .boxed_local()
    });
    let mut merged = select_all(streams);
    while let Some((service, container, line)) = merged.next().await {
        let line = line.map_err(|error| engine_failure(&error))?;
        tell(Line {
            service: service.clone(),
            container: container.clone(),
            stream: match line.stream {
                LogStream::Stdout => "stdout",
                LogStream::Stderr => "stderr",
            },
            text: prepared.mask(&line.text),
        });
    }
    Ok(())
}

fn check(
    prepared: &Prepared,
    services: &[String],
    own: &[(String, String)],
) -> Result<(), Failure> {
    let environment = &prepared.identity.environment;
    if own.is_empty() {
        let message = format!("Environment `{environment}` has no containers");
        return Err(
            Failure::new(Kind::Failed, message).hint(format!("poststack env start {environment}"))
        );
    }
    let known: Vec<&str> = own.iter().map(|(service, _)| service.as_str()).collect();
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
