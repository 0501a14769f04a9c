//! What readers of Compose and Pod files share: from a path to documents, and from faults to what a
//! user is shown.

use std::collections::BTreeSet;
use std::path::Path;

use super::Context;
use crate::diagnostic::{Diagnostic, Severity};
use crate::template::Expanded;
use crate::text::{self, Source, Span};
use crate::yaml::{self, Node};

/// The documents of the file that hold anything.
pub(super) fn documents(path: &Path, shown: &Path) -> Result<(Source, Vec<Node>), Vec<Diagnostic>> {
    let source = text::read(path, shown).map_err(|error| vec![Diagnostic::from(error)])?;
    let mut documents = yaml::parse(&source)?;
    documents.retain(|document| !document.is_null());
    Ok((source, documents))
}

/// What went wrong in expanding: undefined variables are errors unless the user allows them.
pub(super) fn faults(expanded: &Expanded, context: &Context<'_>) -> Vec<Diagnostic> {
    let mut undefined = expanded.undefined();
    if context.allow_undefined {
        for diagnostic in &mut undefined {
            diagnostic.severity = Severity::Warning;
        }
    }
    let mut diagnostics = expanded.diagnostics.clone();
    diagnostics.extend(undefined);
    diagnostics
}

/// The diagnostics of `found` that do not merely follow from an error of expansion in the same
/// value, such as an image name that is empty because its variable is undefined.
pub(super) fn beside(found: Vec<Diagnostic>, expansion: &[Diagnostic]) -> Vec<Diagnostic> {
    let bad: Vec<Span> = expansion
        .iter()
        .filter(|diagnostic| diagnostic.is_error())
        .filter_map(|diagnostic| Some(diagnostic.place.as_ref()?.span))
        .collect();
    let follows = |diagnostic: &Diagnostic| {
        let place = diagnostic.place.as_ref();
        place.is_some_and(|place| {
            let inside = |bad: &Span| place.span.start <= bad.start && bad.end <= place.span.end;
            bad.iter().any(inside)
        })
    };
    found.into_iter().filter(|one| !follows(one)).collect()
}

/// Drops from the diagnostics after `before` those that an earlier owner of the same merged value
/// has caused already; `owner` is the name that their paths hold.
pub(super) fn once(
    diagnostics: &mut Vec<Diagnostic>,
    before: usize,
    owner: &str,
    seen: &mut BTreeSet<(usize, String)>,
) {
    let fresh = diagnostics.split_off(before.min(diagnostics.len()));
    let path = format!("services.{owner}");
    for diagnostic in fresh {
        let start = diagnostic.place.as_ref().map_or(0, |place| place.span.start);
        let message = diagnostic.message.replace(&path, "services.*");
        if seen.insert((start, message)) {
            diagnostics.push(diagnostic);
        }
    }
}

/// In the order of the file, each once, and without secrets.
pub(super) fn presentable(
    mut diagnostics: Vec<Diagnostic>,
    context: &Context<'_>,
) -> Vec<Diagnostic> {
    for diagnostic in &mut diagnostics {
        let mask = |text: &str| context.variables.mask(text);
        diagnostic.message = mask(&diagnostic.message);
        diagnostic.label = diagnostic.label.as_deref().map(mask);
        diagnostic.help = diagnostic.help.as_deref().map(mask);
    }
    diagnostics.sort_by_key(|diagnostic| diagnostic.place.as_ref().map(|place| place.span.start));
    let mut unique: Vec<Diagnostic> = Vec::with_capacity(diagnostics.len());
    for diagnostic in diagnostics {
        let same = |other: &Diagnostic| {
            other.place.as_ref().map(|place| place.span) == diagnostic.place.as_ref().map(|place| place.span)
        };
        let known = unique.iter().rev().take_while(|other| same(other));
        if !known.into_iter().any(|other| *other == diagnostic) {
            unique.push(diagnostic);
        }
    }
    unique
}
