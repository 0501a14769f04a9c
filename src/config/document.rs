//! The whole file → [`Config`]: the keys at the top, then every environment with what it inherits.

use std::path::Path;

use super::complete::{self, Completer};
use super::environment;
use super::inherit::{self, Written};
use super::keys;
use super::layer::Layer;
use super::model::{Config, Project};
use super::ports;
use super::value::only_keys;
use super::verify;
use super::volumes;
use crate::diagnostic::{brief, nearest};
use crate::names::{EnvironmentName, ProjectName};
use crate::text::Span;
use crate::yaml::decode::Decoder;
use crate::yaml::{Entry, Mapping, Node};

/// Most environments of one file; each one costs a host port, for instance.
const MAX_ENVIRONMENTS: usize = 1_000;

/// How messages name an environment: the same for each, since one behind an alias may be several.
const ENVIRONMENT_PATH: &str = "environments.<name>";

/// What a file without environments is told to hold.
pub(super) const EXAMPLE: &str = "write for instance:\nenvironments:\n  dev:\n    deployment:\n      compose: docker-compose.yml";

/// Reads the root node of the file in the folder `root`.
///
/// What comes back is whole only when the decoder holds no error afterwards.
pub(super) fn config(decoder: &mut Decoder<'_>, node: &Node, root: &Path) -> Option<Config> {
    let Some(top) = node.as_mapping() else {
        let help = Some(EXAMPLE.to_owned());
        decoder.wrong_type(node, ".poststack.yml", "a mapping").help = help;
        return None;
    };
    only_keys(decoder, top, "", keys::TOP);
    let project = project(decoder, top, root);
    let settings = super::settings::settings(decoder, top);
    let defaults = defaults(decoder, top, root);
    let written = environments(decoder, top, root);
    let default_environment = default_environment(decoder, top, &written);
    let merged = inherit::merge(decoder, &written, &defaults)?;
    let ports = ports::assign(decoder, &written, &merged);
    let mut environments = Vec::with_capacity(merged.len());
    let has_folder = root.join(complete::ENV_FOLDER).is_dir();
    let completer = Completer {
        project: &project.name,
        root,
        has_folder,
    };
    for ((environment, layer), port) in written.iter().zip(merged).zip(ports) {
        environments.push(completer.environment(decoder, environment, layer, port));
    }
    volumes::report_shared(decoder, &environments);
    Some(Config {
        source: decoder.sources.source(node.span).clone(),
        root: root.to_path_buf(),
        project,
        settings,
        default_environment,
        environments,
        verify: verify::services(decoder, top),
    })
}

fn project(decoder: &mut Decoder<'_>, top: &Mapping, root: &Path) -> Project {
    let entry = top.entry("project");
    let mapping = entry.and_then(|entry| project_mapping(decoder, &entry.value));
    let get = |key| mapping.and_then(|mapping: &Mapping| mapping.get(key));
    let name = match get("name") {
        Some(node) => project_name(decoder, node),
        None => folder_name(decoder, root),
    };
    let description = get("description");
    Project {
        name,
        description: description.and_then(|node| decoder.text(node, "project.description")),
    }
}

fn project_mapping<'n>(decoder: &mut Decoder<'_>, node: &'n Node) -> Option<&'n Mapping> {
    if node.is_null() {
        return None;
    }
    let Some(mapping) = node.as_mapping() else {
        let name = node
            .as_scalar()
            .map_or("<name>".into(), |it| brief(&it.text));
        let help = format!("write `project: {{ name: {name} }}`");
        decoder.wrong_type(node, "project", "a mapping").help = Some(help);
        return None;
    };
    only_keys(decoder, mapping, "project", keys::PROJECT);
    Some(mapping)
}

/// The name in `node`; after a fault the nearest one, to go on with.
fn project_name(decoder: &mut Decoder<'_>, node: &Node) -> ProjectName {
    let Some(text) = decoder.text(node, "project.name") else {
        return ProjectName::nearest("");
    };
    ProjectName::new(text.as_str()).unwrap_or_else(|why| {
        let nearest = ProjectName::nearest(&text);
        let message = format!("Project name `{}` {why}", brief(&text));
        decoder.error(node.span, message).help = Some(format!("write `name: {nearest}`"));
        nearest
    })
}

