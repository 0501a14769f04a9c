//! `ALTER` is taken back where the statement itself says what was there before.

use super::{One, Step};
use crate::migration::syntax::{AstNode, Name, SyntaxNode, Tree, ast};
use crate::text::Span;

/// `None` when the statement alters nothing.
pub(super) fn steps(one: &One<'_>, tree: &Tree) -> Option<Vec<Step>> {
    if let Some((old, new)) = renamed(&tree.statement) {
        if Name::first_in(&tree.statement).is_some_and(|name| one.is_dropped(&name)) {
            return Some(Vec::new());
        }
        return Some(vec![Step::sql(swapped(one, tree, &old, &new))]);
    }
    let (kind, relation, if_exists, actions) = match &tree.statement {
        ast::Stmt::AlterType(it) => return altered_type(one, tree, it),
        ast::Stmt::AlterDomain(it) => return altered_domain(one, tree, it),
        ast::Stmt::AlterSequence(it) => return given_away(one, tree, it),
        ast::Stmt::AlterTable(it) => (
            "TABLE",
            it.table_relation_name()?,
            it.if_exists(),
            it.actions().collect::<Vec<_>>(),
        ),
        ast::Stmt::AlterForeignTable(it) => (
            "FOREIGN TABLE",
            it.table_relation_name()?,
            it.if_exists(),
            it.actions().collect(),
        ),
        _ => return None,
    };
    let table = Table {
        one,
        tree,
        kind,
        if_exists: if if_exists.is_some() {
            "IF EXISTS "
        } else {
            ""
        },
        written: one.source.slice(tree.span(&relation)),
        name: Name::of(&relation)?,
    };
    Some(
        actions
            .iter()
            .flat_map(|action| table.taken_back(action))
            .collect(),
    )
}

/// `None` where nothing is known of what was there before.
fn altered_type(one: &One<'_>, tree: &Tree, alter: &ast::AlterType) -> Option<Vec<Step>> {
    let reference = alter.type_name_ref()?;
    if one.takes_along(&Name::of(&reference)?, one.text()) {
        return Some(Vec::new());
    }
    let name = one.source.slice(tree.span(&reference));
    match alter.action()? {
        ast::AlterTypeAction::AddValue(_) => {
            let what = "a value of an enum cannot be dropped: make the type anew without it";
            Some(vec![one.todo(what)])
        }
        ast::AlterTypeAction::AlterTypeAttributeActionList(list) => {
            let attribute = |action| match action {
                ast::AlterTypeAttributeAction::AddAttribute(add) => Some(add.composite_field()?),
                _ => None,
            };
            let added: Option<Vec<_>> = list.actions().map(attribute).collect();
            let drop = |field| {
                let field = one.source.slice(tree.span(&field));
                Step::sql(format!("ALTER TYPE {name} DROP ATTRIBUTE {field}"))
            };
            Some(added?.into_iter().map(drop).collect())
        }
        _ => None,
    }
}

/// `None` where nothing is known of what was there before.
fn altered_domain(one: &One<'_>, tree: &Tree, alter: &ast::AlterDomain) -> Option<Vec<Step>> {
    let reference = alter.domain_ref()?;
    if one.takes_along(&Name::of(&reference)?, one.text()) {
        return Some(Vec::new());
    }
    let back = match alter.action()? {
        ast::AlterDomainAction::SetNotNull(_) => "DROP NOT NULL".to_owned(),
        ast::AlterDomainAction::DropNotNull(_) => "SET NOT NULL".to_owned(),
        ast::AlterDomainAction::AddConstraint(add) => {
            let name = add.constraint()?.constraint_name()?;
            format!("DROP CONSTRAINT {}", one.source.slice(tree.span(&name)))
        }
        _ => return None,
    };
    let name = one.source.slice(tree.span(&reference));
    Some(vec![Step::sql(format!("ALTER DOMAIN {name} {back}"))])
}

/// `OWNED BY`: the sequence would go with its new owner.
fn given_away(one: &One<'_>, tree: &Tree, alter: &ast::AlterSequence) -> Option<Vec<Step>> {
    let reference = alter.sequence_ref()?;
    let is_given = alter
        .syntax()
        .descendants()
        .any(|node| ast::OptionOwnedBy::can_cast(node.kind()));
    if !is_given || one.has(&Name::of(&reference)?) {
        return None;
    }
    let sequence = one.source.slice(tree.span(&reference));
    let sql = format!("ALTER SEQUENCE {sequence} OWNED BY NONE");
    let todo = "write the column that owned the sequence before, if one did";
    Some(vec![Step::doubtful(sql, todo)])
}

