//! What does not go together with a transaction, or with the lock timeout of the runner.

use std::time::Duration;

use crate::lint::context::Context;
use crate::lint::finding::Finding;
use crate::lint::rules;
use crate::migration::Script;
use crate::migration::syntax::{AstNode, Tree, ast};
use crate::text::Span;

pub(super) fn check(context: &Context<'_>, tree: &Tree) -> Vec<Finding> {
    let found = [
        needs_no_transaction(context, tree),
        inside_do(context, tree),
        lock_timeout_off(context, tree),
    ];
    found.into_iter().flatten().collect()
}

fn needs_no_transaction(context: &Context<'_>, tree: &Tree) -> Option<Finding> {
    if !context.script.in_transaction() {
        return None;
    }
    let what = refused(context, &tree.statement)?;
    let message = format!("{what} cannot run inside a transaction");
    Some(context.finding(
        &rules::NEEDS_NO_TRANSACTION,
        context.statement.span,
        message,
    ))
}

/// What the server refuses inside a transaction, as messages name it.
fn refused(context: &Context<'_>, statement: &ast::Stmt) -> Option<&'static str> {
    use ast::Stmt;
    match statement {
        Stmt::CreateIndex(create) => create
            .concurrently_token()
            .map(|_| "`CREATE INDEX CONCURRENTLY`"),
        Stmt::DropIndex(drop) => drop
            .concurrently_token()
            .map(|_| "`DROP INDEX CONCURRENTLY`"),
        Stmt::Reindex(reindex) => refused_reindex(reindex),
        Stmt::Vacuum(_) => Some("`VACUUM`"),
        Stmt::CreateDatabase(_) => Some("`CREATE DATABASE`"),
        Stmt::DropDatabase(_) => Some("`DROP DATABASE`"),
        Stmt::CreateTablespace(_) => Some("`CREATE TABLESPACE`"),
        Stmt::DropTablespace(_) => Some("`DROP TABLESPACE`"),
        Stmt::AlterSystem(_) => Some("`ALTER SYSTEM`"),
        Stmt::AlterType(alter) if context.is_before(12) => match alter.action() {
            Some(ast::AlterTypeAction::AddValue(_)) => Some("`ALTER TYPE … ADD VALUE`"),
            _ => None,
        },
        Stmt::AlterTable(alter) => {
            let detaches = alter.actions().any(|action| match action {
                ast::AlterTableAction::DetachPartition(detach) => {
                    let option = detach.detach_partition_option();
                    matches!(
                        option,
                        Some(ast::DetachPartitionOption::DetachConcurrently(_))
                    )
                }
                _ => false,
            });
            detaches.then_some("`DETACH PARTITION … CONCURRENTLY`")
        }
        _ => None,
    }
}

fn refused_reindex(reindex: &ast::Reindex) -> Option<&'static str> {
    use ast::ReindexTarget as Target;
    if reindex.is_concurrently() {
        return Some("`REINDEX CONCURRENTLY`");
    }
    match reindex.reindex_target()? {
        Target::ReindexTargetDatabase(_) | Target::ReindexTargetSystem(_) => {
            Some("`REINDEX DATABASE`")
        }
        Target::ReindexTargetSchema(_) => Some("`REINDEX SCHEMA`"),
        _ => None,
    }
}

/// A `DO` block is inside a transaction wherever it is run.
fn inside_do(context: &Context<'_>, tree: &Tree) -> Option<Finding> {
    let ast::Stmt::Do(block) = &tree.statement else {
        return None;
    };
    let body = block.syntax().text().to_string().to_lowercase();
    if !body.contains("index concurrently") {
        return None;
    }
    let message = "An index cannot be built concurrently inside `DO`".to_owned();
    let finding = context.finding(
        &rules::NEEDS_NO_TRANSACTION,
        context.statement.span,
        message,
    );
    Some(finding.help("write the statement itself, in a file without transaction"))
}

fn lock_timeout_off(context: &Context<'_>, tree: &Tree) -> Option<Finding> {
    let ast::Stmt::Set(set) = &tree.statement else {
        return None;
    };
    let words = words(set);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let [
        ..,
        "lock_timeout",
        "=" | "to",
        "0" | "'0'" | "'0s'" | "'0ms'",
    ] = words.as_slice()
    else {
        return None;
    };
    let message = "The lock timeout is switched off".to_owned();
    Some(context.finding(&rules::LOCK_TIMEOUT_OFF, context.statement.span, message))
}

/// A `-- poststack: lock-timeout 0` at the top of the file.
pub(super) fn lock_timeout_header_off(script: &Script) -> Option<Finding> {
    if script.headers.lock_timeout != Some(Duration::ZERO) {
        return None;
    }
    let text = &script.source.text;
    let line = text.lines().find(|line| {
        let is_header = line.trim_start().starts_with("--");
        is_header && line.contains("poststack:") && line.contains("lock-timeout")
    });
    let line = line.unwrap_or_default().trim();
    let start = text.find(line).unwrap_or_default();
    let span = Span::new(start, start + line.len());
    let message = "The lock timeout is switched off".to_owned();
    Some(Finding::new(
        &rules::LOCK_TIMEOUT_OFF,
        &script.source,
        span,
        message,
    ))
}

fn words(node: &impl AstNode) -> Vec<String> {
    let tokens = node.syntax().descendants_with_tokens();
    let tokens = tokens.filter_map(|element| element.into_token());
    let tokens = tokens.filter(|token| !token.kind().is_trivia());
    tokens.map(|token| token.text().to_lowercase()).collect()
}
