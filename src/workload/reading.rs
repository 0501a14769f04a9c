//! What readers of Compose and Pod files share: from a path to documents, and from faults to what a
//! user is shown.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::Context;
use crate::diagnostic::{Diagnostic, Severity};
use crate::template::{Expanded, Use};
use crate::text::{self, Source, Span};
use crate::variables::{Variable, Variables};
use crate::yaml::{self, Node};

/// Most diagnostics of one file that are shown.
const MOST_SHOWN: usize = 500;

/// The documents of the file that hold anything.
pub(super) fn documents(path: &Path, shown: &Path) -> Result<(Source, Vec<Node>), Vec<Diagnostic>> {
    let source = text::read(path, shown).map_err(|error| vec![Diagnostic::from(error)])?;
    let documents = parsed(&source)?;
    Ok((source, documents))
}

/// As [`documents`], of a text that is there.
pub(super) fn parsed(source: &Source) -> Result<Vec<Node>, Vec<Diagnostic>> {
    let mut documents = yaml::parse(source)?;
    documents.retain(|document| !document.is_null());
    Ok(documents)
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
    let bad: BTreeMap<(&Path, usize), usize> = expansion
        .iter()
        .filter(|diagnostic| diagnostic.is_error())
        .filter_map(|diagnostic| diagnostic.place.as_ref())
        .map(|place| ((&*place.source.path, place.span.start), place.span.end))
        .collect();
    let follows = |diagnostic: &Diagnostic| {
        let place = diagnostic.place.as_ref();
        place.is_some_and(|place| {
            let path = &*place.source.path;
            let first = bad.range((path, place.span.start)..).next();
            first.is_some_and(|((file, _), end)| *file == path && *end <= place.span.end)
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
    seen: &mut BTreeSet<(Option<Placed>, String)>,
) {
    let fresh = diagnostics.split_off(before.min(diagnostics.len()));
    let path = format!("services.{owner}");
    for diagnostic in fresh {
        let placed = placed(&diagnostic);
        let message = diagnostic.message.replace(&path, "services.*");
        if seen.insert((placed, message)) {
            diagnostics.push(diagnostic);
        }
    }
}

/// A place that can be compared with others: the file and the span in it.
pub(super) type Placed = (PathBuf, Span);

fn placed(diagnostic: &Diagnostic) -> Option<Placed> {
    let place = diagnostic.place.as_ref()?;
    Some((place.source.path.clone(), place.span))
}

/// In the order of the file, each once, without secrets, and no more than anybody reads.
pub(super) fn presentable(
    mut diagnostics: Vec<Diagnostic>,
    uses: &[Use],
    variables: &Variables,
) -> Vec<Diagnostic> {
    diagnostics.sort_by_cached_key(|one| (placed(one), one.severity, one.message.clone()));
    diagnostics.dedup();
    if diagnostics.len() > MOST_SHOWN {
        let more = diagnostics.len() - MOST_SHOWN;
        diagnostics.sort_by_key(|one| one.severity);
        diagnostics.truncate(MOST_SHOWN);
        diagnostics.push(Diagnostic::error(format!("There are {more} more faults")));
    }
    let secrets: Vec<&Use> = uses
        .iter()
        .filter(|one| {
            let variable = defined(one, variables);
            variable.is_some_and(|variable| variable.secret)
        })
        .collect();
    for diagnostic in &mut diagnostics {
        mask(diagnostic, &secrets, variables);
    }
    diagnostics
}

fn defined<'a>(one: &'a Use, variables: &'a Variables) -> Option<&'a Variable> {
    one.local.as_ref().or_else(|| variables.get(&one.name))
}

/// Hides secrets that the diagnostic quotes, whole or in part.
fn mask(diagnostic: &mut Diagnostic, secrets: &[&Use], variables: &Variables) {
    diagnostic.message = variables.mask(&diagnostic.message);
    let optional = [&mut diagnostic.label, &mut diagnostic.help];
    for text in optional.into_iter().flatten() {
        *text = variables.mask(text);
    }
    if let Some(secret) = shown_in_part(diagnostic, secrets, variables) {
        diagnostic.message = format!("`{}` is not valid with the secret in it", secret.path);
        diagnostic.label = None;
        diagnostic.help = Some(format!("check the value of `{}`", secret.name));
    }
}

/// The use of a secret in the marked value of which the diagnostic quotes a part.
fn shown_in_part<'u>(
    diagnostic: &Diagnostic,
    secrets: &[&'u Use],
    variables: &Variables,
) -> Option<&'u Use> {
    const SHORTEST_PART: usize = 3;
    let marked = diagnostic.place.as_ref()?;
    let inside = |one: &Use| {
        let (outer, inner) = (marked.span, one.place.span);
        let is_within = outer.start <= inner.start && inner.end <= outer.end;
        is_within && one.place.source.path == marked.source.path
    };
    let texts = [&diagnostic.label, &diagnostic.help]
        .into_iter()
        .flatten()
        .chain([&diagnostic.message]);
    let quotes = |value: &str, text: &str| {
        let mut words = text.split(|c: char| !c.is_alphanumeric());
        words.any(|word| word.len() >= SHORTEST_PART && value.contains(word))
    };
    let mut candidates = secrets.iter().copied().filter(|one| inside(one));
    candidates.find(|one| {
        let variable = defined(one, variables);
        let value = variable.map_or("", |variable| variable.value(one.reader));
        texts.clone().any(|text| quotes(value, text))
    })
}
