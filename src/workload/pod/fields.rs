//! Fields of a pod as values: `fieldRef`
//! (<https://kubernetes.io/docs/concepts/workloads/pods/downward-api/>).

use super::file::{File, Object};
use super::member::Owner;
use crate::text::sha256;

/// The fields that are known before the pod runs.
const KNOWN: &str = "metadata.name, metadata.namespace, metadata.uid, metadata.labels['…'], \
                     metadata.annotations['…'], spec.nodeName, spec.serviceAccountName";

/// The value of the field that `field` names by its `fieldPath`.
pub(super) fn value(file: &mut File<'_>, field: &Object<'_>, owner: &Owner<'_>) -> Option<String> {
    let entry = field.required(file, "fieldPath", "for instance `metadata.name`")?;
    let path = file.decoder.string(&entry.value, &field.at("fieldPath"))?;
    let metadata = owner.metadata;
    let of = |map: &std::collections::BTreeMap<String, String>, key: &str| {
        map.get(key).cloned().unwrap_or_default()
    };
    Some(match path.as_str() {
        "metadata.name" => owner.pod.to_owned(),
        "metadata.namespace" => metadata.namespace.clone(),
        "metadata.uid" => uid(&metadata.namespace, owner.pod),
        "spec.nodeName" => owner.node.clone(),
        "spec.serviceAccountName" => owner.account.clone(),
        "status.podIP" | "status.podIPs" | "status.hostIP" | "status.hostIPs" => {
            let message = format!("`{path}` is known only once the pod runs");
            let help = "use the pod's name, which resolves to its address";
            file.fault(entry.value.span, message, help);
            return None;
        }
        _ => match (
            subscript(&path, "metadata.labels"),
            subscript(&path, "metadata.annotations"),
        ) {
            (Some(key), _) => of(&metadata.labels, key),
            (_, Some(key)) => of(&metadata.annotations, key),
            _ => {
                let message = format!("`{path}` is no field that can be read");
                file.fault(entry.value.span, message, format!("fields: {KNOWN}"));
                return None;
            }
        },
    })
}

/// As [`value`], and for a file also all labels or annotations at once.
pub(super) fn whole(file: &mut File<'_>, field: &Object<'_>, owner: &Owner<'_>) -> Option<String> {
    let path = field
        .entry("fieldPath")
        .and_then(|entry| entry.value.as_scalar());
    let map = match path.map(|path| &*path.text) {
        Some("metadata.labels") => &owner.metadata.labels,
        Some("metadata.annotations") => &owner.metadata.annotations,
        _ => return value(file, field, owner),
    };
    let lines = map.iter().map(|(key, value)| format!("{key}={value:?}"));
    Some(lines.collect::<Vec<_>>().join("\n"))
}

/// The key of `metadata.labels['key']`.
fn subscript<'p>(path: &'p str, map: &str) -> Option<&'p str> {
    let inner = path
        .strip_prefix(map)?
        .strip_prefix('[')?
        .strip_suffix(']')?;
    let quoted = |quote: char| inner.strip_prefix(quote)?.strip_suffix(quote);
    quoted('\'').or_else(|| quoted('"'))
}

/// An id that stays the same from start to start.
fn uid(namespace: &str, pod: &str) -> String {
    let hash = sha256(&format!("{namespace}/{pod}"));
    let part = |from: usize, to: usize| hash.get(from..to).unwrap_or_default().to_owned();
    let parts = [
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32),
    ];
    parts.join("-")
}
