//! What takes away something that code may still use: drops, renames, `TRUNCATE`, `CASCADE`.

use super::table_actions;
use crate::lint::Rule;
use crate::lint::context::Context;
use crate::lint::finding::Finding;
use crate::lint::rules;
use crate::migration::syntax::{AstNode, Name, Tree, ast};
use crate::text::Span;

pub(super) fn check(context: &Context<'_>, tree: &Tree) -> Vec<Finding> {
    let mut found = dropped(context, tree);
    found.extend(truncated(context, tree));
    found.extend(changed(context, tree));
    found.extend(renamed_view(context, tree));
    found
}

/// Things of one kind that a statement drops.
struct Dropped {
    rule: &'static Rule,
    what: &'static str,
    names: Vec<(Name, Span)>,
    behavior: Option<ast::DropBehavior>,
}

fn dropped(context: &Context<'_>, tree: &Tree) -> Vec<Finding> {
    let Some(dropped) = what_is_dropped(tree) else {
        return Vec::new();
    };
    let is_made_anew = |name: &Name| {
        let is_view = dropped.rule.name == rules::DROP_VIEW.name;
        is_view && context.script.in_transaction() && context.all_created.contains(name.as_str())
    };
    let old: Vec<&(Name, Span)> = dropped
        .names
        .iter()
        .filter(|(name, _)| !context.is_new(name))
        .collect();
    let gone = old.iter().filter(|(name, _)| !is_made_anew(name));
    let mut found: Vec<Finding> = gone
        .map(|(name, span)| {
            let message = format!(
                "Code that still uses the {} `{name}` will fail",
                dropped.what
            );
            context.finding(dropped.rule, *span, message)
        })
        .collect();
    if let Some((name, _)) = old.first() {
        found.extend(cascade(context, tree, dropped.behavior.as_ref(), name));
    }
    found
}

fn what_is_dropped(tree: &Tree) -> Option<Dropped> {
    use ast::Stmt;
    let (rule, what, names, behavior) = match &tree.statement {
        Stmt::DropTable(drop) => (
            &rules::DROP_TABLE,
            "table",
            names(tree, drop.table_name_refs()),
            drop.drop_behavior(),
        ),
        Stmt::DropForeignTable(drop) => (
            &rules::DROP_TABLE,
            "table",
            names(tree, drop.table_name_refs()),
            drop.drop_behavior(),
        ),
        Stmt::DropView(drop) => (
            &rules::DROP_VIEW,
            "view",
            names(tree, drop.view_refs()),
            drop.drop_behavior(),
        ),
        Stmt::DropMaterializedView(drop) => (
            &rules::DROP_VIEW,
            "view",
            names(tree, drop.view_refs()),
            drop.drop_behavior(),
        ),
        Stmt::DropType(drop) => (
            &rules::DROP_TYPE,
            "type",
            names(tree, drop.type_name_refs()),
            drop.drop_behavior(),
        ),
        Stmt::DropDomain(drop) => (
            &rules::DROP_TYPE,
            "domain",
            names(tree, drop.domain_refs()),
            drop.drop_behavior(),
        ),
        Stmt::DropSchema(drop) => (
            &rules::DROP_SCHEMA,
            "schema",
            names(tree, drop.schema_refs()),
            drop.drop_behavior(),
        ),
        _ => return None,
    };
    Some(Dropped {
        rule,
        what,
        names,
        behavior,
    })
}

fn names<N: AstNode>(tree: &Tree, nodes: impl Iterator<Item = N>) -> Vec<(Name, Span)> {
    let named = nodes.filter_map(|node| Some((Name::of(&node)?, tree.span(&node))));
    named.collect()
}

fn cascade(
    context: &Context<'_>,
    tree: &Tree,
    behavior: Option<&ast::DropBehavior>,
    name: &Name,
) -> Option<Finding> {
    let Some(ast::DropBehavior::Cascade(cascade)) = behavior else {
        return None;
    };
    let message = format!("`CASCADE` takes everything that depends on `{name}` with it");
    let finding = context.finding(&rules::CASCADE, tree.span(cascade), message);
    Some(finding.label("what that is, nobody sees before it is gone"))
}

fn truncated(context: &Context<'_>, tree: &Tree) -> Vec<Finding> {
    let ast::Stmt::Truncate(truncate) = &tree.statement else {
        return Vec::new();
    };
    let tables = truncate
        .table_list()
        .into_iter()
        .flat_map(|list| list.table_relation_names());
    let old = tables.filter_map(|table| Some((Name::first_in(&table)?, tree.span(&table))));
    let old: Vec<(Name, Span)> = old.filter(|(name, _)| !context.is_new(name)).collect();
    let mut found: Vec<Finding> = old
        .iter()
        .map(|(name, span)| {
            let message = format!("Every row of `{name}` is lost");
            let finding = context.finding(&rules::TRUNCATE, *span, message);
            finding.label("waits for an ACCESS EXCLUSIVE lock, and everybody else behind it")
        })
        .collect();
    if let Some((name, _)) = old.first() {
        found.extend(cascade(
            context,
            tree,
            truncate.drop_behavior().as_ref(),
            name,
        ));
    }
    found
}

