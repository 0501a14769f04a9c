//! A file whose services others extend, and what was told of each.

use std::collections::HashMap;

use crate::diagnostic::{Diagnostic, Place};
use crate::text::{Sources, Span};
use crate::workload::compose::project::{Found, Link};
use crate::yaml::{Mapping, Node, Value};

/// By name.
pub(super) type Services = HashMap<String, Node>;

pub(super) fn indexed(services: Mapping) -> Services {
    let entries = services.entries.into_iter();
    entries
        .map(|one| (one.key.to_string(), one.value))
        .collect()
}

/// A file with services that others may extend.
pub(super) struct Home {
    pub link: Option<Link>,
    pub services: Services,
    /// What expanding the file told; taken over for the services that are used.
    pub found: Found,
    /// Services that are complete.
    pub resolved: HashMap<String, Node>,
}

impl Home {
    /// Takes out what was told of `service`, and of the file as such.
    pub fn told_of(&mut self, service: &str, sources: &Sources) -> Found {
        let mut spans = Vec::new();
        if let Some(node) = self.services.get(service) {
            scalars(node, &mut spans);
        }
        spans.sort_unstable();
        let spans = spans.into_iter();
        let places: Vec<Place> = spans.map(|span| Place::within(sources, span)).collect();
        let is_inside = |place: &Place| {
            let after = places.partition_point(|one| one.span.start <= place.span.start);
            let candidate = after.checked_sub(1).and_then(|at| places.get(at));
            candidate.is_some_and(|one| place.span.end <= one.span.end)
        };
        // A value that refers to others is at fault where it is written, in another file.
        let told = |one: &Diagnostic| {
            let related = one.related.iter().map(|(place, _)| place);
            one.place.iter().chain(related).any(is_inside)
        };
        Found {
            expansion: taken(&mut self.found.expansion, told),
            diagnostics: std::mem::take(&mut self.found.diagnostics),
            uses: taken(&mut self.found.uses, |one| is_inside(&one.place)),
        }
    }
}

/// Takes out what `wanted` holds for.
fn taken<T>(from: &mut Vec<T>, wanted: impl Fn(&T) -> bool) -> Vec<T> {
    from.extract_if(.., |one| wanted(one)).collect()
}

/// Where the scalars below `node` stand.
fn scalars(node: &Node, spans: &mut Vec<Span>) {
    match &node.value {
        Value::Scalar(_) => spans.push(node.span),
        Value::Sequence(items) => items.iter().for_each(|item| scalars(item, spans)),
        Value::Mapping(mapping) => {
            let values = mapping.entries.iter().map(|entry| &entry.value);
            values.for_each(|value| scalars(value, spans));
        }
    }
}
