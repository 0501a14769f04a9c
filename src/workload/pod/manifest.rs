//! The documents of a file, by kind. Objects that pods refer to are read first, wherever they stand.

use super::file::{File, Object};
use super::objects::{self, DataKind};
use super::{claims, keys, metadata};
use crate::diagnostic::{brief, nearest};
use crate::yaml::Node;

/// A kind that makes pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Controller {
    Pod,
    Deployment,
    Job,
    DaemonSet,
}

/// The kinds that are read, with the version of their API.
const KINDS: [(&str, &str); 7] = [
    ("Pod", "v1"),
    ("Deployment", "apps/v1"),
    ("Job", "batch/v1"),
    ("DaemonSet", "apps/v1"),
    ("ConfigMap", "v1"),
    ("Secret", "v1"),
    ("PersistentVolumeClaim", "v1"),
];

/// Other kinds of Kubernetes that are met in such files, with what to do instead.
const REFUSED: [(&str, &str); 9] = [
    (
        "CronJob",
        "run its job from a timer of the host, or as a Job",
    ),
    (
        "StatefulSet",
        "write a Deployment with a PersistentVolumeClaim",
    ),
    ("ReplicaSet", "write a Deployment"),
    ("ReplicationController", "write a Deployment"),
    (
        "Service",
        "pods find each other by their names; publish a port with `hostPort`",
    ),
    ("Ingress", "publish a port with `hostPort`"),
    ("Namespace", "each environment has its own network already"),
    (
        "PersistentVolume",
        "a PersistentVolumeClaim is a volume of the engine already",
    ),
    ("ServiceAccount", "there is no cluster that would know it"),
];

/// The documents that make pods; a list stands for its items. Everything else goes into the file's
/// objects.
pub(super) fn read<'n>(file: &mut File<'_>, documents: &'n [Node]) -> Vec<(Controller, &'n Node)> {
    let mut nodes = Vec::new();
    for document in documents {
        flatten(file, document, &mut nodes);
    }
    let mut controllers = Vec::new();
    for (kind, node) in nodes {
        match kind.as_str() {
            "Pod" => controllers.push((Controller::Pod, node)),
            "Deployment" => controllers.push((Controller::Deployment, node)),
            "Job" => controllers.push((Controller::Job, node)),
            "DaemonSet" => controllers.push((Controller::DaemonSet, node)),
            "ConfigMap" => objects::data(file, node, DataKind::ConfigMap),
            "Secret" => objects::data(file, node, DataKind::Secret),
            _ => claims::read(file, node),
        }
    }
    controllers
}

fn flatten<'n>(file: &mut File<'_>, node: &'n Node, nodes: &mut Vec<(String, &'n Node)>) {
    let Some(mapping) = node.as_mapping() else {
        let message = format!("An object is a mapping, this is {}", node.kind());
        let span = file.decoder.head(node);
        file.fault(span, message, "start with `apiVersion:` and `kind:`");
        return;
    };
    let Some(entry) = mapping.entry("kind").filter(|entry| !entry.value.is_null()) else {
        let span = file.decoder.head(node);
        file.fault(
            span,
            "The object has no `kind`",
            "add for instance `kind: Pod`",
        );
        return;
    };
    let Some(kind) = file.decoder.string(&entry.value, "kind") else {
        return;
    };
    if kind == "List" {
        if let Some(list) = Object::open(file, node, "", &keys::LIST) {
            list.child(file, "metadata", &keys::LIST_METADATA);
            for item in list.items(file, "items") {
                flatten(file, item, nodes);
            }
        }
        return;
    }
    let Some((_, version)) = KINDS.iter().find(|(known, _)| *known == kind) else {
        unknown(file, &entry.value, &kind);
        return;
    };
    check_version(file, node, &kind, version);
    nodes.push((kind, node));
}

fn unknown(file: &mut File<'_>, node: &Node, kind: &str) {
    let known = || KINDS.iter().map(|(kind, _)| *kind);
    let refused = REFUSED.iter().find(|(name, _)| *name == kind);
    let help = match (refused, nearest(kind, known())) {
        (Some((_, help)), _) => (*help).to_owned(),
        (None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None) => format!("kinds: {}", known().collect::<Vec<_>>().join(", ")),
    };
    let message = format!("Objects of kind `{}` are not supported", brief(kind));
    file.fault(node.span, message, help);
}

fn check_version(file: &mut File<'_>, node: &Node, kind: &str, wanted: &str) {
    let version = node.get("apiVersion").filter(|version| !version.is_null());
    let Some(version) = version else {
        let span = file.decoder.head(node);
        let message = format!("The {kind} has no `apiVersion`");
        file.fault(span, message, format!("add `apiVersion: {wanted}`"));
        return;
    };
    if let Some(text) = file.decoder.string(version, "apiVersion")
        && text != wanted
    {
        let message = format!("`apiVersion` of a {kind} is `{}`", brief(&text));
        file.fault(
            version.span,
            message,
            format!("write `apiVersion: {wanted}`"),
        );
    }
}

/// The metadata of a controller, for the readers of its parts.
pub(super) fn opened<'n>(
    file: &mut File<'_>,
    node: &'n Node,
) -> Option<(Object<'n>, metadata::Metadata)> {
    let object = Object::open(file, node, "", &keys::POD)?;
    let metadata = metadata::read(file, &object)?;
    Some((object, metadata))
}
