//! `ALTER TABLE` actions that rewrite the table, move it, or change its partitions.

use super::table_actions;
use crate::lint::Rule;
use crate::lint::context::Context;
use crate::lint::finding::Finding;
use crate::lint::rules;
use crate::migration::syntax::{AstNode, Name, Tree, ast};
use crate::text::Span;

const HELD: &str = "holds an ACCESS EXCLUSIVE lock until every row is copied";

pub(super) fn check(context: &Context<'_>, tree: &Tree) -> Vec<Finding> {
    if let ast::Stmt::AlterIndex(alter) = &tree.statement {
        return moved_index(context, tree, alter).into_iter().collect();
    }
    let Some((table, actions)) = table_actions(tree) else {
        return all_in_tablespace(context, tree).into_iter().collect();
    };
    if context.is_new(&table) {
        return Vec::new();
    }
    let found = actions
        .iter()
        .filter_map(|action| acted(context, tree, &table, action));
    found.collect()
}

fn acted(
    context: &Context<'_>,
    tree: &Tree,
    table: &Name,
    action: &ast::AlterTableAction,
) -> Option<Finding> {
    use ast::AlterTableAction as Action;
    let span = tree.span(action);
    match action {
        Action::SetLogged(_) | Action::SetUnlogged(_) => {
            Some(rewritten(context, &rules::SET_LOGGED, span, table))
        }
        Action::SetTablespace(_) => Some(rewritten(context, &rules::SET_TABLESPACE, span, table)),
        Action::SetAccessMethod(_) => {
            Some(rewritten(context, &rules::SET_ACCESS_METHOD, span, table))
        }
        Action::AttachPartition(attach) => attached(context, tree, attach),
        Action::DetachPartition(detach) => detached(context, tree, table, detach),
        _ => None,
    }
}

fn rewritten(context: &Context<'_>, rule: &'static Rule, span: Span, table: &Name) -> Finding {
    let message = format!("This copies all of `{table}` while nobody can read it");
    context.finding(rule, span, message).label(HELD)
}

fn moved_index(context: &Context<'_>, tree: &Tree, alter: &ast::AlterIndex) -> Option<Finding> {
    let action = alter.action()?;
    let ast::AlterIndexAction::SetTablespace(_) = action else {
        return None;
    };
    let index = Name::first_in(&alter.index_ref()?).filter(|index| !context.is_new(index))?;
    Some(rewritten(
        context,
        &rules::SET_TABLESPACE,
        tree.span(&action),
        &index,
    ))
}

/// `ALTER TABLE ALL IN TABLESPACE … SET TABLESPACE …`
fn all_in_tablespace(context: &Context<'_>, tree: &Tree) -> Option<Finding> {
    let mut nodes = tree.statement.syntax().children();
    let clause = nodes.find_map(ast::AllInTablespace::cast)?;
    let message = "This copies every table or index while nobody can read it".to_owned();
    let finding = context.finding(&rules::SET_TABLESPACE, tree.span(&clause), message);
    Some(finding.label(HELD))
}

fn attached(context: &Context<'_>, tree: &Tree, attach: &ast::AttachPartition) -> Option<Finding> {
    let partition =
        Name::first_in(&attach.table_name_ref()?).filter(|name| !context.is_new(name))?;
    let message = format!("Attaching `{partition}` scans it while nobody can use it");
    let finding = context.finding(&rules::ATTACH_PARTITION, tree.span(attach), message);
    Some(finding.label("holds an ACCESS EXCLUSIVE lock on the partition"))
}

fn detached(
    context: &Context<'_>,
    tree: &Tree,
    table: &Name,
    detach: &ast::DetachPartition,
) -> Option<Finding> {
    if detach.detach_partition_option().is_some() || context.is_before(14) {
        return None;
    }
    let message = format!("Detaching a partition blocks reads and writes of `{table}`");
    let finding = context.finding(
        &rules::DETACH_WITHOUT_CONCURRENTLY,
        tree.span(detach),
        message,
    );
    Some(finding.label("waits for an ACCESS EXCLUSIVE lock, and everybody else behind it"))
}
