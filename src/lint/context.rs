//! What a check may know beside the statement it looks at: facts from outside, and what the
//! statements before it did.

use std::collections::BTreeSet;

use crate::migration::syntax::{AstNode, Name, Tree, ast};
use crate::migration::{Script, Statement};
use crate::text::Span;

use super::finding::Finding;
use super::{Facts, Rule};

/// One statement in its file.
pub(super) struct Context<'a> {
    pub script: &'a Script,
    pub facts: &'a Facts<'a>,
    pub statement: &'a Statement,
    /// What the statements before this one did.
    pub seen: &'a Seen,
    /// What the whole file makes.
    pub all_created: &'a BTreeSet<String>,
}

impl Context<'_> {
    /// Whether nobody can use the relation or type yet.
    pub fn is_new(&self, name: &Name) -> bool {
        self.seen.created.contains(name.as_str()) || self.facts.new_tables.contains(name.as_str())
    }

    /// Whether the server is known to be older than `major`.
    pub fn is_before(&self, major: u32) -> bool {
        self.facts.server_major.is_some_and(|own| own < major)
    }

    pub fn finding(&self, rule: &'static Rule, span: Span, message: String) -> Finding {
        let source = &self.script.source;
        Finding::new(rule, source, span, message).of_statement(self.statement.span)
    }

    /// The words `node` is written with.
    pub fn text(&self, tree: &Tree, node: &impl AstNode) -> &str {
        self.script.source.slice(tree.span(node))
    }
}

/// A place where a lock was taken that is held until the transaction ends.
#[derive(Debug, Clone)]
pub(super) struct Locked {
    pub table: Name,
    pub span: Span,
}

/// What the statements of a file did so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Relations and types, which share their names.
    pub created: BTreeSet<String>,
    /// The first `ALTER TABLE` of a table that was there before.
    pub locked: Option<Locked>,
    /// Constraints as `table`, `constraint`.
    pub added_constraints: BTreeSet<(String, String)>,
    /// Tables with a constraint that was validated.
    pub validated: BTreeSet<String>,
    /// Values added to enums that were there before, as they are written.
    pub enum_values: Vec<(String, Span)>,
}

impl Seen {
    /// `is_old` tells whether a name is older than the pending files.
    pub fn take(&mut self, tree: &Tree, is_old: impl Fn(&Name) -> bool) {
        if let Some(name) = created_name(&tree.statement) {
            self.created.insert(name.as_str().to_owned());
        }
        let is_old =
            |name: &Name, seen: &Self| !seen.created.contains(name.as_str()) && is_old(name);
        match &tree.statement {
            ast::Stmt::AlterTable(alter) => {
                let Some(table) = alter.table_relation_name().and_then(|t| Name::first_in(&t))
                else {
                    return;
                };
                let is_old = is_old(&table, self);
                for action in alter.actions() {
                    self.take_action(tree, &table, is_old, &action);
                }
            }
            ast::Stmt::AlterType(alter) => {
                let name = alter.type_name_ref().and_then(|t| Name::first_in(&t));
                if let Some(ast::AlterTypeAction::AddValue(added)) = alter.action()
                    && let Some(value) = added.literal()
                    && name.is_none_or(|name| is_old(&name, self))
                {
                    let span = tree.span(&value);
                    self.enum_values
                        .push((value.syntax().text().to_string(), span));
                }
            }
            _ => {}
        }
    }

    fn take_action(
        &mut self,
        tree: &Tree,
        table: &Name,
        is_old: bool,
        action: &ast::AlterTableAction,
    ) {
        use ast::AlterTableAction as Action;
        match action {
            Action::ValidateConstraint(_) => {
                self.validated.insert(table.as_str().to_owned());
            }
            Action::AddConstraint(added) => {
                let name = added.constraint().and_then(|c| c.constraint_name());
                let name = name.map(|name| normalized(name.syntax().text().to_string()));
                let table = table.as_str().to_owned();
                self.added_constraints
                    .extend(name.map(|name| (table, name)));
            }
            Action::TableRenameTo(renamed) if !is_old => {
                let name = renamed.table_name().and_then(|name| Name::first_in(&name));
                self.created
                    .extend(name.map(|name| name.as_str().to_owned()));
            }
            _ => {}
        }
        let is_gentle = matches!(
            action,
            Action::ValidateConstraint(_) | Action::AttachPartition(_) | Action::ClusterOn(_)
        );
        if is_old && !is_gentle && self.locked.is_none() {
            let table = table.clone();
            let span = tree.span(action);
            self.locked = Some(Locked { table, span });
        }
    }
}

/// A name without qualification as the server folds it.
pub(super) fn normalized(written: String) -> String {
    let quoted = written
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    match quoted {
        Some(inner) => inner.replace("\"\"", "\""),
        None => written.to_lowercase(),
    }
}

fn created_name(statement: &ast::Stmt) -> Option<Name> {
    use ast::Stmt;
    match statement {
        Stmt::CreateTable(create) => Name::first_in(&create.table_name()?),
        Stmt::CreateTableAs(create) => Name::first_in(&create.table_name()?),
        Stmt::CreateForeignTable(create) => Name::first_in(&create.table_name()?),
        Stmt::SelectInto(select) => Name::first_in(&select.into_clause()?),
        Stmt::CreateMaterializedView(create) => Name::first_in(&create.view()?),
        Stmt::CreateView(create) => Name::first_in(&create.view()?),
        Stmt::CreateIndex(create) => Name::first_in(&create.index()?),
        Stmt::CreateType(create) => Name::first_in(&create.type_name()?),
        Stmt::CreateDomain(create) => Name::first_in(&create.domain()?),
        _ => None,
    }
}