/// The project is named after its folder when the file does not name it.
fn folder_name(decoder: &mut Decoder<'_>, root: &Path) -> ProjectName {
    let folder = root.file_name().unwrap_or_default().to_string_lossy();
    let name = ProjectName::nearest(&folder);
    if name.as_str() != folder {
        let message = format!("The project is named `{name}`, after its folder `{folder}`");
        decoder.note(Span::at(0), message).help = Some(format!(
            "write `project: {{ name: {name} }}` to name it yourself"
        ));
    }
    name
}

fn defaults(decoder: &mut Decoder<'_>, top: &Mapping, root: &Path) -> Layer {
    let mapping = top
        .get("defaults")
        .and_then(|node| decoder.mapping(node, "defaults"));
    let layer = mapping.map_or_else(Layer::default, |mapping| {
        environment::layer(decoder, mapping, ("defaults", keys::DEFAULTS), root)
    });
    if let Some((_, place)) = &layer.postgres.volume {
        let message = "`postgres.volume` is for one environment, not for all";
        decoder.error(place.span, message).help =
            Some("write it under `environments.<name>.postgres`".to_owned());
    }
    layer
}

fn environments(decoder: &mut Decoder<'_>, top: &Mapping, root: &Path) -> Vec<Written> {
    let Some(entry) = top.entry("environments") else {
        // A mistyped key is told of already; containers of the project's own need no environment.
        let is_mistyped = |entry: &Entry| nearest(&entry.key, ["environments"]).is_some();
        let is_enough = |entry: &Entry| ["settings", "verify"].contains(&&*entry.key);
        if !top
            .entries
            .iter()
            .any(|it| is_mistyped(it) || is_enough(it))
        {
            let start = Span::at(0);
            decoder.error(start, "The file has no `environments`").help = Some(EXAMPLE.to_owned());
        }
        return Vec::new();
    };
    let Some(mapping) = decoder.mapping(&entry.value, "environments") else {
        if entry.value.is_null() {
            report_empty(decoder, entry);
        }
        return Vec::new();
    };
    if mapping.entries.is_empty() {
        report_empty(decoder, entry);
    }
    if let Some(entry) = mapping.entries.get(MAX_ENVIRONMENTS) {
        let message = format!("A file has at most {MAX_ENVIRONMENTS} environments");
        decoder.error(entry.key_span, message).help = Some("split it into projects".to_owned());
    }
    let entries = mapping.entries.iter().take(MAX_ENVIRONMENTS);
    entries
        .map(|entry| written_environment(decoder, entry, root))
        .collect()
}

fn report_empty(decoder: &mut Decoder<'_>, entry: &Entry) {
    decoder
        .error(entry.key_span, "`environments` is empty")
        .help = Some(EXAMPLE.to_owned());
}

fn written_environment(decoder: &mut Decoder<'_>, entry: &Entry, root: &Path) -> Written {
    let name = EnvironmentName::new(&*entry.key).unwrap_or_else(|why| {
        let nearest = EnvironmentName::nearest(&entry.key);
        let message = format!("Environment name `{}` {why}", brief(&entry.key));
        decoder.error(entry.key_span, message).help = Some(format!("write `{nearest}:`"));
        nearest
    });
    let mapping = decoder.mapping(&entry.value, ENVIRONMENT_PATH);
    let extends = mapping.and_then(|mapping| mapping.get("extends"));
    let extends = extends.and_then(|node| Some((decoder.text(node, "extends")?, node.span)));
    let layer = mapping.map_or_else(Layer::default, |mapping| {
        environment::layer(
            decoder,
            mapping,
            (ENVIRONMENT_PATH, keys::ENVIRONMENT),
            root,
        )
    });
    Written {
        name,
        key: entry.key.to_string(),
        key_span: entry.key_span,
        extends,
        layer,
    }
}

fn default_environment(
    decoder: &mut Decoder<'_>,
    top: &Mapping,
    written: &[Written],
) -> Option<EnvironmentName> {
    let node = top.get("environment")?;
    let name = decoder.text(node, "environment")?;
    let found = written.iter().find(|it| it.key == name);
    if found.is_none() && !written.is_empty() {
        inherit::report_unknown(decoder, &name, node.span, written);
    }
    found.map(|it| it.name.clone())
}
