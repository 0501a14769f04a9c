//! Constraints that are checked against every row, or build an index, while others wait.

use super::table_actions;
use crate::lint::context::{Context, normalized};
use crate::lint::finding::Finding;
use crate::lint::rules;
use crate::migration::syntax::{AstNode, Name, Tree, ast};

pub(super) fn check(context: &Context<'_>, tree: &Tree) -> Vec<Finding> {
    if let ast::Stmt::AlterDomain(alter) = &tree.statement {
        return of_domain(context, tree, alter).into_iter().collect();
    }
    let Some((table, actions)) = table_actions(tree) else {
        return Vec::new();
    };
    if context.is_new(&table) {
        return Vec::new();
    }
    let at = Place {
        context,
        tree,
        table: &table,
    };
    actions.iter().flat_map(|action| at.acted(action)).collect()
}

/// A rule of a domain is checked in every table that uses it.
fn of_domain(context: &Context<'_>, tree: &Tree, alter: &ast::AlterDomain) -> Option<Finding> {
    let domain = Name::of(&alter.domain_ref()?).filter(|domain| !context.is_new(domain))?;
    let action = alter.action()?;
    let rule = match &action {
        ast::AlterDomainAction::SetNotNull(_) => &rules::SET_NOT_NULL,
        ast::AlterDomainAction::AddConstraint(add) if !add.constraint()?.is_not_valid() => {
            &rules::CHECK_WITHOUT_NOT_VALID
        }
        _ => return None,
    };
    let message = format!("Every table with a column of type `{domain}` is scanned");
    let finding = context.finding(rule, tree.span(&action), message);
    let finding = finding.label("holds a SHARE lock on each of them: writes wait");
    Some(match action {
        ast::AlterDomainAction::SetNotNull(_) => finding.help(
            "add `CHECK (VALUE IS NOT NULL) NOT VALID`, then `VALIDATE CONSTRAINT` in a file of its own",
        ),
        _ => finding,
    })
}

struct Place<'a> {
    context: &'a Context<'a>,
    tree: &'a Tree,
    table: &'a Name,
}

impl Place<'_> {
    fn acted(&self, action: &ast::AlterTableAction) -> Vec<Finding> {
        match action {
            ast::AlterTableAction::AddConstraint(add) => {
                let found = add
                    .constraint()
                    .and_then(|constraint| self.added(&constraint));
                found.into_iter().collect()
            }
            ast::AlterTableAction::AddColumn(add) => self.added_with_column(add),
            ast::AlterTableAction::ValidateConstraint(validate) => {
                self.validated(validate).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    fn added(&self, constraint: &ast::Constraint) -> Option<Finding> {
        if constraint.is_not_valid() || is_not_enforced(constraint) {
            return None;
        }
        match constraint {
            ast::Constraint::ForeignKeyConstraint(_) => Some(self.foreign_key(constraint)),
            ast::Constraint::CheckConstraint(_) => Some(self.checked(constraint)),
            ast::Constraint::NotNullConstraint(_) => {
                let message = format!(
                    "Adding NOT NULL scans `{}` while nobody can read it",
                    self.table
                );
                let span = self.tree.span(constraint);
                let finding = self.context.finding(&rules::SET_NOT_NULL, span, message);
                Some(finding.help(
                    "add it with `NOT VALID`, then `VALIDATE CONSTRAINT` in a file of its own",
                ))
            }
            ast::Constraint::UniqueConstraint(unique) if unique.using_index().is_none() => {
                Some(self.indexed(constraint))
            }
            ast::Constraint::PrimaryKeyConstraint(key) if key.using_index().is_none() => {
                Some(self.indexed(constraint))
            }
            ast::Constraint::ExcludeConstraint(_) => Some(self.indexed(constraint).help(
                "there is no gentle way: add it while nobody uses the table, or to a new table",
            )),
            _ => None,
        }
    }

    /// A new column holds one value in every row, yet the server checks each of them; only a
    /// foreign key on a column without default is known to hold.
    fn added_with_column(&self, add: &ast::AddColumn) -> Vec<Finding> {
        let has_default = add
            .constraints()
            .any(|constraint| matches!(constraint, ast::Constraint::DefaultConstraint(_)));
        let found = add.constraints().filter_map(|constraint| match constraint {
            ast::Constraint::ReferencesConstraint(_) if has_default => {
                Some(self.foreign_key(&constraint))
            }
            ast::Constraint::CheckConstraint(_) => Some(self.checked(&constraint)),
            ast::Constraint::UniqueConstraint(_) | ast::Constraint::PrimaryKeyConstraint(_) => {
                Some(self.indexed(&constraint))
            }
            _ => None,
        });
        found.collect()
    }

    fn foreign_key(&self, constraint: &ast::Constraint) -> Finding {
        let message = format!(
            "The foreign key blocks writes to `{}` and the table it refers to while every row is checked",
            self.table
        );
        let span = self.tree.span(constraint);
        let finding = self
            .context
            .finding(&rules::FOREIGN_KEY_WITHOUT_NOT_VALID, span, message);
        finding.label("holds a SHARE ROW EXCLUSIVE lock on both tables")
    }

    fn checked(&self, constraint: &ast::Constraint) -> Finding {
        let message = format!("The check scans `{}` while nobody can read it", self.table);
        let span = self.tree.span(constraint);
        let finding = self
            .context
            .finding(&rules::CHECK_WITHOUT_NOT_VALID, span, message);
        finding.label("holds an ACCESS EXCLUSIVE lock until every row is checked")
    }

    fn indexed(&self, constraint: &ast::Constraint) -> Finding {
        let message = format!(
            "The constraint builds an index on `{}` while nobody can read it",
            self.table
        );
        let span = self.tree.span(constraint);
        let finding = self
            .context
            .finding(&rules::CONSTRAINT_BUILDS_INDEX, span, message);
        finding.label("holds an ACCESS EXCLUSIVE lock until the index is built")
    }

    fn validated(&self, validate: &ast::ValidateConstraint) -> Option<Finding> {
        let reference = validate.constraint_name_ref()?;
        let name = normalized(reference.syntax().text().to_string());
        let key = (self.table.as_str().to_owned(), name);
        let was_added = self.context.seen.added_constraints.contains(&key);
        if !was_added || !self.context.script.in_transaction() {
            return None;
        }
        let message = format!(
            "`{}` is scanned under the lock that added the constraint",
            self.table
        );
        let span = self.tree.span(validate);
        Some(
            self.context
                .finding(&rules::VALIDATE_IN_SAME_TRANSACTION, span, message),
        )
    }
}

fn is_not_enforced(constraint: &ast::Constraint) -> bool {
    let mut options = constraint.constraint_options();
    options.any(|option| matches!(option, ast::ConstraintOption::NotEnforced(_)))
}