/// The two names that a rename swaps: the last part of the old one, and the new one.
fn renamed(statement: &ast::Stmt) -> Option<(SyntaxNode, SyntaxNode)> {
    let nodes: Vec<SyntaxNode> = statement.syntax().descendants().collect();
    let find = |wanted: fn(&SyntaxNode) -> Option<SyntaxNode>| nodes.iter().find_map(wanted);
    if let Some(both) = nodes.iter().find_map(renamed_part) {
        return Some(both);
    }
    let new = find(|node| {
        let ends_so = format!("{:?}", node.kind()).ends_with("RENAME_TO");
        ends_so.then(|| node.children().next())?
    })?;
    let old = statement
        .syntax()
        .children()
        .find_map(|node| old_name(&node))?;
    Some((old, new))
}

/// A column, constraint, attribute or enum value: both names stand side by side.
fn renamed_part(node: &SyntaxNode) -> Option<(SyntaxNode, SyntaxNode)> {
    let is_part = ast::RenameColumn::can_cast(node.kind())
        || ast::RenameConstraint::can_cast(node.kind())
        || ast::RenameAttribute::can_cast(node.kind())
        || ast::RenameValue::can_cast(node.kind());
    let mut children = node.children();
    let both = (children.next(), children.next());
    match both {
        (Some(old), Some(new)) if is_part => Some((old, new)),
        _ => None,
    }
}

/// The last part of the name of the thing that is altered.
fn old_name(node: &SyntaxNode) -> Option<SyntaxNode> {
    if ast::IfExists::can_cast(node.kind()) {
        return None;
    }
    let path = node.descendants().find_map(ast::PathRef::cast);
    match path {
        Some(path) => Some(path.segment()?.syntax().clone()),
        None => Some(node.clone()),
    }
}

/// The statement with the two names in each other's place.
fn swapped(one: &One<'_>, tree: &Tree, old: &SyntaxNode, new: &SyntaxNode) -> String {
    let (first, second) = (tree.node_span(old), tree.node_span(new));
    let whole = one.statement.span;
    let slice = |start, end| one.source.slice(Span::new(start, end));
    [
        slice(whole.start, first.start),
        one.source.slice(second),
        slice(first.end, second.start),
        one.source.slice(first),
        slice(second.end, whole.end),
    ]
    .concat()
}

/// The table an `ALTER TABLE` is about.
struct Table<'a> {
    one: &'a One<'a>,
    tree: &'a Tree,
    /// `TABLE` or `FOREIGN TABLE`
    kind: &'a str,
    /// Repeated, so that a table which is not there is no fault of the rollback either.
    if_exists: &'a str,
    written: &'a str,
    name: Name,
}

