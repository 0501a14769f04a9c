//! Indexes and materialized views built while others want to use the table.

use crate::lint::context::Context;
use crate::lint::finding::Finding;
use crate::lint::rules;
use crate::migration::syntax::{Name, Tree, ast};
use crate::text::Span;

pub(super) fn check(context: &Context<'_>, tree: &Tree) -> Vec<Finding> {
    let found = match &tree.statement {
        ast::Stmt::CreateIndex(create) => created(context, tree, create),
        ast::Stmt::DropIndex(drop) => dropped(context, tree, drop),
        ast::Stmt::Reindex(reindex) => rebuilt(context, tree, reindex),
        ast::Stmt::Refresh(refresh) => refreshed(context, tree, refresh),
        _ => None,
    };
    found.into_iter().collect()
}

fn created(context: &Context<'_>, tree: &Tree, create: &ast::CreateIndex) -> Option<Finding> {
    let relation = create.table_relation_name()?;
    // `ON ONLY` a partitioned table makes an empty index, to which partitions' are attached.
    if create.concurrently_token().is_some() || relation.only_token().is_some() {
        return None;
    }
    let table = Name::first_in(&relation).filter(|table| !context.is_new(table))?;
    let span = Span::new(context.statement.span.start, tree.span(&relation).end);
    let message = format!("`CREATE INDEX` blocks writes to `{table}` until the index is built");
    let finding = context.finding(&rules::INDEX_WITHOUT_CONCURRENTLY, span, message);
    Some(finding.label("takes a SHARE lock: INSERT, UPDATE and DELETE wait"))
}

fn dropped(context: &Context<'_>, tree: &Tree, drop: &ast::DropIndex) -> Option<Finding> {
    if drop.concurrently_token().is_some() {
        return None;
    }
    let old = drop.index_refs().find(|index| {
        let name = Name::first_in(index);
        name.is_some_and(|name| !context.is_new(&name))
    })?;
    let message = format!(
        "Dropping `{}` blocks reads and writes of its table",
        Name::first_in(&old)?
    );
    let span = tree.span(&old);
    let finding = context.finding(&rules::DROP_INDEX_WITHOUT_CONCURRENTLY, span, message);
    Some(finding.label("waits for an ACCESS EXCLUSIVE lock, and everybody else behind it"))
}

fn rebuilt(context: &Context<'_>, tree: &Tree, reindex: &ast::Reindex) -> Option<Finding> {
    let target = reindex.reindex_target()?;
    let is_system = matches!(target, ast::ReindexTarget::ReindexTargetSystem(_));
    let is_new = Name::first_in(&target).is_some_and(|name| context.is_new(&name));
    if reindex.is_concurrently() || is_system || is_new {
        return None;
    }
    let span = Span::new(context.statement.span.start, tree.span(&target).end);
    let message = "`REINDEX` blocks writes until the index is rebuilt".to_owned();
    let finding = context.finding(&rules::REINDEX_WITHOUT_CONCURRENTLY, span, message);
    Some(finding.label("SHARE lock on the table, ACCESS EXCLUSIVE on the index"))
}

fn refreshed(context: &Context<'_>, tree: &Tree, refresh: &ast::Refresh) -> Option<Finding> {
    if refresh.concurrently_token().is_some() {
        return None;
    }
    let reference = refresh.view_ref()?;
    let view = Name::first_in(&reference).filter(|view| !context.is_new(view))?;
    let span = Span::new(context.statement.span.start, tree.span(&reference).end);
    let message = format!("Refreshing `{view}` blocks its readers until it is filled");
    let finding = context.finding(&rules::REFRESH_WITHOUT_CONCURRENTLY, span, message);
    Some(finding.label("takes an ACCESS EXCLUSIVE lock"))
}
