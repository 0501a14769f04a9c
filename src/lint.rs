//! Dangerous DDL, named at its line: locks that make others wait, rewrites, what breaks the code
//! that uses the database. Needs no server and decides nothing: it gives diagnostics.
//!
//! Each statement is parsed by itself and seen by every check in [`check`]; [`rules`] describes
//! what they find. A table that the migration makes itself is nobody's yet: its locks are no
//! finding. SQL that the parser does not understand is no fault, the server is its judge.

use std::collections::BTreeSet;

use crate::diagnostic::Diagnostic;
use crate::migration::Script;
use crate::migration::syntax::Tree;

mod allow;
mod check;
mod context;
mod finding;
mod rules;
#[cfg(test)]
mod tests;

pub use rules::Rule;

use context::{Context, Seen};

/// What lint cannot see in the file itself.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// A migration that should have a rollback file has none.
    pub missing_rollback: bool,
    /// The file takes a migration back: dropping and renaming are what it is for.
    pub is_rollback: bool,
    /// What pending files before this one make, as [`created`] names it.
    pub new_tables: &'a BTreeSet<String>,
    /// Major version of the server, where it is known.
    pub server_major: Option<u32>,
}

/// Every rule, in the order of their kinds.
#[must_use]
pub fn rules() -> &'static [&'static Rule] {
    rules::ALL
}

/// What is dangerous in `script`, in the order of its text, and what is wrong with its
/// `-- poststack: allow RULE reason` comments.
#[must_use]
pub fn check(script: &Script, facts: &Facts<'_>) -> Vec<Diagnostic> {
    let trees = trees(script);
    let all_created = created_by(&trees);
    let mut seen = Seen::default();
    let mut findings = check::file(script, facts);
    for (statement, tree) in script.statements.iter().zip(&trees) {
        let context = Context {
            script,
            facts,
            statement,
            seen: &seen,
            all_created: &all_created,
        };
        findings.extend(check::statement(&context, tree.as_ref()));
        if let Some(tree) = tree {
            seen.take(tree, |name| !facts.new_tables.contains(name.as_str()));
        }
    }
    if facts.is_rollback {
        findings.retain(|finding| !check::is_the_purpose_of_a_rollback(finding.rule));
    }
    allow::apply(script, findings)
}

/// The tables, views, types and indexes that `script` makes, as `name` or `schema.name`.
#[must_use]
pub fn created(script: &Script) -> BTreeSet<String> {
    created_by(&trees(script))
}

fn created_by(trees: &[Option<Tree>]) -> BTreeSet<String> {
    let mut seen = Seen::default();
    for tree in trees.iter().flatten() {
        seen.take(tree, |_| true);
    }
    seen.created
}

/// The statements in which something can be found, as trees.
fn trees(script: &Script) -> Vec<Option<Tree>> {
    let statements = script.statements.iter();
    let tree = |statement| {
        let is_wanted = check::may_matter(statement);
        is_wanted.then(|| Tree::parse(&script.source, statement))?
    };
    statements.map(tree).collect()
}
