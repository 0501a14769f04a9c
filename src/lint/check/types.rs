//! Column types that bite later, and names that are too long.

use crate::lint::Rule;
use crate::lint::context::Context;
use crate::lint::finding::Finding;
use crate::lint::rules;
use crate::migration::syntax::{AstNode, SyntaxKind, Tree, ast};

/// Bytes of a name that the server keeps.
const NAME_BYTES: usize = 63;

pub(super) fn check(context: &Context<'_>, tree: &Tree) -> Vec<Finding> {
    let is_ddl = matches!(
        tree.statement,
        ast::Stmt::CreateTable(_) | ast::Stmt::AlterTable(_) | ast::Stmt::CreateForeignTable(_)
    );
    let mut found = long_names(context, tree);
    if is_ddl {
        let nodes = tree.statement.syntax().descendants();
        let typed = nodes.filter_map(column_type);
        found.extend(typed.filter_map(|(ty, place)| bad_type(context, tree, &ty, place)));
    }
    found
}

/// Where a column gets its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    NewTable,
    /// As its primary key.
    NewKey,
    Added,
    Changed,
}

fn column_type(node: crate::migration::syntax::SyntaxNode) -> Option<(ast::Type, Place)> {
    if let Some(column) = ast::Column::cast(node.clone()) {
        let is_key = column.clauses().any(|clause| {
            let ast::ColumnClause::ColumnConstraint(constraint) = clause else {
                return false;
            };
            matches!(constraint, ast::ColumnConstraint::PrimaryKeyConstraint(_))
        });
        let place = if is_key {
            Place::NewKey
        } else {
            Place::NewTable
        };
        Some((column.ty()?, place))
    } else if let Some(add) = ast::AddColumn::cast(node.clone()) {
        Some((add.ty()?, Place::Added))
    } else {
        Some((ast::SetType::cast(node)?.ty()?, Place::Changed))
    }
}

/// Whether the type is one of the `serial`s.
pub(super) fn is_serial(ty: &ast::Type) -> bool {
    let serials = [
        "serial",
        "bigserial",
        "smallserial",
        "serial2",
        "serial4",
        "serial8",
    ];
    plain_name(ty).is_some_and(|name| serials.contains(&name.as_str()))
}

/// The name of a type that has no words of the grammar's own, without `pg_catalog.`.
fn plain_name(ty: &ast::Type) -> Option<String> {
    let ast::Type::PathType(path) = ty else {
        return None;
    };
    let written = path.path_ref()?.syntax().text().to_string();
    let name = written.strip_prefix("pg_catalog.").unwrap_or(&written);
    (!name.starts_with('"')).then(|| name.to_lowercase())
}

/// The type of the elements of an array.
fn element(ty: &ast::Type) -> ast::Type {
    let mut inner = ty.clone();
    while let ast::Type::ArrayType(array) = &inner {
        match array.ty() {
            Some(next) => inner = next,
            None => break,
        }
    }
    inner
}

fn bad_type(context: &Context<'_>, tree: &Tree, ty: &ast::Type, place: Place) -> Option<Finding> {
    let element = element(ty);
    let rule: &'static Rule = match &element {
        ast::Type::CharacterType(_) => &rules::CHAR_TYPE,
        ast::Type::TimestampType(stamp) => {
            let has_zone = matches!(stamp.timezone(), Some(ast::Timezone::WithTimezone(_)));
            if has_zone {
                return None;
            }
            &rules::TIMESTAMP_WITHOUT_TIME_ZONE
        }
        // The column added with a serial has a graver finding.
        other if is_serial(other) && place != Place::Added => &rules::SERIAL_TYPE,
        other => match plain_name(other)?.as_str() {
            "json" => &rules::JSON_TYPE,
            "money" => &rules::MONEY_TYPE,
            "bpchar" => &rules::CHAR_TYPE,
            "int" | "integer" | "int4" | "smallint" | "int2" if place == Place::NewKey => {
                &rules::INT_PRIMARY_KEY
            }
            _ => return None,
        },
    };
    let written = context.text(tree, ty);
    let message = format!("The type `{written}` has its traps");
    let what = rule.what.trim_end_matches('.');
    Some(context.finding(rule, tree.span(ty), message).label(what))
}

fn long_names(context: &Context<'_>, tree: &Tree) -> Vec<Finding> {
    let tokens = tree.statement.syntax().descendants_with_tokens();
    let names = tokens
        .filter_map(|element| element.into_token())
        .filter(|token| token.kind() == SyntaxKind::IDENT)
        .filter(|token| token.text().trim_matches('"').len() > NAME_BYTES);
    let finding = |token: crate::migration::syntax::SyntaxToken| {
        let length = token.text().trim_matches('"').len();
        let message = format!("The name has {length} bytes; PostgreSQL keeps {NAME_BYTES}");
        context.finding(&rules::NAME_TOO_LONG, tree.token_span(&token), message)
    };
    names.map(finding).collect()
}
