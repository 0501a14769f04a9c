//! `CREATE` is taken back by `DROP`.

use super::made::made_by;
use super::{One, Step};
use crate::migration::syntax::{AstNode, Name, Tree, ast};

/// `None` when the statement makes nothing.
pub(super) fn steps(one: &One<'_>, tree: &Tree) -> Option<Vec<Step>> {
    if made_by(&tree.statement).is_some_and(|name| one.is_dropped(&name)) {
        return Some(Vec::new());
    }
    relation(one, tree)
        .or_else(|| on_a_table(one, tree))
        .or_else(|| routine(one, tree))
        .or_else(|| type_or_schema(one, tree))
        .or_else(|| of_the_database(one, tree))
}

/// How sure it is that the thing was not there before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Absent,
    /// `IF NOT EXISTS`
    Maybe,
    /// `OR REPLACE`
    Replaced,
}

fn if_not_exists(clause: Option<ast::IfNotExists>) -> Before {
    clause.map_or(Before::Absent, |_| Before::Maybe)
}

fn or_replace(clause: Option<ast::OrReplace>) -> Before {
    clause.map_or(Before::Absent, |_| Before::Replaced)
}

/// `kind` and `name` are what stands behind `DROP`; `rest` is what follows the name.
fn dropped(kind: &str, name: &str, rest: &str, before: Before) -> Vec<Step> {
    let step = match before {
        Before::Absent => Step::sql(format!("DROP {kind} {name}{rest}")),
        Before::Maybe => Step::doubtful(
            format!("DROP {kind} IF EXISTS {name}{rest}"),
            format!("remove the statement if {name} was there before"),
        ),
        Before::Replaced => Step::suggested(
            &format!("DROP {kind} {name}{rest}"),
            format!("write {name} as it was before, or drop it if it was not there"),
        ),
    };
    vec![step]
}

fn relation(one: &One<'_>, tree: &Tree) -> Option<Vec<Step>> {
    use ast::Stmt;
    let text = |node: &dyn Written| node.written(one, tree);
    let steps = match &tree.statement {
        Stmt::CreateTable(it) if is_temporary(it.persistence()) => Vec::new(),
        Stmt::CreateTable(it) => dropped(
            "TABLE",
            text(&it.table_name()?),
            "",
            if_not_exists(it.if_not_exists()),
        ),
        Stmt::CreateTableAs(it) if is_temporary(it.persistence()) => Vec::new(),
        Stmt::CreateTableAs(it) => dropped(
            "TABLE",
            text(&it.table_name()?),
            "",
            if_not_exists(it.if_not_exists()),
        ),
        Stmt::SelectInto(it) => {
            let into = it.into_clause()?;
            if is_temporary(into.persistence()) {
                return Some(Vec::new());
            }
            dropped("TABLE", text(&into.table_name()?), "", Before::Absent)
        }
        Stmt::CreateForeignTable(it) => {
            let before = if_not_exists(it.if_not_exists());
            dropped("FOREIGN TABLE", text(&it.table_name()?), "", before)
        }
        Stmt::CreateView(it) if is_temporary(it.persistence()) => Vec::new(),
        Stmt::CreateView(it) => dropped("VIEW", text(&it.view()?), "", or_replace(it.or_replace())),
        Stmt::CreateMaterializedView(it) => {
            let before = if_not_exists(it.if_not_exists());
            dropped("MATERIALIZED VIEW", text(&it.view()?), "", before)
        }
        Stmt::CreateSequence(it) => {
            let sequence = it.sequence()?;
            if is_temporary(it.persistence()) || one.made.is_owned(&Name::of(&sequence)?) {
                return Some(Vec::new());
            }
            dropped(
                "SEQUENCE",
                text(&sequence),
                "",
                if_not_exists(it.if_not_exists()),
            )
        }
        _ => return None,
    };
    Some(steps)
}

fn is_temporary(persistence: Option<ast::Persistence>) -> bool {
    matches!(persistence, Some(ast::Persistence::Temp(_)))
}

