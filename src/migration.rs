//! SQL migrations: the files of a folder, the ledger in the database, what is pending, applying it
//! and rolling it back.
//!
//! Reading files, comparing them with the ledger ([`assess`]) and choosing what to run
//! ([`plan_migrate`], [`plan_rollback`]) is pure; only [`migrate`], [`rollback`], [`run_one`] and
//! the ledger talk to a server. A migration and its ledger row are one transaction, and the lock is
//! one of the session: a killed run leaves nothing to clean up.

pub mod adopt;
pub mod files;
pub mod next;
pub mod rename;
pub mod repair;
pub mod squash;
pub mod syntax;

mod assess;
mod batch;
mod blockers;
mod conflict;
mod event;
mod failure;
mod halved;
mod headers;
mod hidden;
mod index;
mod inverse;
mod ledger;
mod lock;
mod name;
mod observed;
mod origin;
mod outside;
mod plan;
mod record;
mod redo;
mod refused;
mod run;
mod runner;
mod script;
mod session;
mod sql;
mod standalone;
mod statement;
mod stepwise;
mod substitute;
#[cfg(test)]
mod tests;

pub use assess::{Assessed, AssessedRepeatable, Assessment, State, assess};
pub use event::{Event, Retry};
pub use failure::{Failed, MigrationError};
pub use files::{Folder, Migration, Repeatable};
pub use headers::{Allow, DIRECTIVE, Headers, TODO_MARKER};
pub use inverse::{Inverse, inverse};
pub use ledger::{Ledger, LedgerEntry, RepeatableEntry, Unfinished, read_ledger};
pub use lock::{lock_holder, with_lock};
pub use name::{Direction, Version};
pub use observed::{Moment, run_observed};
pub use origin::{ForeignLedger, Tool};
pub use outside::{acts_outside, may_act_unseen};
pub use plan::{Request, Settings, Step, Subject, Target, plan_migrate, plan_rollback};
pub use record::{
    create_ledger, create_schema, delete_migration, delete_unfinished, drop_schema,
    insert_migration, upsert_repeatable,
};
pub use redo::{Redo, plan_redo};
pub use run::{Done, migrate, rollback, run_one};
pub use script::Script;
pub use session::Session;
pub use standalone::{Standalone, standalone};
pub use statement::Statement;
pub use substitute::{Substitute, no_variables};
