//! A database with every migration applied and nothing else, in the time of a copy: what a set of
//! files makes is kept as a template under the hash of that set.
//!
//! Files that take variables are not kept: their values, secrets among them, would have to be part
//! of the hash that everybody on the server can read.

pub(super) mod outside;

use std::fmt::Write;
use std::time::Duration;

use super::Target;
use super::login::sentence;
use super::server::failure;
use crate::assets;
use crate::environment::migrations::{self, Rules, Wanted};
use crate::environment::{Failure, Kind};
use crate::migration::{self, Folder, files::checksum};
use crate::plan::definition::sha256;
use crate::postgres::databases::{
    self, DatabaseError, DatabaseInfo, ScratchOf, Strategy, copy_settings, create_scratch,
    drop_database, find_template, keep_as_template, remove_stale_scratch, with_template_lock,
};
use crate::postgres::{Connection, connect, ensure_extensions};

/// Raised when the same files make something else than before.
const FORMAT: u32 = 2;
/// Templates kept of one environment.
const KEEP: usize = 3;
const TIMEOUT: Duration = Duration::from_secs(10);

/// What a fresh database is made of.
#[derive(Clone, Copy)]
pub struct Recipe<'a> {
    pub target: &'a Target,
    pub folder: &'a Folder,
    pub rules: &'a Rules<'a>,
}

/// A fresh scratch database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fresh {
    pub database: String,
    /// Whether the files had to be applied for it; else it is a copy of the template.
    pub built: bool,
}

/// Makes a scratch database with everything of the recipe applied. It is for the caller to drop or
/// to give another name.
///
/// # Errors
/// A file fails, or the server does not let us make databases.
pub async fn fresh(admin: &Connection, recipe: &Recipe<'_>) -> Result<Fresh, Failure> {
    if let Err(error) = remove_stale_scratch(admin).await {
        tracing::debug!("scratch databases of earlier runs stay: {error}");
    }
    let like = like(admin, &recipe.target.address.database).await?;
    outside::refuse(recipe.folder)?;
    if takes_variables(recipe.folder) {
        return unkept(admin, recipe, &like).await;
    }
    let settings = databases::settings(admin, &like.name).await;
    let mut settings = settings.map_err(|error| failure(&error))?;
    let around = databases::surroundings(admin, &like.name).await;
    settings.extend(around.map_err(|error| failure(&error))?);
    let hash = sha256(&ingredients(recipe, &like, &settings));
    let name = &recipe.target.address.database;
    if let Some(database) = copy(admin, name, &hash).await? {
        return Ok(Fresh {
            database,
            built: false,
        });
    }
    if recipe.target.protected.is_some() {
        // Nothing that stays is left on such a server.
        return unkept(admin, recipe, &like).await;
    }
    let patience = recipe.rules.patience().lock_wait;
    let built = with_template_lock(admin, patience, async || {
        make_template(admin, recipe, &like, &hash).await
    });
    let Some(built) = built.await.map_err(Stopped::failure)? else {
        // Another run is at its template for long: this one goes without.
        return unkept(admin, recipe, &like).await;
    };
    match copy(admin, name, &hash).await? {
        Some(database) => Ok(Fresh { database, built }),
        None => Err(Failure::new(
            Kind::Failed,
            "The template is gone again: another run removed it",
        )
        .hint("try again")),
    }
}

/// Made for this once.
async fn unkept(
    admin: &Connection,
    recipe: &Recipe<'_>,
    like: &DatabaseInfo,
) -> Result<Fresh, Failure> {
    Ok(Fresh {
        database: build(admin, recipe, like).await?,
        built: true,
    })
}

/// A copy of the template with this hash, when there is one.
async fn copy(admin: &Connection, like: &str, hash: &str) -> Result<Option<String>, Failure> {
    let found = find_template(admin, hash).await;
    let Some(template) = found.map_err(|error| failure(&error))? else {
        return Ok(None);
    };
    let of = ScratchOf::Clone(&template, Strategy::Fitting);
    match create_scratch(admin, of).await {
        Ok(name) => Ok(Some(name)),
        // Another run has tidied up meanwhile.
        Err(DatabaseError::Missing { .. }) => Ok(None),
        Err(error) => Err(not_made(&error, like)),
    }
}

/// Of the name of a scratch database or template nobody has heard.
fn not_made(error: &DatabaseError, like: &str) -> Failure {
    let said = failure(error);
    match error {
        DatabaseError::Privilege { user, message, .. } => said.saying(format!(
            "User `{user}` may not make a database beside `{like}`, to apply the migrations to: \
             {message}"
        )),
        _ => said,
    }
}

/// Why a template was not made.
enum Stopped {
    Server(DatabaseError),
    Files(Failure),
}

impl From<DatabaseError> for Stopped {
    fn from(error: DatabaseError) -> Self {
        Self::Server(error)
    }
}

