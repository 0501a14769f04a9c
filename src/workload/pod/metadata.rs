//! `metadata` of an object
//! (<https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/>).

use std::collections::BTreeMap;

use super::file::{File, Object};
use super::{keys, names};
use crate::text::Span;

#[derive(Debug, Clone)]
pub(super) struct Metadata {
    pub name: String,
    pub name_span: Span,
    pub namespace: String,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
}

/// The metadata of an object that must have a name.
pub(super) fn read(file: &mut File<'_>, object: &Object<'_>) -> Option<Metadata> {
    let path = object.at("metadata");
    let entry = object.required(file, "metadata", "with the `name` of the object")?;
    let metadata = Object::open(file, &entry.value, &path, &keys::METADATA)?;
    let (name, name_span) = names::subdomain(file, &metadata, "name")?;
    Some(with_name(file, &metadata, name, name_span))
}

/// That of a template, which has the name of its owner.
pub(super) fn of_template(
    file: &mut File<'_>,
    template: &Object<'_>,
    owner: &Metadata,
) -> Metadata {
    let (name, span) = (owner.name.clone(), owner.name_span);
    match template.child(file, "metadata", &keys::METADATA) {
        Some(metadata) => with_name(file, &metadata, name, span),
        None => Metadata {
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            ..owner.clone()
        },
    }
}

fn with_name(
    file: &mut File<'_>,
    metadata: &Object<'_>,
    name: String,
    name_span: Span,
) -> Metadata {
    let namespace = metadata.string(file, "namespace");
    Metadata {
        name,
        name_span,
        namespace: namespace.unwrap_or_else(|| "default".to_owned()),
        labels: metadata.map(file, "labels"),
        annotations: metadata.map(file, "annotations"),
    }
}
