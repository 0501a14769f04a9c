//! New and changed columns of a table that is in use.

use super::table_actions;
use super::types;
use crate::diagnostic::Severity;
use crate::lint::context::Context;
use crate::lint::finding::Finding;
use crate::lint::rules;
use crate::migration::syntax::{AstNode, Name, Tree, ast};

/// Functions that give another value in each row or with each call.
const VOLATILE: &[&str] = &[
    "clock_timestamp",
    "currval",
    "gen_random_bytes",
    "gen_random_uuid",
    "gen_salt",
    "lastval",
    "nextval",
    "random",
    "random_normal",
    "setval",
    "timeofday",
    "uuid_generate_v1",
    "uuid_generate_v1mc",
    "uuid_generate_v4",
    "uuidv4",
    "uuidv7",
];

/// Functions of the server that are used in defaults and give the same value in each row.
const STEADY: &[&str] = &[
    "abs",
    "array_fill",
    "array_to_string",
    "chr",
    "coalesce",
    "concat",
    "concat_ws",
    "convert_to",
    "current_database",
    "current_schema",
    "current_setting",
    "date_part",
    "date_trunc",
    "decode",
    "digest",
    "encode",
    "extract",
    "format",
    "greatest",
    "hstore",
    "inet",
    "json_build_array",
    "json_build_object",
    "jsonb_build_array",
    "jsonb_build_object",
    "least",
    "left",
    "length",
    "lower",
    "lpad",
    "make_date",
    "make_interval",
    "make_time",
    "make_timestamp",
    "make_timestamptz",
    "md5",
    "now",
    "nullif",
    "numrange",
    "daterange",
    "int4range",
    "int8range",
    "tsrange",
    "tstzrange",
    "point",
    "pg_backend_pid",
    "replace",
    "right",
    "round",
    "row_to_json",
    "rpad",
    "sha256",
    "st_geomfromtext",
    "st_makepoint",
    "statement_timestamp",
    "string_to_array",
    "substr",
    "substring",
    "timezone",
    "to_char",
    "to_date",
    "to_json",
    "to_jsonb",
    "to_number",
    "to_timestamp",
    "to_tsvector",
    "transaction_timestamp",
    "trim",
    "upper",
];

pub(super) fn check(context: &Context<'_>, tree: &Tree) -> Vec<Finding> {
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

struct Place<'a> {
    context: &'a Context<'a>,
    tree: &'a Tree,
    table: &'a Name,
}

