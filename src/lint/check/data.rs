//! Rows changed in a migration, and values of enums used too early.

use crate::lint::context::Context;
use crate::lint::finding::Finding;
use crate::lint::rules;
use crate::migration::syntax::{Name, Tree, ast};
use crate::text::Span;

pub(super) fn check(context: &Context<'_>, tree: &Tree) -> Vec<Finding> {
    every_row(context, tree).into_iter().collect()
}

fn every_row(context: &Context<'_>, tree: &Tree) -> Option<Finding> {
    let (verb, relation, is_narrowed) = match &tree.statement {
        ast::Stmt::Update(update) => {
            let is_narrowed = update.where_clause_or_current_of().is_some();
            ("Updates", update.relation_name()?, is_narrowed)
        }
        ast::Stmt::Delete(delete) => {
            let is_narrowed = delete.where_clause_or_current_of().is_some();
            ("Deletes", delete.relation_name()?, is_narrowed)
        }
        _ => return None,
    };
    let table = Name::first_in(&relation).filter(|table| !context.is_new(table))?;
    if is_narrowed {
        return None;
    }
    let span = Span::new(context.statement.span.start, tree.span(&relation).end);
    let Some(locked) = &context
        .seen
        .locked
        .as_ref()
        .filter(|_| context.script.in_transaction())
    else {
        let message = format!("{verb} every row of `{table}` in one statement");
        return Some(context.finding(&rules::CHANGE_WITHOUT_WHERE, span, message));
    };
    let message = format!(
        "{verb} every row of `{table}` while `{}` is locked",
        locked.table
    );
    let finding = context.finding(&rules::DATA_CHANGE_UNDER_LOCK, span, message);
    let label = "this lock is held until the file is done";
    Some(finding.related(&context.script.source, locked.span, label))
}

/// A statement that writes a value which this transaction added to an enum. It needs no tree.
pub(super) fn value_in_use(context: &Context<'_>) -> Option<Finding> {
    let is_ddl_of_type = matches!(
        context
            .statement
            .words
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .as_slice(),
        ["alter", "type", ..] | ["comment", ..]
    );
    if !context.script.in_transaction() || is_ddl_of_type {
        return None;
    }
    let source = &context.script.source;
    let text = source.slice(context.statement.span);
    let values = context.seen.enum_values.iter();
    let (value, added, at) = values
        .filter_map(|(value, added)| Some((value, added, text.find(value.as_str())?)))
        .next()?;
    let start = context.statement.span.start + at;
    let message = format!("The server refuses {value} until the value is committed");
    let span = Span::new(start, start + value.len());
    let finding = context.finding(&rules::ENUM_VALUE_IN_USE, span, message);
    Some(finding.related(source, *added, "it is added here, in the same transaction"))
}