impl Table<'_> {
    fn text(&self, node: &impl AstNode) -> &str {
        self.one.source.slice(self.tree.span(node))
    }

    fn alter(&self, action: impl std::fmt::Display) -> String {
        format!(
            "ALTER {} {}{} {action}",
            self.kind, self.if_exists, self.written
        )
    }

    fn sql(&self, action: impl std::fmt::Display) -> Vec<Step> {
        vec![Step::sql(self.alter(action))]
    }

    fn todo(&self, what: impl Into<String>) -> Vec<Step> {
        vec![self.one.todo(what)]
    }

    fn taken_back(&self, action: &ast::AlterTableAction) -> Vec<Step> {
        if self.one.takes_along(&self.name, self.text(action)) {
            return Vec::new();
        }
        let steps = self.structure(action).or_else(|| self.switch(action));
        steps.unwrap_or_else(|| {
            self.todo("take the change back: what was there before is not known")
        })
    }

    /// Columns, constraints, partitions, parents.
    fn structure(&self, action: &ast::AlterTableAction) -> Option<Vec<Step>> {
        use ast::AlterTableAction as Action;
        let steps = match action {
            Action::AddColumn(add) => {
                let column = self.text(&add.column_name()?).to_owned();
                match add.if_not_exists() {
                    None => self.sql(format!("DROP COLUMN {column}")),
                    Some(_) => vec![Step::doubtful(
                        self.alter(format!("DROP COLUMN IF EXISTS {column}")),
                        format!("remove the statement if {column} was there before"),
                    )],
                }
            }
            Action::AddConstraint(add) => self.added_constraint(&add.constraint()?),
            Action::DropColumn(drop) => {
                let column = drop.column_name_ref()?;
                let what = format!(
                    "add the column {} again; its values are lost",
                    self.text(&column)
                );
                self.todo(what)
            }
            Action::DropConstraint(drop) => {
                let constraint = drop.constraint_name_ref()?;
                self.todo(format!(
                    "add the constraint {} again",
                    self.text(&constraint)
                ))
            }
            Action::AlterColumn(alter) => self.altered_column(alter)?,
            Action::AttachPartition(attach) => {
                let partition = attach.table_name_ref()?;
                self.sql(format!("DETACH PARTITION {}", self.text(&partition)))
            }
            Action::DetachPartition(detach) => {
                let partition = detach.table_name_ref()?;
                self.todo(format!(
                    "attach {} again, with its bounds",
                    self.text(&partition)
                ))
            }
            Action::InheritTable(it) => {
                self.sql(format!("NO INHERIT {}", self.text(&it.table_name_ref()?)))
            }
            Action::NoInheritTable(it) => {
                self.sql(format!("INHERIT {}", self.text(&it.table_name_ref()?)))
            }
            Action::SetSchema(set) => self.moved(set)?,
            // Nothing depends on it, and nothing makes a constraint unproven again.
            Action::ValidateConstraint(_) => Vec::new(),
            _ => return None,
        };
        Some(steps)
    }

    /// What is on or off.
    fn switch(&self, action: &ast::AlterTableAction) -> Option<Vec<Step>> {
        use ast::AlterTableAction as Action;
        let off = match action {
            Action::EnableRls(_) => "DISABLE ROW LEVEL SECURITY".to_owned(),
            Action::DisableRls(_) => "ENABLE ROW LEVEL SECURITY".to_owned(),
            Action::ForceRls(_) => "NO FORCE ROW LEVEL SECURITY".to_owned(),
            Action::NoForceRls(_) => "FORCE ROW LEVEL SECURITY".to_owned(),
            Action::EnableTrigger(it) => {
                format!("DISABLE TRIGGER {}", self.text(&it.trigger_target()?))
            }
            Action::DisableTrigger(it) => {
                format!("ENABLE TRIGGER {}", self.text(&it.trigger_target()?))
            }
            Action::EnableRule(it) => format!("DISABLE RULE {}", self.text(&it.rule_ref()?)),
            Action::DisableRule(it) => format!("ENABLE RULE {}", self.text(&it.rule_ref()?)),
            Action::SetLogged(_) => "SET UNLOGGED".to_owned(),
            Action::SetUnlogged(_) => "SET LOGGED".to_owned(),
            _ => return None,
        };
        Some(self.sql(off))
    }

    fn added_constraint(&self, constraint: &ast::Constraint) -> Vec<Step> {
        let name = constraint
            .constraint_name()
            .map(|name| self.text(&name).to_owned());
        let Some(name) = name else {
            return self.todo(
                "drop the constraint; the server chose its name, `\\d` of the table shows it",
            );
        };
        let drop = self.alter(format!("DROP CONSTRAINT {name}"));
        let uses_index = constraint
            .syntax()
            .descendants()
            .any(|node| ast::UsingIndexName::can_cast(node.kind()));
        let todo = match constraint {
            _ if uses_index => "make the index again that the constraint took over, if it is older",
            ast::Constraint::PrimaryKeyConstraint(_) => {
                "drop NOT NULL from the columns of the key that were without; then remove this line"
            }
            _ => return vec![Step::sql(drop)],
        };
        vec![Step::doubtful(drop, todo)]
    }

    fn altered_column(&self, alter: &ast::AlterColumn) -> Option<Vec<Step>> {
        use ast::AlterColumnOption as Change;
        let column = self.text(&alter.column_name_ref()?).to_owned();
        let back = |action: &str| self.sql(format!("ALTER COLUMN {column} {action}"));
        let steps = match alter.option()? {
            Change::SetNotNull(_) => back("DROP NOT NULL"),
            Change::DropNotNull(_) => back("SET NOT NULL"),
            Change::AddGenerated(_) => back("DROP IDENTITY"),
            // On a table of this migration the column had no default that matters.
            Change::SetDefault(_) if self.one.has(&self.name) => back("DROP DEFAULT"),
            Change::SetDefault(_) => vec![Step::suggested(
                &self.alter(format!("ALTER COLUMN {column} DROP DEFAULT")),
                format!("set the default that {column} had before, or drop it"),
            )],
            Change::DropDefault(_) => self.todo(format!("set the default of {column} again")),
            Change::SetType(_) => self.todo(format!("change {column} back to the type it had")),
            _ => return None,
        };
        Some(steps)
    }

    fn moved(&self, set: &ast::SetSchema) -> Option<Vec<Step>> {
        let new = self.text(&set.schema_ref()?).to_owned();
        let path = self
            .tree
            .statement
            .syntax()
            .descendants()
            .find_map(ast::PathRef::cast)?;
        let segment = self.text(&path.segment()?).to_owned();
        let Some(old) = path.qualifier() else {
            return Some(self.todo(format!("move {segment} back to the schema it was in")));
        };
        let old = self.text(&old);
        let sql = format!(
            "ALTER {} {}{new}.{segment} SET SCHEMA {old}",
            self.kind, self.if_exists
        );
        Some(vec![Step::sql(sql)])
    }
}
