//! Pod files (<https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/>).
//!
//! They are read and expanded, so that a dry run lists their variables; running them comes later.

use std::path::Path;

use super::{Context, Loaded, reading};
use crate::diagnostic::Diagnostic;
use crate::template::{self, Scope};
use crate::text::Span;
use crate::variables::Reader;
use crate::yaml::Node;

/// Expands every document of the file; the one thing that it cannot do yet is an error.
pub(super) fn load(path: &Path, shown: &Path, context: &Context<'_>) -> Loaded {
    let (source, documents) = match reading::documents(path, shown) {
        Ok(read) => read,
        Err(diagnostics) => {
            return Loaded {
                diagnostics,
                ..Loaded::default()
            };
        }
    };
    let first_line = source.text.lines().next().unwrap_or_default().len();
    let not_yet = Diagnostic::error("Pod files are not run yet")
        .at(&source, Span::new(0, first_line))
        .help("describe the same containers in a Compose file and name it under `compose:`");
    let mut loaded = Loaded {
        diagnostics: vec![not_yet],
        files: vec![shown.to_path_buf()],
        ..Loaded::default()
    };
    for document in &documents {
        let reader = reader_of(document);
        let scope = Scope {
            variables: context.variables,
            reader: &|_| reader,
        };
        let expanded = template::expand(&source, document, &scope);
        loaded
            .diagnostics
            .extend(reading::faults(&expanded, context));
        loaded.uses.extend(expanded.uses);
    }
    loaded.diagnostics = reading::presentable(loaded.diagnostics, &loaded.uses, context.variables);
    loaded
}

/// A pod with `hostNetwork: true` reads the host's addresses; of a Deployment its template counts.
fn reader_of(document: &Node) -> Reader {
    let spec = document.get("spec");
    let template = spec
        .and_then(|spec| spec.get("template"))
        .and_then(|template| template.get("spec"));
    let on_host = [spec, template].into_iter().flatten().any(|spec| {
        let network = spec.get("hostNetwork").and_then(Node::as_scalar);
        network.is_some_and(|network| &*network.text == "true")
    });
    if on_host {
        Reader::Host
    } else {
        Reader::Network
    }
}

#[cfg(test)]
mod tests;