impl Place<'_> {
    fn acted(&self, action: &ast::AlterTableAction) -> Vec<Finding> {
        match action {
            ast::AlterTableAction::AddColumn(add) => {
                let found = [
                    self.defaulted(add),
                    self.numbered(add),
                    self.stored(add),
                    self.required(add),
                ];
                found.into_iter().flatten().collect()
            }
            ast::AlterTableAction::AlterColumn(alter) => self.altered(alter).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    fn defaulted(&self, add: &ast::AddColumn) -> Option<Finding> {
        let expression = add.constraints().find_map(|constraint| match constraint {
            ast::Constraint::DefaultConstraint(default) => default.expr(),
            _ => None,
        })?;
        let span = self.tree.span(&expression);
        let message = format!(
            "The default of the new column rewrites all of `{}`",
            self.table
        );
        let finding = self
            .context
            .finding(&rules::VOLATILE_DEFAULT, span, message);
        if self.context.is_before(11) {
            return Some(
                finding.label("before PostgreSQL 11 any default is written into every row"),
            );
        }
        let calls = expression
            .syntax()
            .descendants()
            .filter_map(ast::CallExpr::cast);
        let names: Vec<String> = calls.filter_map(|call| function_name(&call)).collect();
        if let Some(name) = names.iter().find(|name| VOLATILE.contains(&name.as_str())) {
            return Some(finding.label(format!("`{name}` gives another value in each row")));
        }
        let unknown = names.iter().find(|name| !STEADY.contains(&name.as_str()))?;
        let finding = finding.severity(Severity::Warning);
        Some(finding.label(format!(
            "unless `{unknown}` is declared STABLE or IMMUTABLE"
        )))
    }

    fn numbered(&self, add: &ast::AddColumn) -> Option<Finding> {
        let identity = add
            .constraints()
            .find(|constraint| generates(constraint, Generated::Identity));
        let span = match (&identity, add.ty()) {
            (Some(identity), _) => self.tree.span(identity),
            (None, Some(ty)) if types::is_serial(&ty) => self.tree.span(&ty),
            _ => return None,
        };
        let message = format!("Numbering the rows rewrites all of `{}`", self.table);
        let finding = self
            .context
            .finding(&rules::SERIAL_ON_EXISTING_TABLE, span, message);
        Some(finding.label("holds an ACCESS EXCLUSIVE lock until every row is written anew"))
    }

    fn stored(&self, add: &ast::AddColumn) -> Option<Finding> {
        let stored = add
            .constraints()
            .find(|constraint| generates(constraint, Generated::Stored))?;
        let message = format!("The generated column rewrites all of `{}`", self.table);
        let span = self.tree.span(&stored);
        let finding = self
            .context
            .finding(&rules::STORED_GENERATED_COLUMN, span, message);
        Some(finding.label("holds an ACCESS EXCLUSIVE lock until every row is written anew"))
    }

    fn required(&self, add: &ast::AddColumn) -> Option<Finding> {
        let not_null = add
            .constraints()
            .find(|constraint| matches!(constraint, ast::Constraint::NotNullConstraint(_)))?;
        let is_filled = add.constraints().any(|constraint| {
            matches!(
                constraint,
                ast::Constraint::DefaultConstraint(_) | ast::Constraint::GeneratedConstraint(_)
            )
        });
        if is_filled || add.ty().is_some_and(|ty| types::is_serial(&ty)) {
            return None;
        }
        let column = add.column_name()?.text();
        let message = format!("Adding `{column}` fails when `{}` holds a row", self.table);
        let span = self.tree.span(&not_null);
        let finding = self
            .context
            .finding(&rules::NOT_NULL_WITHOUT_DEFAULT, span, message);
        Some(finding.label("the rows that are there have no value for it"))
    }

    fn altered(&self, alter: &ast::AlterColumn) -> Option<Finding> {
        let column = alter.column_name_ref()?;
        let column = self.context.text(self.tree, &column);
        match alter.option()? {
            ast::AlterColumnOption::SetType(set) => self.retyped(column, &set),
            ast::AlterColumnOption::SetNotNull(set) => self.required_later(column, &set),
            ast::AlterColumnOption::SetExpression(set) => {
                let message = format!(
                    "A new expression for `{column}` rewrites all of `{}`",
                    self.table
                );
                let span = self.tree.span(&set);
                Some(
                    self.context
                        .finding(&rules::STORED_GENERATED_COLUMN, span, message),
                )
            }
            _ => None,
        }
    }

    /// To `text`, or a `varchar` or `numeric` without limit, nothing is rewritten where the old
    /// type is one with a limit.
    fn retyped(&self, column: &str, set: &ast::SetType) -> Option<Finding> {
        let ty = set.ty()?;
        let span = self.tree.span(set);
        let message = format!(
            "Changing the type of `{column}` rewrites all of `{}`",
            self.table
        );
        let finding = self
            .context
            .finding(&rules::COLUMN_TYPE_CHANGE, span, message);
        let written = self.context.text(self.tree, &ty).to_lowercase();
        let is_wider = matches!(
            written.as_str(),
            "text" | "varchar" | "character varying" | "numeric"
        );
        Some(if is_wider && set.using_expr().is_none() {
            let finding = finding.severity(Severity::Warning);
            finding.label(format!(
                "unless the old type is one with a limit that `{written}` lacks"
            ))
        } else {
            finding.label("holds an ACCESS EXCLUSIVE lock until every row is written anew")
        })
    }

    fn required_later(&self, column: &str, set: &ast::SetNotNull) -> Option<Finding> {
        let is_proven = self.context.seen.validated.contains(self.table.as_str());
        if is_proven && !self.context.is_before(12) {
            return None;
        }
        let message = format!(
            "`SET NOT NULL` on `{column}` scans `{}` while nobody can read it",
            self.table
        );
        let finding = self
            .context
            .finding(&rules::SET_NOT_NULL, self.tree.span(set), message);
        Some(finding.label("holds an ACCESS EXCLUSIVE lock until every row is checked"))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Generated {
    Identity,
    Stored,
}

fn generates(constraint: &ast::Constraint, what: Generated) -> bool {
    let ast::Constraint::GeneratedConstraint(generated) = constraint else {
        return false;
    };
    match generated.generated_as() {
        Some(ast::GeneratedAs::GeneratedIdentity(_)) => what == Generated::Identity,
        Some(ast::GeneratedAs::GeneratedStored(column)) => {
            let is_stored = matches!(column.generated_kind(), Some(ast::GeneratedKind::Stored(_)));
            what == Generated::Stored && is_stored
        }
        None => false,
    }
}

/// The last part of the name a call is written with.
fn function_name(call: &ast::CallExpr) -> Option<String> {
    let name = call.expr()?.syntax().text().to_string();
    let last = name.rsplit('.').next()?.trim();
    Some(last.trim_matches('"').to_lowercase())
}
