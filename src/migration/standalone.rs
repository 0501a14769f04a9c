//! The migrations of a folder as one script for `psql`, for those who go on without poststack.
//!
//! The script asks the ledger what is applied, takes the same lock, and records what it applies: it
//! may run on an empty database, on one that poststack migrated, and again.

use super::name::Version;
use super::plan::{Settings, Step, Subject};
use super::runner::{headers, push_body, recording};
use super::substitute::Substitute;
use super::{Folder, lock, record};
use crate::diagnostic::Diagnostic;
use crate::postgres::quote::literal;

/// Milliseconds since the transaction began: `psql` sends each statement by itself.
const ELAPSED: &str = "pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() \
                       - pg_catalog.transaction_timestamp()) * 1000";

/// A folder as one script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standalone {
    pub sql: String,
    /// Files that are no transaction: one that stops in its middle begins anew, or not at all.
    pub stepwise: Vec<String>,
}

/// Everything that the files of `folder` do, in their order, each guarded by the ledger.
///
/// # Errors
/// What is wrong with the files, and variables without a value.
pub fn standalone(
    folder: &Folder,
    settings: &Settings,
    values: &Substitute<'_>,
) -> Result<Standalone, Vec<Diagnostic>> {
    let versions = folder.migrations.iter();
    let steps = versions.map(|migration| Step::up(migration, values));
    let repeated = folder.repeatables.iter();
    let steps = steps.chain(repeated.map(|file| Step::repeatable(file, values)));
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    for step in steps {
        match step {
            Ok(step) => found.push(step),
            Err(wrong) => faults.extend(wrong),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let session = session(settings);
    let mut sql = preamble(&session);
    for step in &found {
        guarded(&mut sql, step, &session);
    }
    let stepwise = found.iter().filter(|step| !step.sent().in_transaction());
    Ok(Standalone {
        stepwise: stepwise.map(Step::title).collect(),
        sql,
    })
}

/// What each file finds set, whatever the one before it did.
fn session(settings: &Settings) -> String {
    let statement = settings.statement_timeout.unwrap_or_default();
    format!(
        "RESET ALL;\nSET client_min_messages = warning;\nSET lock_timeout = {};\n\
         SET statement_timeout = {};\nSET standard_conforming_strings = on;\n",
        settings.lock_timeout.as_millis(),
        statement.as_millis(),
    )
}

fn preamble(session: &str) -> String {
    let key = lock::KEY;
    let (ledger, progress) = (record::ledger_schema(), record::progress_schema());
    format!(
        "-- Made by poststack: applies what is pending and records it in the ledger.\n\
         -- May run again: what is applied is passed over.\n\
         \\set ON_ERROR_STOP on\n{session}\
         SELECT pg_catalog.pg_advisory_lock({key}) AS poststack_lock \\gset\n\
         BEGIN;\n{ledger}\n{progress}\nCOMMIT;\n\
         DO $poststack$ BEGIN IF EXISTS (SELECT FROM poststack.unfinished_migrations) THEN \
         RAISE 'a migration stopped halfway; poststack.unfinished_migrations tells where'; \
         END IF; END $poststack$;\n"
    )
}

/// One file, passed over where the ledger has it.
fn guarded(sql: &mut String, step: &Step<'_>, session: &str) {
    let title = literal(&step.title());
    let is_recorded = match step.subject {
        Subject::Migration(migration) => recorded_version(&migration.version),
        Subject::Repeatable(file) => format!(
            "FROM poststack.repeatable_migrations WHERE name = {} AND checksum = {}",
            literal(&file.name),
            literal(&file.checksum)
        ),
    };
    let pending = format!("SELECT NOT EXISTS (SELECT {is_recorded}) AS poststack_pending \\gset");
    let timeouts = headers(step, "SET");
    sql.push_str(&format!(
        "\n{pending}\n\\if :poststack_pending\n\\echo Applying {title}\n{session}{timeouts}\n"
    ));
    let record = recording(step, ELAPSED);
    if step.sent().in_transaction() {
        sql.push_str("BEGIN;\n");
        push_body(sql, step);
        let end = "RESET SESSION AUTHORIZATION;\nRESET ROLE;";
        sql.push_str(&format!("\n;\n{end}\n{record}\nCOMMIT;\n\\endif\n"));
    } else {
        let text = &step.sent().source.text;
        sql.push_str(&format!("{text}\n;\n{record}\n\\endif\n"));
    }
}

/// The zeros before a version do not count.
fn recorded_version(version: &Version) -> String {
    format!(
        "FROM poststack.schema_migrations WHERE ltrim(version, '0') = ltrim({}, '0')",
        literal(version.as_str())
    )
}