/// A node as the migration writes it.
trait Written {
    fn written<'a>(&self, one: &One<'a>, tree: &Tree) -> &'a str;
}

impl<N: AstNode> Written for N {
    fn written<'a>(&self, one: &One<'a>, tree: &Tree) -> &'a str {
        one.source.slice(tree.span(self))
    }
}

/// What belongs to a table, and goes with it when the migration made the table.
fn on_a_table(one: &One<'_>, tree: &Tree) -> Option<Vec<Step>> {
    use ast::Stmt;
    let text = |node: &dyn Written| node.written(one, tree);
    let goes_along = |table: &Name| one.takes_along(table, one.text());
    let (kind, name, table, before) = match &tree.statement {
        Stmt::CreateIndex(it) => return index(one, tree, it),
        Stmt::CreateTrigger(it) => {
            let table = it.on_relation()?.relation_name_ref()?;
            if goes_along(&Name::of(&table)?) {
                return Some(Vec::new());
            }
            (
                "TRIGGER",
                text(&it.trigger()?),
                text(&table),
                or_replace(it.or_replace()),
            )
        }
        Stmt::CreatePolicy(it) => {
            let table = it.on_table()?.table_name_ref()?;
            if goes_along(&Name::of(&table)?) {
                return Some(Vec::new());
            }
            ("POLICY", text(&it.policy()?), text(&table), Before::Absent)
        }
        Stmt::CreateRule(it) => {
            let table = it.rule_on()?.relation_name_ref()?;
            if goes_along(&Name::of(&table)?) {
                return Some(Vec::new());
            }
            (
                "RULE",
                text(&it.rule()?),
                text(&table),
                or_replace(it.or_replace()),
            )
        }
        _ => return None,
    };
    Some(dropped(kind, name, &format!(" ON {table}"), before))
}

fn index(one: &One<'_>, tree: &Tree, create: &ast::CreateIndex) -> Option<Vec<Step>> {
    let relation = create.table_relation_name()?;
    let table = Name::of(&relation)?;
    if one.takes_along(&table, one.text()) {
        return Some(Vec::new());
    }
    let Some(index) = create.index() else {
        let what = "drop the index; the server chose its name, `\\d` of the table shows it";
        return Some(vec![one.todo(what)]);
    };
    // An index lies in the schema of its table.
    let reference = relation.table_name_ref()?;
    let schema = reference.path_ref()?.qualifier();
    let schema = schema.map(|schema| format!("{}.", schema.written(one, tree)));
    let name = format!("{}{}", schema.unwrap_or_default(), index.written(one, tree));
    let kind = match create.concurrently_token() {
        Some(_) => "INDEX CONCURRENTLY",
        None => "INDEX",
    };
    Some(dropped(
        kind,
        &name,
        "",
        if_not_exists(create.if_not_exists()),
    ))
}

fn routine(one: &One<'_>, tree: &Tree) -> Option<Vec<Step>> {
    use ast::Stmt;
    let (kind, name, parameters, before) = match &tree.statement {
        Stmt::CreateFunction(it) => {
            let name = it.name()?.written(one, tree);
            (
                "FUNCTION",
                name,
                it.param_list(),
                or_replace(it.or_replace()),
            )
        }
        Stmt::CreateProcedure(it) => {
            let name = it.name()?.written(one, tree);
            (
                "PROCEDURE",
                name,
                it.param_list(),
                or_replace(it.or_replace()),
            )
        }
        Stmt::CreateAggregate(it) => {
            let name = it.aggregate_name()?.written(one, tree);
            (
                "AGGREGATE",
                name,
                it.param_list(),
                or_replace(it.or_replace()),
            )
        }
        _ => return None,
    };
    let Some(parameters) = parameters.filter(|parameters| tree.understands(parameters)) else {
        return Some(vec![
            one.todo(format!("drop {name} with the types of its arguments")),
        ]);
    };
    let arguments = match kind {
        "AGGREGATE" => parameters.written(one, tree).to_owned(),
        _ => format!(
            "({})",
            arguments(one, tree, &parameters, kind == "PROCEDURE").join(", ")
        ),
    };
    Some(dropped(kind, name, &arguments, before))
}

