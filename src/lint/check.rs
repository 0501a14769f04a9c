//! The checks: each sees one statement and gives what it finds there.

use crate::migration::syntax::{Name, Tree, ast};
use crate::migration::{Script, Statement};
use crate::text::Span;

use super::context::Context;
use super::finding::Finding;
use super::{Facts, Rule, rules};

mod breaking;
mod column;
mod constraint;
mod data;
mod index;
mod maintenance;
mod table;
mod transaction;
mod types;

/// One check; it gives nothing for a statement that is not its concern.
type Check = fn(&Context<'_>, &Tree) -> Vec<Finding>;

const CHECKS: &[Check] = &[
    index::check,
    maintenance::check,
    table::check,
    constraint::check,
    column::check,
    breaking::check,
    types::check,
    transaction::check,
    data::check,
];

/// Statements that some check looks at, by their first word.
const FIRST_WORDS: &[&str] = &[
    "alter", "cluster", "create", "delete", "do", "drop", "lock", "refresh", "reindex", "set",
    "truncate", "update", "vacuum", "with",
];

/// Created things in which nothing can be found; their bodies are long.
const HARMLESS: &[&str] = &[
    "aggregate",
    "cast",
    "collation",
    "conversion",
    "function",
    "operator",
    "or",
    "policy",
    "procedure",
    "publication",
    "role",
    "rule",
    "server",
    "statistics",
    "subscription",
    "text",
    "transform",
    "user",
];

/// Whether a check looks at such a statement at all.
pub(super) fn may_matter(statement: &Statement) -> bool {
    let mut words = statement.words.iter().map(String::as_str);
    match words.next() {
        Some("create") => words
            .next()
            .is_none_or(|second| !HARMLESS.contains(&second)),
        Some("select") => words.any(|word| word == "into"),
        Some(first) => FIRST_WORDS.contains(&first),
        None => false,
    }
}

/// What is found in one statement. `tree` is `None` where the parser gave up.
pub(super) fn statement(context: &Context<'_>, tree: Option<&Tree>) -> Vec<Finding> {
    let mut found: Vec<Finding> = match tree.filter(|tree| tree.is_whole()) {
        Some(tree) => CHECKS
            .iter()
            .flat_map(|check| check(context, tree))
            .collect(),
        None => not_checked(context).into_iter().collect(),
    };
    found.extend(data::value_in_use(context));
    found
}

/// What is found in the file as a whole.
pub(super) fn file(script: &Script, facts: &Facts<'_>) -> Vec<Finding> {
    let missing = facts.missing_rollback.then(|| missing_rollback(script));
    let timeout = transaction::lock_timeout_header_off(script);
    missing.into_iter().chain(timeout).collect()
}

pub(super) fn is_the_purpose_of_a_rollback(rule: &Rule) -> bool {
    let purposes = [
        &rules::DROP_TABLE,
        &rules::DROP_COLUMN,
        &rules::DROP_VIEW,
        &rules::DROP_TYPE,
        &rules::DROP_SCHEMA,
        &rules::RENAME_COLUMN,
        &rules::RENAME_TABLE,
    ];
    purposes.iter().any(|purpose| purpose.name == rule.name)
}

fn missing_rollback(script: &Script) -> Finding {
    let stem = script.source.path.file_stem().unwrap_or_default();
    let message = format!("There is no `{}.rollback.sql`", stem.to_string_lossy());
    Finding::new(
        &rules::MISSING_ROLLBACK,
        &script.source,
        Span::at(0),
        message,
    )
}

/// Nothing is said of statements that hold data or queries: the parser is for DDL.
fn not_checked(context: &Context<'_>) -> Option<Finding> {
    let first = context.statement.words.first()?;
    let is_ddl = matches!(
        first.as_str(),
        "alter"
            | "cluster"
            | "create"
            | "drop"
            | "lock"
            | "refresh"
            | "reindex"
            | "truncate"
            | "vacuum"
    );
    if !is_ddl || !may_matter(context.statement) {
        return None;
    }
    let message = "The statement was not checked".to_owned();
    Some(context.finding(&rules::NOT_CHECKED, context.statement.span, message))
}

/// A table and what `ALTER TABLE` does to it.
fn table_actions(tree: &Tree) -> Option<(Name, Vec<ast::AlterTableAction>)> {
    match &tree.statement {
        ast::Stmt::AlterTable(alter) => {
            let table = Name::first_in(&alter.table_relation_name()?)?;
            Some((table, alter.actions().collect()))
        }
        ast::Stmt::AlterMaterializedView(alter) => {
            let view = Name::first_in(&alter.view_ref()?)?;
            let actions = alter.action().filter_map(|action| match action {
                ast::AlterMaterializedViewAction::AlterTableAction(action) => Some(action),
                _ => None,
            });
            Some((view, actions.collect()))
        }
        _ => None,
    }
}
