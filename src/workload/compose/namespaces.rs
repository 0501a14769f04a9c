//! `pid`, `ipc`, `uts` and `cgroup` of a service
//! (<https://github.com/compose-spec/compose-spec/blob/main/05-services.md#pid>).

use super::casts;
use super::file::{File, Section};
use crate::text::Span;
use crate::workload::model::{Namespace, Namespaces};
use crate::yaml::Node;

/// The words of the engines for each kind.
const PID: [&str; 1] = ["host"];
const IPC: [&str; 4] = ["host", "private", "shareable", "none"];
const UTS: [&str; 1] = ["host"];

pub(super) fn read(file: &mut File<'_>, service: &Section<'_>) -> Namespaces {
    Namespaces {
        pid: service.read(file, "pid", |file, node, path| {
            shared(file, node, path, &PID)
        }),
        ipc: service.read(file, "ipc", |file, node, path| {
            shared(file, node, path, &IPC)
        }),
        uts: service.read(file, "uts", |file, node, path| word(file, node, path, &UTS)),
    }
}

/// `host` or `private`.
pub(super) fn cgroup(file: &mut File<'_>, node: &Node, path: &str) -> Option<String> {
    casts::one_of(file, node, path, &["host", "private"])
}

/// The services whose namespaces these are, with the place that names each; they start first.
pub(super) fn owners<'n>(
    namespaces: &'n Namespaces,
    service: &Section<'_>,
) -> Vec<(&'n str, Span)> {
    let each = [("pid", &namespaces.pid), ("ipc", &namespaces.ipc)];
    let owner = |(key, namespace): (&str, &'n Option<Namespace>)| match namespace {
        Some(Namespace::Service(other)) => {
            let entry = service.entry(key)?;
            Some((other.as_str(), entry.value.span))
        }
        _ => None,
    };
    each.into_iter().filter_map(owner).collect()
}

/// A word of the engine, `service:<name>` or `container:<name>`.
fn shared(file: &mut File<'_>, node: &Node, path: &str, words: &[&str]) -> Option<Namespace> {
    let text = casts::string(file, node, path)?;
    match text.split_once(':') {
        Some(("service", name)) => file
            .has_service(node.span, name)
            .then(|| Namespace::Service(name.to_owned())),
        Some(("container", name)) if !name.is_empty() => {
            Some(Namespace::Container(name.to_owned()))
        }
        _ => {
            let more = ["`service:<name>`", "`container:<name>`"];
            known(file, node, path, (&text, words, &more))
        }
    }
}

fn word(file: &mut File<'_>, node: &Node, path: &str, words: &[&str]) -> Option<Namespace> {
    let text = casts::string(file, node, path)?;
    known(file, node, path, (&text, words, &[]))
}

fn known(
    file: &mut File<'_>,
    node: &Node,
    path: &str,
    (text, words, more): (&str, &[&str], &[&str]),
) -> Option<Namespace> {
    if words.contains(&text) {
        return Some(Namespace::Word(text.to_owned()));
    }
    let words = words.iter().map(|word| format!("`{word}`"));
    let all: Vec<String> = words.chain(more.iter().map(ToString::to_string)).collect();
    let help = format!("write {}", all.join(" or "));
    file.fault(node.span, format!("`{path}` is `{text}`"), help);
    None
}
