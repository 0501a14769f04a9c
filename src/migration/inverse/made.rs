//! What a migration makes, in its order: what these things get later goes with them.

use crate::migration::syntax::{AstNode, Name, Tree, ast};

/// Relations, types, routines and schemas that were surely not there before.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// In the order of the migration.
    names: Vec<Name>,
    /// Schemas and extensions, whose names are apart from those of relations.
    outer: Vec<Name>,
    /// Made, and dropped again.
    gone: Vec<Name>,
    /// Sequences that belong to a column of a table made here.
    owned: Vec<Name>,
}

impl Made {
    pub fn by(trees: &[Option<Tree>]) -> Self {
        let mut made = Self::default();
        for tree in trees.iter().flatten() {
            made.names.extend(made_by(&tree.statement));
            let gone = dropped(tree).into_iter().filter(|name| made.has(name));
            let gone: Vec<Name> = gone.collect();
            made.names.retain(|name| !gone.contains(name));
            made.gone.extend(gone);
            made.outer.extend(outer_made_by(&tree.statement));
            if let Some((old, new)) = renamed_table(&tree.statement)
                && made.has(&old)
            {
                made.names.push(new);
            }
            let owned = owned_sequence(&tree.statement).filter(|(_, table)| made.has(table));
            made.owned.extend(owned.map(|(sequence, _)| sequence));
        }
        made
    }

    pub fn has(&self, name: &Name) -> bool {
        self.names.contains(name)
    }

    /// Whether a schema or extension was made.
    pub fn has_outer(&self, name: &Name) -> bool {
        self.outer.contains(name)
    }

    /// Whether the migration drops what it made.
    pub fn is_gone(&self, name: &Name) -> bool {
        self.gone.contains(name) && !self.has(name)
    }

    /// Whether a sequence goes with its table.
    pub fn is_owned(&self, sequence: &Name) -> bool {
        self.owned.contains(sequence)
    }

    /// Whether what `text` does to `owner` goes with `owner`. It does not when it makes `owner`
    /// depend on something made after it, which then could not be dropped before it.
    pub fn takes_along(&self, owner: &Name, text: &str) -> bool {
        if self.is_gone(owner) {
            return true;
        }
        let Some(at) = self.names.iter().position(|name| name == owner) else {
            return false;
        };
        let text = text.to_lowercase();
        let words = || text.split(|c: char| !c.is_alphanumeric() && c != '_');
        let later = self.names.iter().skip(at + 1).filter(|name| *name != owner);
        !later
            .map(Name::last)
            .any(|last| words().any(|word| word == last.to_lowercase()))
    }
}

pub(super) fn made_by(statement: &ast::Stmt) -> Option<Name> {
    use ast::Stmt;
    match statement {
        Stmt::CreateTable(it) if it.if_not_exists().is_none() => Name::of(&it.table_name()?),
        Stmt::CreateTableAs(it) if it.if_not_exists().is_none() => Name::of(&it.table_name()?),
        Stmt::CreateForeignTable(it) if it.if_not_exists().is_none() => Name::of(&it.table_name()?),
        Stmt::SelectInto(it) => Name::of(&it.into_clause()?.table_name()?),
        Stmt::CreateView(it) if it.or_replace().is_none() => Name::of(&it.view()?),
        Stmt::CreateMaterializedView(it) if it.if_not_exists().is_none() => Name::of(&it.view()?),
        Stmt::CreateSequence(it) if it.if_not_exists().is_none() => Name::of(&it.sequence()?),
        Stmt::CreateType(it) => Name::of(&it.type_name()?),
        Stmt::CreateDomain(it) => Name::of(&it.domain()?),
        Stmt::CreateFunction(it) if it.or_replace().is_none() => Name::of(&it.name()?),
        Stmt::CreateProcedure(it) if it.or_replace().is_none() => Name::of(&it.name()?),
        Stmt::CreateAggregate(it) if it.or_replace().is_none() => Name::of(&it.aggregate_name()?),
        _ => None,
    }
}

fn outer_made_by(statement: &ast::Stmt) -> Option<Name> {
    match statement {
        ast::Stmt::CreateSchema(it) if it.if_not_exists().is_none() => Some(Name::from_folded(
            &ast::normalize_name_node(&it.schema_name()?),
        )),
        ast::Stmt::CreateExtension(it) if it.if_not_exists().is_none() => {
            Name::of(&it.extension()?)
        }
        _ => None,
    }
}

/// What a statement drops, of the kinds that are made here.
pub(super) fn dropped(tree: &Tree) -> Vec<Name> {
    use ast::Stmt;
    let is_of_a_kind = matches!(
        tree.statement,
        Stmt::DropTable(_)
            | Stmt::DropForeignTable(_)
            | Stmt::DropView(_)
            | Stmt::DropMaterializedView(_)
            | Stmt::DropSequence(_)
            | Stmt::DropType(_)
            | Stmt::DropDomain(_)
            | Stmt::DropFunction(_)
            | Stmt::DropProcedure(_)
    );
    match is_of_a_kind {
        true => Name::all_in(&tree.statement),
        false => Vec::new(),
    }
}

fn renamed_table(statement: &ast::Stmt) -> Option<(Name, Name)> {
    let ast::Stmt::AlterTable(alter) = statement else {
        return None;
    };
    let old = Name::of(&alter.table_relation_name()?)?;
    let new = alter.actions().find_map(|action| match action {
        ast::AlterTableAction::TableRenameTo(rename) => Name::of(&rename.table_name()?),
        _ => None,
    })?;
    let new = match old.as_str().rsplit_once('.') {
        Some((schema, _)) => new.within(schema),
        None => new,
    };
    Some((old, new))
}

/// A sequence and the table whose column owns it.
fn owned_sequence(statement: &ast::Stmt) -> Option<(Name, Name)> {
    let (sequence, node) = match statement {
        ast::Stmt::AlterSequence(it) => (Name::of(&it.sequence_ref()?)?, it.syntax()),
        ast::Stmt::CreateSequence(it) => (Name::of(&it.sequence()?)?, it.syntax()),
        _ => return None,
    };
    let option = node.descendants().find_map(ast::OptionOwnedBy::cast)?;
    let column = Name::of(&option)?;
    let (table, _) = column.as_str().rsplit_once('.')?;
    Some((sequence, Name::from_folded(table)))
}
