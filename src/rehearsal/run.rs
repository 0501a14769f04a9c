//! One direction of one file on the scratch database, watched: time, locks, what is written anew.

use std::collections::BTreeMap;
use std::time::Duration;

use super::RehearsalError;
use super::report::{Lock, Rewritten, Run, Size};
use super::snapshot::{Snapshot, Touched};
use crate::diagnostic::Diagnostic;
use crate::event::Seconds;
use crate::migration::{Direction, Settings, Statement, Step, Subject, run_observed};
use crate::postgres::Connection;
use crate::postgres::relations::{
    LockMode, Oid, Relation, RelationError, RelationKind, held_locks, relations, shared_writes,
    table_bytes,
};

/// What was seen while a file ran.
pub(super) struct Watched {
    took: Duration,
    locks: BTreeMap<Oid, Taken>,
    pub touched: Touched,
}

/// A lock, and what took it.
#[derive(Debug, Clone, Copy)]
struct Taken {
    mode: LockMode,
    since: Duration,
    line: usize,
}

/// `schema.name` → size in the real database.
pub(super) type Sizes = BTreeMap<String, Size>;

/// The sizes of everything that is there.
pub(super) async fn sizes(connection: &Connection) -> Result<Sizes, RelationError> {
    let relations = relations(connection).await?;
    let oids: Vec<Oid> = relations.keys().copied().collect();
    let bytes = table_bytes(connection, &oids).await?;
    let size = |relation: &Relation| Size {
        bytes: bytes.get(&relation.oid).copied().unwrap_or_default(),
        rows: relation.estimated_rows,
    };
    let sizes = relations.values().map(|relation| match relation.kind {
        RelationKind::Index(table) => {
            let table = relations.get(&table);
            (relation.title(), table.map_or_else(Size::default, size))
        }
        _ => (relation.title(), size(relation)),
    });
    Ok(sizes.collect())
}

/// Runs `step`; its failure is [`crate::migration::MigrationError::Failed`].
pub(super) async fn watch(
    scratch: &Connection,
    step: &Step<'_>,
    settings: Settings,
) -> Result<Watched, RehearsalError> {
    let mut locks: BTreeMap<Oid, Taken> = BTreeMap::new();
    let source = &step.script.source;
    let took = run_observed(scratch, step, settings, async |moment| {
        for (oid, mode) in held_locks(scratch).await? {
            let taken = Taken {
                mode,
                since: moment.since_begin,
                line: source.location(moment.statement.span.start).line,
            };
            let known = locks.entry(oid).or_insert(taken);
            if known.mode < mode {
                *known = taken;
            }
        }
        match shared_writes(scratch).await? {
            catalogues if catalogues.is_empty() => Ok(()),
            catalogues => Err(RehearsalError::Outside {
                diagnostic: Box::new(outside(step, moment.statement)),
                catalogues,
            }),
        }
    })
    .await?;
    let written = locks
        .iter()
        .filter(|(_, taken)| taken.mode >= LockMode::RowExclusive);
    let touched = match step.script.in_transaction() {
        true => Touched::These(written.map(|(oid, _)| *oid).collect()),
        false => Touched::Anything,
    };
    Ok(Watched {
        took,
        locks,
        touched,
    })
}

/// Why `statement` of `step` is not tried.
pub(super) fn outside(step: &Step<'_>, statement: &Statement) -> Diagnostic {
    let help = match step.subject {
        _ if step.direction == Direction::Rollback => "look at it closely yourself".to_owned(),
        Subject::Migration(migration) => format!(
            "what comes after it can be tried once it is applied: poststack db migrate \
             --target-version {}",
            migration.version
        ),
        Subject::Repeatable(_) => "it is tried by nothing but a run".to_owned(),
    };
    let message = format!(
        "`{}` cannot be tried: it acts outside its database",
        step.title()
    );
    Diagnostic::warning(message)
        .at(&step.script.source, statement.span)
        .help(help)
}

impl Watched {
    /// What there is to tell, of what was there `before`.
    pub fn report(&self, (before, after): (&Snapshot, &Snapshot), sizes: &Sizes) -> Run {
        Run {
            seconds: Seconds(self.took),
            locks: self.locks(before, sizes),
            rewritten: rewritten(before, after, sizes),
        }
    }

    /// What is new in the transaction nobody else can see, let alone wait for.
    fn locks(&self, before: &Snapshot, sizes: &Sizes) -> Vec<Lock> {
        let is_told = |relation: &Relation| !matches!(relation.kind, RelationKind::Index(_));
        let known = self.locks.iter().filter_map(|(oid, taken)| {
            let relation = before.relations.get(oid)?;
            is_told(relation).then_some((relation, *taken))
        });
        let mut locks: Vec<Lock> = known
            .filter(|(_, taken)| taken.mode > LockMode::AccessShare)
            .map(|(relation, taken)| Lock {
                table: relation.title(),
                mode: taken.mode,
                blocks: taken.mode.blocks(),
                held: Seconds(self.took.saturating_sub(taken.since)),
                line: taken.line,
                size: sizes.get(&relation.title()).copied().unwrap_or_default(),
            })
            .collect();
        locks.sort_by(|a, b| b.mode.cmp(&a.mode).then_with(|| a.table.cmp(&b.table)));
        locks
    }
}

/// An index is told of only where its table is not: with the table all of them are written.
fn rewritten(before: &Snapshot, after: &Snapshot, sizes: &Sizes) -> Vec<Rewritten> {
    let is_rewritten = |oid: &Oid| {
        let (before, after) = (before.relations.get(oid), after.relations.get(oid));
        let files = before
            .zip(after)
            .map(|(before, after)| (before.file, after.file));
        files.is_some_and(|(before, after)| before != after && before.is_some())
    };
    let relations = before.relations.values();
    let relations = relations.filter(|relation| match relation.kind {
        RelationKind::Index(table) => is_rewritten(&relation.oid) && !is_rewritten(&table),
        RelationKind::Sequence => false,
        _ => is_rewritten(&relation.oid),
    });
    relations
        .map(|relation| Rewritten {
            relation: relation.title(),
            index: matches!(relation.kind, RelationKind::Index(_)),
            size: sizes.get(&relation.title()).copied().unwrap_or_default(),
        })
        .collect()
}
