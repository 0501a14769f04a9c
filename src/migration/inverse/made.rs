//! What a migration makes, in its order: what these things get later goes with them.
//!
//! A name means what it means at its statement: before a table is made or renamed, the same name
//! may be that of another one, which was there before.

use crate::migration::syntax::{AstNode, Name, SyntaxNode, Tree, ast};

/// A relation, type or routine that was surely not there before, under one of its names.
#[derive(Debug)]
struct Thing {
    /// Routines have the types of their arguments in it.
    name: Name,
    /// The statement that made it.
    born: usize,
    /// The statement that gave it this name.
    from: usize,
    /// The statement that dropped or renamed it.
    until: Option<usize>,
    /// Whether the migration drops it again, under this name or a later one.
    is_dropped: bool,
}

impl Thing {
    fn is_there(&self, at: usize) -> bool {
        self.from < at && self.until.is_none_or(|until| at <= until)
    }

    /// Its name without schema and arguments.
    fn word(&self) -> String {
        let name = self.name.as_str().split('(').next().unwrap_or_default();
        name.rsplit('.').next().unwrap_or(name).to_lowercase()
    }
}

/// Statements are counted from 0.
#[derive(Debug, Default)]
pub(super) struct Made {
    things: Vec<Thing>,
    /// Schemas and extensions, whose names are apart from those of relations.
    outer: Vec<Name>,
    /// Sequences that belong to a column of a table made here.
    owned: Vec<Name>,
}

impl Made {
    pub fn by(trees: &[Option<Tree>]) -> Self {
        let mut made = Self::default();
        for (at, tree) in trees.iter().enumerate() {
            if let Some(tree) = tree {
                made.take(at, tree);
            }
        }
        made
    }

    fn take(&mut self, at: usize, tree: &Tree) {
        for name in dropped(tree) {
            self.drop(at, &name);
        }
        let new = made_by(&tree.statement);
        self.things.extend(new.map(|name| Thing {
            name,
            born: at,
            from: at,
            until: None,
            is_dropped: false,
        }));
        self.outer.extend(outer_made_by(&tree.statement));
        if let Some((old, new)) = renamed_table(&tree.statement) {
            self.rename(at, &old, new);
        }
        let owned = owned_sequence(&tree.statement).filter(|(_, table)| self.has(at, table));
        self.owned.extend(owned.map(|(sequence, _)| sequence));
    }

    fn drop(&mut self, at: usize, name: &Name) {
        let found = self
            .things
            .iter_mut()
            .find(|thing| thing.name == *name && thing.is_there(at));
        let Some(found) = found else {
            return;
        };
        found.until = Some(at);
        let born = found.born;
        let same = self.things.iter_mut().filter(|thing| thing.born == born);
        same.for_each(|thing| thing.is_dropped = true);
    }

    fn rename(&mut self, at: usize, old: &Name, name: Name) {
        let found = self
            .things
            .iter_mut()
            .find(|thing| thing.name == *old && thing.is_there(at));
        let Some(found) = found else {
            return;
        };
        found.until = Some(at);
        let born = found.born;
        self.things.push(Thing {
            name,
            born,
            from: at,
            until: None,
            is_dropped: false,
        });
    }

    fn find(&self, at: usize, name: &Name) -> Option<&Thing> {
        self.things
            .iter()
            .find(|thing| thing.name == *name && thing.is_there(at))
    }

    /// Whether `name` is that of a thing made by a statement before `at`.
    pub fn has(&self, at: usize, name: &Name) -> bool {
        self.find(at, name).is_some()
    }

    /// Whether a schema or extension was made.
    pub fn has_outer(&self, name: &Name) -> bool {
        self.outer.contains(name)
    }

    /// Whether the migration drops the thing that has this name at `at`, or is made there.
    pub fn is_dropped(&self, at: usize, name: &Name) -> bool {
        let mut same = self.things.iter().filter(|thing| thing.name == *name);
        same.any(|thing| thing.is_dropped && (thing.from == at || thing.is_there(at)))
    }

    /// Whether a sequence goes with its table.
    pub fn is_owned(&self, sequence: &Name) -> bool {
        self.owned.contains(sequence)
    }

    /// Whether what `text`, the statement `at`, does to `owner` goes with `owner`. It does not when
    /// it makes `owner` depend on something made after it, which then could not be dropped first.
    pub fn takes_along(&self, at: usize, owner: &Name, text: &str) -> bool {
        let Some(owner) = self.find(at, owner) else {
            return false;
        };
        let text = text.to_lowercase();
        let words = || text.split(|c: char| !c.is_alphanumeric() && c != '_');
        let mut later = self.things.iter().filter(|thing| thing.born > owner.born);
        owner.is_dropped || !later.any(|thing| words().any(|word| word == thing.word()))
    }
}

/// A routine with the types by which it is called.
fn routine(name: &Name, parameters: &ast::ParamList) -> Name {
    let is_out = |mode: Option<ast::ParamMode>| matches!(mode, Some(ast::ParamMode::ParamOut(_)));
    let types = parameters
        .params()
        .filter(|parameter| !is_out(parameter.mode()))
        .filter_map(|parameter| parameter.func_type())
        .map(|ty| ty.syntax().text().to_string().to_lowercase());
    let types: Vec<String> = types.collect();
    Name::from_folded(&format!("{name}({})", types.join(",")))
}

/// The routine that `node` names first, with its arguments.
pub(super) fn routine_in(node: &SyntaxNode) -> Option<Name> {
    let parameters = node.descendants().find_map(ast::ParamList::cast)?;
    let path = node.descendants().find_map(ast::PathRef::cast)?;
    Some(routine(&Name::of(&path)?, &parameters))
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
        Stmt::CreateFunction(it) if it.or_replace().is_none() => {
            Some(routine(&Name::of(&it.name()?)?, &it.param_list()?))
        }
        Stmt::CreateProcedure(it) if it.or_replace().is_none() => {
            Some(routine(&Name::of(&it.name()?)?, &it.param_list()?))
        }
        Stmt::CreateAggregate(it) if it.or_replace().is_none() => Some(routine(
            &Name::of(&it.aggregate_name()?)?,
            &it.param_list()?,
        )),
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
