//! `db diff`: what somebody changed by hand. The files that were applied make a scratch database, and
//! its schema is compared with the one that is there.

use std::time::Duration;

use serde::Serialize;

use super::Target;
use super::fresh::{Recipe, discard, fresh};
use super::login::{login, sentence};
use crate::environment::migrations::Rules;
use crate::environment::{Failure, Kind};
use crate::migration::{Folder, Ledger, Migration, Repeatable, read_ledger};
use crate::postgres::{Connection, connect, databases};
use crate::schema::{self, Ddl, Difference, Kind as ObjectKind, ObjectId, Schema};

const TIMEOUT: Duration = Duration::from_secs(10);

/// Which files are compared with the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// Those that the ledger has.
    Applied,
    /// All of them.
    All,
}

/// The differences.
#[derive(Debug, Clone, Serialize)]
pub struct Diff {
    /// The environment, or `host:port/database`.
    pub name: String,
    pub database: String,
    /// How many files were compared with it.
    pub files: usize,
    /// Whether the DDL leads from the database to the files.
    pub reverse: bool,
    /// Each in words.
    pub differences: Vec<String>,
    pub ddl: Ddl,
    /// The DDL as it is written into a file.
    pub sql: String,
    /// Files that make the comparison less than exact, in words.
    pub notes: Vec<String>,
}

/// Compares the schema that files make with that of the database of `target`. The DDL leads from
/// the files to the database, with `reverse` the other way.
///
/// # Errors
/// A file fails, or the server does not let us make a scratch database.
pub async fn diff(
    target: &Target,
    (folder, rules): (&Folder, &Rules<'_>),
    against: Against,
    reverse: bool,
) -> Result<Diff, Failure> {
    let connection = login(target).await?;
    let ledger = read_ledger(&connection).await.map_err(|error| {
        super::server::failure(&databases::DatabaseError::Read {
            what: "the migration ledger",
            source: error,
        })
    })?;
    let mut live = read(&connection).await?;
    let ledger = ledger.unwrap_or_default();
    let (chosen, notes) = match against {
        Against::All => (folder.clone(), Vec::new()),
        Against::Applied => applied(folder, &ledger),
    };
    let recipe = Recipe {
        target,
        folder: &chosen,
        rules,
    };
    let files = made(&recipe).await?;
    leave_out_ledgers(&mut live, &files);
    let (from, to) = if reverse {
        (&live, &files)
    } else {
        (&files, &live)
    };
    let differences: Vec<Difference> = schema::compare(from, to);
    let ddl = schema::migration_ddl(from, to);
    Ok(Diff {
        name: target.name(),
        database: target.address.database.clone(),
        files: chosen.migrations.len() + chosen.repeatables.len(),
        reverse,
        differences: differences.iter().map(ToString::to_string).collect(),
        sql: ddl.to_string(),
        ddl,
        notes,
    })
}

/// Tables in which other tools kept what they applied; they stay where their ledger was taken over.
const LEDGERS: [&str; 5] = [
    "schema_migrations",
    "flyway_schema_history",
    "_sqlx_migrations",
    "refinery_schema_history",
    "goose_db_version",
];

/// Nobody made a ledger by hand, unless a file makes a table of that name.
fn leave_out_ledgers(live: &mut Schema, files: &Schema) {
    live.objects.retain(|id, _| {
        let is_of = |ledger: &str| {
            let rest = id.name.strip_prefix(ledger);
            id.table == ledger || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        };
        let mut ledgers = LEDGERS.into_iter();
        let ledger = ledgers.find(|ledger| id.schema == "public" && is_of(ledger));
        ledger.is_none_or(|ledger| {
            let table = ObjectId::new(ObjectKind::Table, "public", ledger);
            files.get(&table).is_some()
        })
    });
}

/// The schema that the recipe makes.
async fn made(recipe: &Recipe<'_>) -> Result<Schema, Failure> {
    let admin = super::server::maintenance(recipe.target).await?;
    let fresh = fresh(&admin, recipe).await?;
    let address = recipe.target.address.with_database(&fresh.database);
    let read = async {
        let connected = connect(&address, TIMEOUT).await;
        let connection =
            connected.map_err(|error| super::login::unreachable(recipe.target, &error))?;
        read(&connection).await
    };
    let schema = read.await;
    discard(&admin, &fresh.database).await;
    schema
}

/// Who owns what differs wherever two users migrate; that is no change by hand.
async fn read(connection: &Connection) -> Result<Schema, Failure> {
    let schema = schema::read(connection).await;
    schema
        .map(Schema::without_owners)
        .map_err(|error| Failure::new(Kind::Failed, sentence(&error.to_string())))
}

/// The files that the ledger has, and what is to be said of others.
fn applied(folder: &Folder, ledger: &Ledger) -> (Folder, Vec<String>) {
    let mut notes = Vec::new();
    let is_applied = |one: &&Migration| {
        ledger
            .entries
            .iter()
            .any(|entry| entry.version == one.version)
    };
    let migrations: Vec<Migration> = folder
        .migrations
        .iter()
        .filter(is_applied)
        .cloned()
        .collect();
    let is_repeated = |one: &&Repeatable| {
        ledger
            .repeatables
            .iter()
            .any(|entry| entry.name == one.name)
    };
    let repeatables: Vec<Repeatable> = folder
        .repeatables
        .iter()
        .filter(is_repeated)
        .cloned()
        .collect();
    for entry in &ledger.entries {
        let title = entry.title();
        match migrations.iter().find(|one| one.version == entry.version) {
            None => notes.push(format!(
                "`{title}` was applied, but its file is gone: what it made shows as a difference"
            )),
            Some(file) if file.checksum != entry.checksum => notes.push(format!(
                "`{title}` was edited after it was applied: its edits show as differences"
            )),
            Some(_) => {}
        }
    }
    let pending = folder.migrations.len() - migrations.len();
    if pending > 0 {
        notes.push(match pending {
            1 => "1 pending file is left out; --pending takes it in".to_owned(),
            count => format!("{count} pending files are left out; --pending takes them in"),
        });
    }
    let chosen = Folder {
        migrations,
        repeatables,
        left_out: Vec::new(),
    };
    (chosen, notes)
}
