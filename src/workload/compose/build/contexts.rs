//! `build.additional_contexts`: folders, images and other services that a Dockerfile may name
//! (<https://github.com/compose-spec/compose-spec/blob/main/build.md#additional_contexts>).

use std::collections::BTreeMap;

use super::super::file::File;
use super::super::{pairs, paths};
use crate::text::Span;
use crate::workload::model::NamedContext;
use crate::yaml::Node;

pub(super) fn read(file: &mut File<'_>, node: &Node, path: &str) -> BTreeMap<String, NamedContext> {
    let mut contexts = BTreeMap::new();
    for pair in pairs::read(file, node, path) {
        if !is_stage(&pair.name) {
            let message = format!("`{}` is no name for a context", pair.name);
            let help = "use lower-case letters, digits, `-`, `_` and `.`, a letter first";
            file.fault(pair.span, message, help);
            continue;
        }
        let written = pair.value.unwrap_or_default();
        if let Some(context) = context(file, pair.span, &written) {
            contexts.insert(pair.name, context);
        }
    }
    contexts
}

/// The names that a stage of a Dockerfile may have.
fn is_stage(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(allowed)
}

fn context(file: &mut File<'_>, span: Span, written: &str) -> Option<NamedContext> {
    if let Some(image) = written.strip_prefix("docker-image://") {
        return Some(NamedContext::Image(image.to_owned()));
    }
    if let Some(service) = written.strip_prefix("service:") {
        return file
            .has_service(span, service)
            .then(|| NamedContext::Service(service.to_owned()));
    }
    if written.is_empty() || written.contains("://") || written.starts_with("git@") {
        let message =
            format!("The context `{written}` is neither a folder of this host nor an image");
        let help = "name a folder, `docker-image://<image>` or `service:<name>`; fetch anything \
                    else first";
        file.fault(span, message, help);
        return None;
    }
    let folder = paths::resolve(file, span, written)?;
    if file.current.active && !folder.is_dir() {
        let message = format!("The context `{}` is not a folder", folder.display());
        let help = "a relative path starts at the folder of the Compose file";
        file.fault(span, message, help);
        return None;
    }
    Some(NamedContext::Folder(folder))
}
