//! One environment, or `defaults`, as the file writes it → a [`Layer`].

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

use super::keys;
use super::layer::Layer;
use super::liquibase;
use super::migrations;
use super::model::{ConfigVariable, Deployment, DeploymentKind, InitEntry, InitKind, NamedFile};
use super::postgres;
use super::value::{fixed_text, items, only_keys, place, texts};
use super::volumes;
use crate::diagnostic::{Place, brief};
use crate::yaml::decode::Decoder;
use crate::yaml::{Entry, Mapping, Node};

const INIT_HELP: &str = "write a list, for instance `- compose: deploy/init-compose.yml`";

/// Reads the keys of a layer; `known` are those that it may have. `root` is the folder of the file.
pub(super) fn layer(
    decoder: &mut Decoder<'_>,
    mapping: &Mapping,
    (path, known): (&str, &[&str]),
    root: &Path,
) -> Layer {
    only_keys(decoder, mapping, path, known);
    let mut layer = Layer::default();
    if let Some(entry) = mapping.entry("postgres") {
        layer.postgres = postgres::layer(decoder, entry);
    }
    if let Some(node) = mapping.get("init") {
        layer.init = init(decoder, node, root);
    }
    if let Some(node) = mapping.get("deployment") {
        layer.deployment = deployment(decoder, node, root);
    }
    if let Some(node) = mapping.get("env_file") {
        layer.env_files = Some(env_files(decoder, node));
    }
    if let Some(node) = mapping.get("variables") {
        layer.variables = variables(decoder, node);
    }
    if let Some(node) = mapping.get("volumes") {
        layer.volumes = volumes::existing(decoder, node);
    }
    if let Some(node) = mapping.get("bind") {
        layer.bind = bind(decoder, node);
    }
    if let Some(node) = mapping.get("migrations_path") {
        let written = fixed_text(decoder, node, "migrations_path");
        layer.migrations_path = written.map(|written| (written, place(decoder, node)));
    }
    if let Some(node) = mapping.get("migrations") {
        layer.migrations = migrations::layer(decoder, node);
    }
    if let Some(node) = mapping.get("protected") {
        layer.protected = decoder.boolean(node, "protected");
    }
    layer
}

fn init(decoder: &mut Decoder<'_>, node: &Node, root: &Path) -> Option<Vec<InitEntry>> {
    let items = items(decoder, node, "init", INIT_HELP)?;
    let mut entries = Vec::new();
    for item in items {
        if decoder.is_full() {
            break;
        }
        entries.extend(init_entry(decoder, item, root));
    }
    Some(entries)
}

fn init_entry(decoder: &mut Decoder<'_>, node: &Node, root: &Path) -> Option<InitEntry> {
    let (kind, node) = one_of(decoder, node, "init", keys::INIT)?;
    let key = format!("init.{kind}");
    let (written, kind) = match kind {
        "compose" => {
            let (written, files) = compose_files(decoder, node, &key, root)?;
            (written, InitKind::Compose(files))
        }
        "liquibase" => {
            let (written, changelog) = liquibase::changelog(decoder, node, root)?;
            (written, InitKind::Liquibase(changelog))
        }
        _ => {
            let written = fixed_text(decoder, node, &key)?;
            let path = join(root, &written);
            let is_pod = kind == "pod";
            let kind = if is_pod {
                InitKind::Pod
            } else {
                InitKind::Migrations
            };
            (written, kind(path))
        }
    };
    let place = place(decoder, node);
    Some(InitEntry {
        place,
        written,
        kind,
    })
}

fn deployment(decoder: &mut Decoder<'_>, node: &Node, root: &Path) -> Option<Deployment> {
    if node.is_null() {
        return None;
    }
    let (kind, node) = one_of(decoder, node, "deployment", keys::DEPLOYMENT)?;
    let key = format!("deployment.{kind}");
    let (written, kind) = if kind == "compose" {
        let (written, files) = compose_files(decoder, node, &key, root)?;
        (written, DeploymentKind::Compose(files))
    } else {
        let written = fixed_text(decoder, node, &key)?;
        let path = join(root, &written);
        (written, DeploymentKind::Pod(path))
    };
    let place = place(decoder, node);
    Some(Deployment {
        place,
        written,
        kind,
    })
}

/// One Compose file, or a list of them, with their names as they are written.
fn compose_files(
    decoder: &mut Decoder<'_>,
    node: &Node,
    key: &str,
    root: &Path,
) -> Option<(String, Vec<NamedFile>)> {
    let nodes = node.as_sequence().unwrap_or(std::slice::from_ref(node));
    if nodes.is_empty() {
        let fault = decoder.error(node.span, format!("`{key}` is an empty list"));
        fault.help = Some("name a Compose file".to_owned());
        return None;
    }
    let mut names = Vec::new();
    let mut files = Vec::new();
    for node in nodes {
        if let Some(written) = fixed_text(decoder, node, key) {
            let (path, place) = (join(root, &written), place(decoder, node));
            files.push(NamedFile { path, place });
            names.push(written);
        }
    }
    (files.len() == nodes.len()).then(|| (names.join(", "), files))
}

