//! Statements that lock or rewrite whole tables by themselves: `CLUSTER`, `VACUUM FULL`,
//! `LOCK TABLE`, `CREATE TRIGGER`, `CREATE TABLE … PARTITION OF`.

use crate::lint::context::Context;
use crate::lint::finding::Finding;
use crate::lint::rules;
use crate::migration::syntax::{AstNode, Name, Tree, ast};
use crate::text::Span;

pub(super) fn check(context: &Context<'_>, tree: &Tree) -> Vec<Finding> {
    let found = match &tree.statement {
        ast::Stmt::Cluster(cluster) => clustered(context, cluster),
        ast::Stmt::Vacuum(vacuum) if vacuum.is_full() => vacuumed(context, vacuum),
        ast::Stmt::Lock(lock) => locked(context, tree, lock),
        ast::Stmt::CreateTrigger(create) => trigger(context, tree, create),
        ast::Stmt::CreateTable(create) => partition(context, tree, create),
        _ => None,
    };
    found.into_iter().collect()
}

fn is_new(context: &Context<'_>, node: &impl AstNode) -> bool {
    Name::first_in(node).is_some_and(|name| context.is_new(&name))
}

fn clustered(context: &Context<'_>, cluster: &ast::Cluster) -> Option<Finding> {
    let table = cluster.table_name_ref();
    if table.is_some_and(|table| is_new(context, &table)) {
        return None;
    }
    let message = "`CLUSTER` rewrites the table while nobody can read it".to_owned();
    let finding = context.finding(&rules::CLUSTER, context.statement.span, message);
    Some(finding.label("holds an ACCESS EXCLUSIVE lock until it is done"))
}

fn vacuumed(context: &Context<'_>, vacuum: &ast::Vacuum) -> Option<Finding> {
    let tables = vacuum.table_and_columns_list();
    if tables.is_some_and(|tables| is_new(context, &tables)) {
        return None;
    }
    let message = "`VACUUM FULL` rewrites the table while nobody can read it".to_owned();
    let finding = context.finding(&rules::VACUUM_FULL, context.statement.span, message);
    Some(finding.label("holds an ACCESS EXCLUSIVE lock until it is done"))
}

fn locked(context: &Context<'_>, tree: &Tree, lock: &ast::Lock) -> Option<Finding> {
    let relations = lock.relation_list()?;
    let old = relations
        .relation_names()
        .find(|name| !is_new(context, name))?;
    let mode = lock
        .lock_mode_clause()
        .and_then(|clause| clause.lock_mode());
    let blocked = match mode {
        Some(
            ast::LockMode::AccessShare(_)
            | ast::LockMode::RowShare(_)
            | ast::LockMode::RowExclusive(_)
            | ast::LockMode::ShareUpdateExclusive(_),
        ) => return None,
        Some(
            ast::LockMode::Share(_)
            | ast::LockMode::ShareRowExclusive(_)
            | ast::LockMode::Exclusive(_),
        ) => "writes to",
        Some(ast::LockMode::AccessExclusive(_)) | None => "reads and writes of",
    };
    let message = format!(
        "The lock blocks {blocked} `{}` until the file is done",
        Name::first_in(&old)?
    );
    Some(context.finding(&rules::LOCK_TABLE, tree.span(&tree.statement), message))
}

fn trigger(context: &Context<'_>, tree: &Tree, create: &ast::CreateTrigger) -> Option<Finding> {
    let relation = create.on_relation()?;
    let table = Name::first_in(&relation).filter(|table| !context.is_new(table))?;
    let span = Span::new(context.statement.span.start, tree.span(&relation).end);
    let message = format!("`CREATE TRIGGER` blocks writes to `{table}` for a moment");
    let finding = context.finding(&rules::CREATE_TRIGGER, span, message);
    Some(finding.label("takes a SHARE ROW EXCLUSIVE lock"))
}

fn partition(context: &Context<'_>, tree: &Tree, create: &ast::CreateTable) -> Option<Finding> {
    let clause = create.partition_of()?;
    let parent = Name::first_in(&clause).filter(|parent| !context.is_new(parent))?;
    let message = format!("A new partition made this way blocks reads and writes of `{parent}`");
    let finding = context.finding(&rules::PARTITION_OF, tree.span(&clause), message);
    Some(finding.label("waits for an ACCESS EXCLUSIVE lock, and everybody else behind it"))
}