/// The types that name a routine; only procedures are named by what they give back as well.
fn arguments(
    one: &One<'_>,
    tree: &Tree,
    parameters: &ast::ParamList,
    with_out: bool,
) -> Vec<String> {
    let argument = |parameter: ast::Param| {
        let ty = parameter.func_type()?.written(one, tree);
        match parameter.mode() {
            Some(ast::ParamMode::ParamOut(_)) if with_out => Some(format!("OUT {ty}")),
            Some(ast::ParamMode::ParamOut(_)) => None,
            Some(ast::ParamMode::ParamInOut(_)) if with_out => Some(format!("INOUT {ty}")),
            Some(ast::ParamMode::ParamVariadic(_)) => Some(format!("VARIADIC {ty}")),
            _ => Some(ty.to_owned()),
        }
    };
    parameters.params().filter_map(argument).collect()
}

fn type_or_schema(one: &One<'_>, tree: &Tree) -> Option<Vec<Step>> {
    use ast::Stmt;
    let text = |node: &dyn Written| node.written(one, tree);
    let steps = match &tree.statement {
        Stmt::CreateType(it) => dropped("TYPE", text(&it.type_name()?), "", Before::Absent),
        Stmt::CreateDomain(it) => dropped("DOMAIN", text(&it.domain()?), "", Before::Absent),
        Stmt::CreateSchema(it) => {
            let name = it.schema_name()?.text().to_string();
            let before = if_not_exists(it.if_not_exists());
            if it.schema_elements().next().is_some() {
                vec![one.todo(format!(
                    "drop what the statement made in {name}, then the schema"
                ))]
            } else {
                dropped("SCHEMA", name.trim(), "", before)
            }
        }
        Stmt::CreateExtension(it) => {
            let name = text(&it.extension()?);
            match it.cascade_token() {
                Some(_) => {
                    vec![one.todo(format!("drop {name}, and the extensions that came with it"))]
                }
                None => dropped("EXTENSION", name, "", if_not_exists(it.if_not_exists())),
            }
        }
        _ => return None,
    };
    Some(steps)
}

fn of_the_database(one: &One<'_>, tree: &Tree) -> Option<Vec<Step>> {
    use ast::Stmt;
    let text = |node: &dyn Written| node.written(one, tree);
    let (kind, name, before) = match &tree.statement {
        Stmt::CreateRole(it) => ("ROLE", text(&it.role()?), Before::Absent),
        Stmt::CreateUser(it) => ("ROLE", text(&it.role()?), Before::Absent),
        Stmt::CreateGroup(it) => ("ROLE", text(&it.role()?), Before::Absent),
        Stmt::CreatePublication(it) => ("PUBLICATION", text(&it.publication()?), Before::Absent),
        Stmt::CreateEventTrigger(it) => {
            ("EVENT TRIGGER", text(&it.event_trigger()?), Before::Absent)
        }
        Stmt::CreateStatistics(it) => (
            "STATISTICS",
            text(&it.statistics()?),
            if_not_exists(it.if_not_exists()),
        ),
        Stmt::CreateCollation(it) => (
            "COLLATION",
            text(&it.collation()?),
            if_not_exists(it.if_not_exists()),
        ),
        Stmt::CreateServer(it) => (
            "SERVER",
            text(&it.server()?),
            if_not_exists(it.if_not_exists()),
        ),
        Stmt::CreateForeignDataWrapper(it) => (
            "FOREIGN DATA WRAPPER",
            text(&it.foreign_data_wrapper()?),
            Before::Absent,
        ),
        _ => return None,
    };
    Some(dropped(kind, name, "", before))
}
