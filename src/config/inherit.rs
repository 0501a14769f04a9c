//! `defaults` and `extends`: lays each environment over its parent and the defaults.

use std::collections::HashMap;

use super::layer::Layer;
use crate::diagnostic::{brief, nearest};
use crate::names::EnvironmentName;
use crate::text::Span;
use crate::yaml::decode::Decoder;

/// Most values that all environments together may hold after merging.
pub(super) const MAX_VALUES: usize = 200_000;

/// Names that a suggestion considers; more would cost more than they help.
const MAX_CANDIDATES: usize = 100;

/// Names of a circle that a message lists.
const MAX_LISTED: usize = 8;

/// An environment as the file writes it.
pub(super) struct Written {
    pub name: EnvironmentName,
    /// Its key as written; after a fault it is not the name.
    pub key: String,
    pub key_span: Span,
    /// The value of `extends` with its place.
    pub extends: Option<(String, Span)>,
    pub layer: Layer,
}

/// Lays every environment over its parents and `defaults`, in the order of `written`.
///
/// Unknown parents and circles are reported; such an environment is laid over `defaults` alone.
/// `None` when merging multiplies the values of the file beyond [`MAX_VALUES`].
pub(super) fn merge(
    decoder: &mut Decoder<'_>,
    written: &[Written],
    defaults: &Layer,
) -> Option<Vec<Layer>> {
    let mut parents = parents(decoder, written);
    break_circles(decoder, written, &mut parents);
    let mut merged: Vec<Option<Layer>> = vec![None; written.len()];
    let mut values = 0;
    for start in 0..written.len() {
        for index in unmerged_line(start, &parents, &merged).into_iter().rev() {
            let environment = written.get(index)?;
            let parent = parents.get(index).copied().flatten();
            let base = parent.and_then(|parent| merged.get(parent)?.as_ref());
            let layer = environment.layer.clone().over(base.unwrap_or(defaults));
            values += layer.weight();
            if values > MAX_VALUES {
                report_excess(decoder, environment);
                return None;
            }
            *merged.get_mut(index)? = Some(layer);
        }
    }
    merged.into_iter().collect()
}

/// `start` and its ancestors up to the first one that is merged already, nearest first.
fn unmerged_line(start: usize, parents: &[Option<usize>], merged: &[Option<Layer>]) -> Vec<usize> {
    let parent_of = |index: &usize| parents.get(*index).copied().flatten();
    std::iter::successors(Some(start), parent_of)
        .take_while(|index| merged.get(*index).is_some_and(Option::is_none))
        .collect()
}

fn report_excess(decoder: &mut Decoder<'_>, environment: &Written) {
    let message = format!("The environments hold more than {MAX_VALUES} values");
    decoder.error(environment.key_span, message).help =
        Some("`defaults` and `extends` multiply what they hold; write fewer values".to_owned());
}

/// The index of each environment's parent.
fn parents(decoder: &mut Decoder<'_>, written: &[Written]) -> Vec<Option<usize>> {
    let by_key: HashMap<&str, usize> = written
        .iter()
        .enumerate()
        .map(|(index, environment)| (environment.key.as_str(), index))
        .collect();
    let mut parents = Vec::with_capacity(written.len());
    for environment in written {
        let parent = environment.extends.as_ref().and_then(|(name, span)| {
            let parent = by_key.get(name.as_str()).copied();
            if parent.is_none() {
                report_unknown(decoder, name, *span, written);
            }
            parent
        });
        parents.push(parent);
    }
    parents
}

/// Reports that `name` is no environment, with the nearest one that is.
pub(super) fn report_unknown(
    decoder: &mut Decoder<'_>,
    name: &str,
    span: Span,
    written: &[Written],
) {
    let candidates = || {
        let keys = written.iter().map(|environment| environment.key.as_str());
        keys.take(MAX_CANDIDATES)
    };
    let help = match nearest(name, candidates()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let known: Vec<_> = candidates().take(MAX_LISTED).map(brief).collect();
            format!("environments: {}", known.join(", "))
        }
    };
    let message = format!("There is no environment `{}`", brief(name));
    decoder.error(span, message).help = Some(help);
}

/// Reports each circle once and cuts it open where it was entered.
fn break_circles(decoder: &mut Decoder<'_>, written: &[Written], parents: &mut [Option<usize>]) {
    // The walk on which an environment was seen first; walks are numbered by where they start.
    let mut walks: Vec<Option<usize>> = vec![None; parents.len()];
    for start in 0..parents.len() {
        let mut at = Some(start);
        while let Some(index) = at {
            let Some(walk) = walks.get_mut(index) else {
                break;
            };
            if *walk == Some(start) {
                report_circle(decoder, written, parents, index);
                if let Some(parent) = parents.get_mut(index) {
                    *parent = None;
                }
            }
            if walk.is_some() {
                break;
            }
            *walk = Some(start);
            at = parents.get(index).copied().flatten();
        }
    }
}

fn report_circle(
    decoder: &mut Decoder<'_>,
    written: &[Written],
    parents: &[Option<usize>],
    start: usize,
) {
    let parent_of = |index: usize| parents.get(index).copied().flatten();
    let circle = std::iter::successors(parent_of(start), |index| {
        Some(*index)
            .filter(|index| *index != start)
            .and_then(parent_of)
    });
    let mut names: Vec<_> = std::iter::once(start)
        .chain(circle)
        .filter_map(|index| written.get(index))
        .map(|environment| brief(&environment.key))
        .collect();
    if names.len() > MAX_LISTED {
        names.truncate(MAX_LISTED);
        names.push("…".into());
    }
    let Some((_, span)) = written.get(start).and_then(|it| it.extends.as_ref()) else {
        return;
    };
    let message = format!("`extends` goes in a circle: {}", names.join(" → "));
    decoder.error(*span, message).help =
        Some("remove one `extends`, or move what they share to `defaults`".to_owned());
}