/// What `ALTER TABLE` takes away.
fn changed(context: &Context<'_>, tree: &Tree) -> Vec<Finding> {
    let Some((table, actions)) = table_actions(tree) else {
        return Vec::new();
    };
    if context.is_new(&table) {
        return Vec::new();
    }
    let found = actions.iter().flat_map(|action| {
        use ast::AlterTableAction as Action;
        match action {
            Action::DropColumn(drop) => dropped_column(context, tree, &table, drop),
            Action::DisableTrigger(_) if !is_enabled_again(context) => {
                let message = format!("The trigger of `{table}` is off from here on");
                let finding = context.finding(&rules::DISABLE_TRIGGER, tree.span(action), message);
                vec![finding.label("takes a SHARE ROW EXCLUSIVE lock: writes wait")]
            }
            Action::DropConstraint(drop) => {
                let behavior = drop.drop_behavior();
                cascade(context, tree, behavior.as_ref(), &table)
                    .into_iter()
                    .collect()
            }
            Action::RenameColumn(rename) => renamed_column(context, tree, &table, rename)
                .into_iter()
                .collect(),
            Action::TableRenameTo(_) | Action::SetSchema(_) => {
                renamed(context, tree.span(action), &table)
                    .into_iter()
                    .collect()
            }
            _ => Vec::new(),
        }
    });
    found.collect()
}

/// Whether a later statement of the same transaction enables some trigger.
fn is_enabled_again(context: &Context<'_>) -> bool {
    let later = context.script.statements.iter();
    let mut later = later.filter(|other| other.span.start > context.statement.span.start);
    let enables = |words: &[String]| words.windows(2).any(|pair| pair == ["enable", "trigger"]);
    context.script.in_transaction() && later.any(|other| enables(&other.words))
}

fn dropped_column(
    context: &Context<'_>,
    tree: &Tree,
    table: &Name,
    drop: &ast::DropColumn,
) -> Vec<Finding> {
    let Some(column) = drop.column_name_ref() else {
        return Vec::new();
    };
    let written = context.text(tree, &column);
    let message = format!("Code that still uses the column `{written}` of `{table}` will fail");
    let finding = context.finding(&rules::DROP_COLUMN, tree.span(drop), message);
    let behavior = drop.drop_behavior();
    let mut found = vec![finding.label("its values are gone")];
    found.extend(cascade(context, tree, behavior.as_ref(), table));
    found
}

fn renamed_column(
    context: &Context<'_>,
    tree: &Tree,
    table: &Name,
    rename: &ast::RenameColumn,
) -> Option<Finding> {
    let old = rename.column_name_ref()?;
    let written = context.text(tree, &old);
    let message = format!("Code that uses the column `{written}` of `{table}` will fail");
    Some(context.finding(&rules::RENAME_COLUMN, tree.span(rename), message))
}

/// A view left under the old name keeps old code alive.
fn renamed(context: &Context<'_>, span: Span, table: &Name) -> Option<Finding> {
    let has_stand_in =
        context.script.in_transaction() && context.all_created.contains(table.as_str());
    if has_stand_in {
        return None;
    }
    let message = format!("Code that uses `{table}` by its old name will fail");
    Some(context.finding(&rules::RENAME_TABLE, span, message))
}

fn renamed_view(context: &Context<'_>, tree: &Tree) -> Option<Finding> {
    match &tree.statement {
        ast::Stmt::AlterView(alter) => {
            let view = Name::first_in(&alter.view_ref()?).filter(|view| !context.is_new(view))?;
            let action = alter.action()?;
            let span = tree.span(&action);
            match action {
                ast::AlterViewAction::RenameColumn(rename) => {
                    renamed_column(context, tree, &view, &rename)
                }
                ast::AlterViewAction::ViewRenameTo(_) | ast::AlterViewAction::SetSchema(_) => {
                    renamed(context, span, &view)
                }
                _ => None,
            }
        }
        ast::Stmt::AlterMaterializedView(alter) => {
            let view = Name::first_in(&alter.view_ref()?).filter(|view| !context.is_new(view))?;
            let rename = alter.action().find(|action| {
                matches!(action, ast::AlterMaterializedViewAction::ViewRenameTo(_))
            })?;
            renamed(context, tree.span(&rename), &view)
        }
        _ => None,
    }
}
