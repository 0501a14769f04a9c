//! Findings that the file itself allows, each with a reason.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, nearest};
use crate::migration::Script;
use crate::text::Span;

use super::finding::Finding;
use super::rules;

/// `-- poststack: allow RULE: REASON`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allow {
    pub rule: String,
    /// Why it is right here; never empty.
    pub reason: String,
    /// Of the comment.
    pub span: Span,
    /// The statement it is for; `None` for the whole file.
    pub statement: Option<Span>,
}

/// What is left of `findings`, and what is wrong with `allows`, in the order of the text.
pub(super) fn apply(script: &Script, allows: &[Allow], findings: Vec<Finding>) -> Vec<Diagnostic> {
    let mut used = BTreeSet::new();
    let mut left = Vec::new();
    for finding in findings {
        let mut silencing = allows
            .iter()
            .enumerate()
            .filter(|(_, allow)| silences(allow, &finding));
        match silencing.next() {
            Some((index, _)) => {
                used.insert(index);
            }
            None => left.push(finding.diagnostic),
        }
    }
    let unused = allows
        .iter()
        .enumerate()
        .filter(|(index, _)| !used.contains(index));
    left.extend(unused.map(|(_, allow)| fault(script, allow)));
    left.sort_by_key(|diagnostic| diagnostic.place.as_ref().map(|place| place.span));
    left
}

fn silences(allow: &Allow, finding: &Finding) -> bool {
    let is_in_scope = allow.statement.is_none() || allow.statement == finding.statement;
    allow.rule == finding.rule.name && is_in_scope
}

/// An allow that silences nothing is misspelt or left over.
fn fault(script: &Script, allow: &Allow) -> Diagnostic {
    let names = || rules::ALL.iter().map(|rule| rule.name);
    let rule = &allow.rule;
    if names().any(|name| name == rule) {
        return Diagnostic::warning(format!("Nothing here needs `allow {rule}`"))
            .at(&script.source, allow.span)
            .help("remove the comment");
    }
    let fault =
        Diagnostic::error(format!("Lint has no rule `{rule}`")).at(&script.source, allow.span);
    match nearest(rule, names()) {
        Some(known) => fault.help(format!("did you mean `{known}`?")),
        None => fault.help("`poststack db lint --rules` lists them all"),
    }
}