impl Stopped {
    fn failure(self) -> Failure {
        match self {
            Self::Server(error) => failure(&error),
            Self::Files(failure) => failure,
        }
    }
}

/// With the lock held; `false` when another run has just made it.
async fn make_template(
    admin: &Connection,
    recipe: &Recipe<'_>,
    like: &DatabaseInfo,
    hash: &str,
) -> Result<bool, Stopped> {
    if find_template(admin, hash).await?.is_some() {
        return Ok(false);
    }
    let scratch = build(admin, recipe, like).await.map_err(Stopped::Files)?;
    let label = label(recipe.target);
    match keep_as_template(admin, &scratch, (hash, &label), KEEP).await {
        Ok(_) => Ok(true),
        Err(error) => {
            discard(admin, &scratch).await;
            Err(error.into())
        }
    }
}

/// A scratch database in which every file was applied.
async fn build(
    admin: &Connection,
    recipe: &Recipe<'_>,
    like: &DatabaseInfo,
) -> Result<String, Failure> {
    let made = create_scratch(admin, ScratchOf::EmptyLike(&like.name)).await;
    let scratch = made.map_err(|error| not_made(&error, &like.name))?;
    let filled = outside::watch(admin, recipe.folder, async || {
        fill(admin, recipe, (&like.name, &scratch)).await
    });
    match filled.await {
        Ok(()) => Ok(scratch),
        Err(failure) => {
            discard(admin, &scratch).await;
            Err(failure)
        }
    }
}

async fn fill(
    admin: &Connection,
    recipe: &Recipe<'_>,
    (like, scratch): (&str, &str),
) -> Result<(), Failure> {
    // What files make may depend on them, above all on `search_path`.
    let copied = copy_settings(admin, like, scratch).await;
    copied.map_err(|error| failure(&error))?;
    let address = recipe.target.address.with_database(scratch);
    let connected = connect(&address, TIMEOUT).await;
    let connection = connected.map_err(|error| super::login::unreachable(recipe.target, &error))?;
    let ensured = ensure_extensions(&connection, extensions(recipe.target)).await;
    ensured.map_err(|error| {
        let failure = Failure::new(Kind::Failed, sentence(&error.to_string()));
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    })?;
    let (wanted, values) = (Wanted::default(), recipe.rules.values());
    let request = recipe.rules.request(&wanted, &values);
    let done = migration::migrate(&connection, recipe.folder, &request, |_| {}).await;
    done.map_err(|error| migrations::failure(&error))?;
    databases::close(admin, connection).await;
    Ok(())
}

/// Drops a scratch database. Best effort: the next run looks for it too.
pub async fn discard(admin: &Connection, scratch: &str) {
    if let Err(error) = drop_database(admin, scratch, true).await {
        tracing::warn!("the scratch database `{scratch}` stays: {error}");
    }
}

/// What new databases are like: the one that is meant, or what the server makes by itself when it
/// is not there.
async fn like(admin: &Connection, database: &str) -> Result<DatabaseInfo, Failure> {
    let all = databases::list(admin)
        .await
        .map_err(|error| failure(&error))?;
    let named = |name: &str| all.iter().find(|info| info.name == name).cloned();
    named(database)
        .or_else(|| named("template1"))
        .ok_or_else(|| {
            failure(&DatabaseError::Missing {
                name: database.to_owned(),
            })
        })
}

/// What cannot be read might take them.
fn takes_variables(folder: &Folder) -> bool {
    outside::scripts(folder).any(|script| script.is_none_or(|script| script.headers.substitute))
}

fn extensions(target: &Target) -> &[String] {
    let named = target.environment.as_ref();
    named.map_or(&[], |named| &named.environment.postgres.extensions)
}

/// Everything that decides what is in the database, each with its length before it.
fn ingredients(recipe: &Recipe<'_>, like: &DatabaseInfo, settings: &[String]) -> String {
    let mut text = format!("{FORMAT}\n");
    let mut add = |part: &str| {
        let _ = writeln!(text, "{} {part}", part.len());
    };
    for part in [&like.owner, &like.encoding, &like.collation] {
        add(part);
    }
    for setting in settings {
        add(setting);
    }
    for (path, sql) in assets::MIGRATIONS {
        add(path);
        add(&checksum(sql));
    }
    for extension in extensions(recipe.target) {
        add(extension);
    }
    for migration in &recipe.folder.migrations {
        let rollback = migration.rollback.as_ref();
        add(&migration.title());
        add(&migration.checksum);
        add(&rollback.map_or_else(String::new, |source| checksum(&source.text)));
    }
    for repeatable in &recipe.folder.repeatables {
        add(&repeatable.title());
        add(&repeatable.checksum);
    }
    text
}

/// Whose template it is: `shop/dev`, or the database where there is no environment.
fn label(target: &Target) -> String {
    match &target.environment {
        Some(named) => {
            let identity = &named.identity;
            format!("{}/{}", identity.project, identity.environment)
        }
        None => target.address.database.clone(),
    }
}
