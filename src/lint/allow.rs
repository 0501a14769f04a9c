//! Findings that the file itself allows, each with a reason.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, nearest};
use crate::migration::{Allow, Script};

use super::finding::Finding;
use super::rules;

/// What is left of `findings`, and what is wrong with the allows of `script`, in the order of the
/// text.
pub(super) fn apply(script: &Script, findings: Vec<Finding>) -> Vec<Diagnostic> {
    let allows = &script.headers.allows;
    let mut used = BTreeSet::new();
    let mut left = Vec::new();
    for finding in findings {
        let silencing = allows.iter().enumerate();
        let silencing: Vec<usize> = silencing
            .filter(|(_, allow)| silences(script, allow, &finding))
            .map(|(index, _)| index)
            .collect();
        if silencing.is_empty() {
            left.push(finding.diagnostic);
        }
        used.extend(silencing);
    }
    for (index, allow) in allows.iter().enumerate() {
        left.extend(fault(script, allow, used.contains(&index)));
    }
    left.sort_by_key(|diagnostic| diagnostic.place.as_ref().map(|place| place.span));
    left
}

fn silences(script: &Script, allow: &Allow, finding: &Finding) -> bool {
    let statement = allow
        .statement
        .map(|index| script.statements.get(index).map(|s| s.span));
    let is_in_scope = statement.is_none_or(|span| span == finding.statement);
    allow.rule == finding.rule.name && is_in_scope && !allow.reason.is_empty()
}

/// An allow says why, and one that silences nothing is misspelt or left over.
fn fault(script: &Script, allow: &Allow, is_used: bool) -> Option<Diagnostic> {
    let names = || rules::ALL.iter().map(|rule| rule.name);
    let rule = &allow.rule;
    let fault = |message: String| Diagnostic::error(message).at(&script.source, allow.span);
    if !names().any(|name| name == rule) {
        let help = match nearest(rule, names()) {
            Some(known) => format!("did you mean `{known}`?"),
            None => "the name of a rule stands in the brackets of its finding".to_owned(),
        };
        return Some(fault(format!("Lint has no rule `{rule}`")).help(help));
    }
    if allow.reason.is_empty() {
        let fault = fault(format!("`allow {rule}` says no reason"));
        return Some(fault.help("write behind the rule why it is right here"));
    }
    (!is_used).then(|| {
        Diagnostic::warning(format!("Nothing here needs `allow {rule}`"))
            .at(&script.source, allow.span)
            .help("remove the comment")
    })
}
