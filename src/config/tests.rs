//! What a configuration becomes, and what is said of one that is wrong.

mod faults;
mod files;
mod hostile;
mod inheritance;
mod liquibase;
mod meaning;
mod settings;
mod verify;
mod volumes;

use super::*;
use crate::config::model::{DeploymentKind, Environment};
use crate::text::SourceFile;

/// Reads `text` as the file of the project folder `/work/shop`, which is not there.
fn read(text: &str) -> (Option<Config>, Vec<Diagnostic>) {
    let source = SourceFile::new(".poststack.yml", text);
    let (config, diagnostics) = parse(&source, Path::new("/work/shop"));
    (config, finished(diagnostics))
}

fn config(text: &str) -> Config {
    let (config, diagnostics) = read(text);
    assert!(!any_error(&diagnostics), "{}", shown(&diagnostics));
    config.unwrap()
}

/// The first environment of `text`.
fn first(text: &str) -> Environment {
    config(text).environments.remove(0)
}

/// What is said about `text`.
fn faults(text: &str) -> String {
    shown(&read(text).1)
}

fn shown(diagnostics: &[Diagnostic]) -> String {
    let lines = diagnostics.iter().flat_map(|it| {
        let (severity, message) = (format!("{:?}", it.severity).to_lowercase(), &it.message);
        let main = match &it.place {
            Some(place) => {
                let at = place.source.location(place.span.start);
                format!(
                    "{at} {severity} at {:?}: {message}",
                    place.source.slice(place.span)
                )
            }
            None => format!("{severity}: {message}"),
        };
        let related = it.related.iter().map(|(place, label)| {
            let at = place.source.location(place.span.start);
            format!("  {at}: {label}")
        });
        let help = it.help.iter().map(|help| format!("  help: {help}"));
        std::iter::once(main)
            .chain(related)
            .chain(help)
            .collect::<Vec<_>>()
    });
    lines.collect::<Vec<_>>().join("\n")
}