/// The one key of `kinds` that the mapping in `node` has, with its value.
fn one_of<'n>(
    decoder: &mut Decoder<'_>,
    node: &'n Node,
    path: &str,
    kinds: &[&'static str],
) -> Option<(&'static str, &'n Node)> {
    let Some(mapping) = node.as_mapping() else {
        let what = format!("a mapping with one of {}", listed(kinds, "and"));
        let written = node.as_scalar().filter(|_| !node.is_null());
        let written = written.map_or("<path>".into(), |scalar| brief(&scalar.text));
        decoder.wrong_type(node, path, &what).help =
            Some(format!("write for instance `compose: {written}`"));
        return None;
    };
    let faults = decoder.diagnostics.len();
    only_keys(decoder, mapping, path, kinds);
    let is_known = decoder.diagnostics.len() == faults;
    let mut found = kinds
        .iter()
        .filter_map(|kind| Some((*kind, mapping.entry(kind)?)));
    let Some((kind, first)) = found.next() else {
        // A mistyped key is told of already.
        if is_known {
            let message = format!("`{path}` has none of {}", listed(kinds, "and"));
            let help = format!("write one of `{}: <path>`", kinds.join(": <path>`, `"));
            decoder.error(decoder.head(node), message).help = Some(help);
        }
        return None;
    };
    for (other, entry) in found {
        report_both(decoder, path, (kind, first), (other, entry));
    }
    Some((kind, &first.value))
}

fn report_both(
    decoder: &mut Decoder<'_>,
    path: &str,
    (kind, first): (&str, &Entry),
    (other, second): (&str, &Entry),
) {
    let related = decoder.place(first.key_span);
    let message = format!("`{path}` has both `{kind}` and `{other}`");
    let fault = decoder.error(second.key_span, message);
    fault
        .related
        .push((related, format!("`{kind}` is written here")));
    fault.help = Some(match path {
        "init" => "write two entries, in the order in which they shall run".to_owned(),
        _ => "keep one of the two".to_owned(),
    });
}

/// `` `a`, `b` and `c` ``
fn listed(words: &[&str], and: &str) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} {and} {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

fn env_files(decoder: &mut Decoder<'_>, node: &Node) -> Vec<(String, Place)> {
    if node.is_null() {
        return Vec::new();
    }
    let nodes = node.as_sequence().unwrap_or(std::slice::from_ref(node));
    nodes
        .iter()
        .filter_map(|node| {
            let written = fixed_text(decoder, node, "env_file")?;
            Some((written, place(decoder, node)))
        })
        .collect()
}

fn variables(decoder: &mut Decoder<'_>, node: &Node) -> BTreeMap<String, ConfigVariable> {
    texts(decoder, node, "variables", is_variable)
        .into_iter()
        .map(|(name, (text, place))| (name, ConfigVariable { text, place }))
        .collect()
}

/// Whether the key is the name of a variable that is free to be given.
fn is_variable(decoder: &mut Decoder<'_>, entry: &Entry) -> bool {
    let name = &*entry.key;
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty()
        || name.starts_with(|c: char| c.is_ascii_digit())
        || !name.chars().all(is_word)
    {
        let message = format!("`{}` is not a variable name", brief(name));
        decoder.error(entry.key_span, message).help =
            Some("use letters, digits and `_`, not a digit first".to_owned());
        return false;
    }
    let is_built_in = keys::BUILT_IN_VARIABLES.contains(&name);
    if is_built_in {
        let message = format!("`{name}` is set by poststack and cannot be redefined");
        decoder.error(entry.key_span, message).help = Some("choose another name".to_owned());
    }
    !is_built_in
}

fn bind(decoder: &mut Decoder<'_>, node: &Node) -> Option<IpAddr> {
    let text = fixed_text(decoder, node, "bind")?;
    match text.parse() {
        Ok(address) => Some(address),
        Err(_) => {
            let message = format!("`bind` is not an IP address: `{}`", brief(&text));
            decoder.error(node.span, message).help = Some(
                "write `127.0.0.1` for this machine only, or `0.0.0.0` for every network"
                    .to_owned(),
            );
            None
        }
    }
}

/// `written` from `root` on, without `.` parts.
pub(super) fn join(root: &Path, written: &str) -> std::path::PathBuf {
    root.join(written).components().collect()
}
