//! `poststack db …`: one thin handler per command in `cli/db/`, the work itself in `database`.
//!
//! The environment is the last optional word of every command, or `--env`; `--database-url` names a
//! database without one. To add a command: a file in `cli/db/` with its `Args` and `run`, a variant
//! of [`DbCommand`] and an arm of [`run`], all in the order of the help.

mod adopt;
mod baseline;
mod branch;
mod confirm;
mod create_rollback;
mod diff;
mod info;
mod lint;
mod migrate;
mod new;
mod query;
mod repair;
mod reset;
mod rollback;
mod schema;
mod seed;
mod shell;
mod show_schema;
mod squash;
mod status;
mod switch;
mod test_connection;
mod unlock;
mod url;
mod validate_rollbacks;
mod verify;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::run::Run;
use crate::database::{Target, Which, login, resolve, resolve_files};
use crate::environment::project::Location;
use crate::environment::{Failure, Kind};
use crate::postgres::Connection;

/// The arguments of `db`: which database, and the command.
#[derive(Debug, Args)]
pub struct DbArgs {
    #[command(flatten)]
    which: WhichArgs,
    #[command(subcommand)]
    command: DbCommand,
}

/// Names a database, for every command of `db`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Which database")]
struct WhichArgs {
    /// The environment, as its name after the command
    #[arg(short, long, global = true, value_name = "ENVIRONMENT")]
    env: Option<String>,
    /// A database by its URL instead of an environment [default: `$POSTSTACK_DATABASE_URL`]
    #[arg(long, global = true, value_name = "URL", hide_env_values = true)]
    database_url: Option<String>,
    /// The folder of migrations [default: `migrations_path`, `migrations:` of `init`, `migrations`]
    #[arg(long, global = true, value_name = "DIR")]
    migrations: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum DbCommand {
    /// Apply the migrations that are pending
    Migrate(migrate::MigrateArgs),
    /// Take the newest migrations back
    Rollback(rollback::RollbackArgs),
    /// Take the newest migrations back and apply them again
    Redo(rollback::RedoArgs),
    /// Show which migrations are applied and which are pending
    #[command(visible_alias = "status")]
    MigrationStatus(status::StatusArgs),
    /// Show everything known of one migration
    MigrationInfo(info::InfoArgs),
    /// Check that files and ledger fit, and that every file can be read
    #[command(visible_alias = "verify-migrations")]
    Verify(verify::VerifyArgs),
    /// Find what is dangerous in the migrations that are pending
    Lint(lint::LintArgs),
    /// Check that every migration has a way back
    ValidateRollbacks(validate_rollbacks::ValidateRollbacksArgs),
    /// Make the files of a new migration
    New(new::NewArgs),
    /// Derive the rollback file of a migration from its statements
    CreateRollback(create_rollback::CreateRollbackArgs),
    /// Put the ledger right, in a way you name
    #[command(
        subcommand,
        after_help = "Example: poststack db repair checksum 003 staging"
    )]
    Repair(repair::RepairCommand),
    /// Mark migrations as applied in a database that others made
    Baseline(baseline::BaselineArgs),
    /// Take over what another migration tool applied
    Adopt(adopt::AdoptArgs),
    /// Make one file of all migrations up to a version
    Squash(squash::SquashArgs),
    /// End the run that holds the migration lock
    Unlock(unlock::UnlockArgs),
    /// Run a file of data as one transaction
    Seed(seed::SeedArgs),
    /// Run SQL and show what the server answers
    Query(query::QueryArgs),
    /// Show what somebody changed by hand, as DDL
    Diff(diff::DiffArgs),
    /// Replace the database by a new one that the migrations make
    Reset(reset::ResetArgs),
    /// Copy the database, list the copies, delete one
    Branch(branch::BranchArgs),
    /// Choose the copy of its database that an environment uses
    Switch(switch::SwitchArgs),
    /// Open `psql` inside the container of the database
    Shell(shell::ShellArgs),
    /// Show the URL of the database, with its password
    Url(url::UrlArgs),
    /// Log in and show how long each phase takes
    TestConnection(test_connection::TestConnectionArgs),
    /// Show tables, columns, indexes, constraints and sizes
    ShowSchema(show_schema::ShowSchemaArgs),
    /// Show sizes, sessions, and what the server counted
    Stats(show_schema::StatsArgs),
    /// Make a schema
    CreateSchema(schema::CreateSchemaArgs),
    /// Drop a schema with everything in it
    DropSchema(schema::DropSchemaArgs),
}

pub(super) async fn run(run: &Run, args: DbArgs) -> Result<(), Failure> {
    let db = Db {
        run,
        which: &args.which,
    };
    match args.command {
        DbCommand::Migrate(args) => migrate::run(&db, &args).await,
        DbCommand::Rollback(args) => rollback::run(&db, &args).await,
        DbCommand::Redo(args) => rollback::run_redo(&db, &args).await,
        DbCommand::MigrationStatus(args) => status::run(&db, &args).await,
        DbCommand::MigrationInfo(args) => info::run(&db, &args).await,
        DbCommand::Verify(args) => verify::run(&db, &args).await,
        DbCommand::Lint(args) => lint::run(&db, &args).await,
        DbCommand::ValidateRollbacks(args) => validate_rollbacks::run(&db, &args),
        DbCommand::New(args) => new::run(&db, &args),
        DbCommand::CreateRollback(args) => create_rollback::run(&db, &args),
        DbCommand::Repair(command) => repair::run(&db, command).await,
        DbCommand::Baseline(args) => baseline::run(&db, &args).await,
        DbCommand::Adopt(args) => adopt::run(&db, &args).await,
        DbCommand::Squash(args) => squash::run(&db, &args).await,
        DbCommand::Unlock(args) => unlock::run(&db, &args).await,
        DbCommand::Seed(args) => seed::run(&db, &args).await,
        DbCommand::Query(args) => query::run(&db, &args).await,
        DbCommand::Diff(args) => diff::run(&db, &args).await,
        DbCommand::Reset(args) => reset::run(&db, &args).await,
        DbCommand::Branch(args) => branch::run(&db, &args).await,
        DbCommand::Switch(args) => switch::run(&db, &args).await,
        DbCommand::Shell(args) => shell::run(&db, &args).await,
        DbCommand::Url(args) => url::run(&db, &args),
        DbCommand::TestConnection(args) => test_connection::run(&db, &args).await,
        DbCommand::ShowSchema(args) => show_schema::run(&db, &args).await,
        DbCommand::Stats(args) => show_schema::run_stats(&db, &args).await,
        DbCommand::CreateSchema(args) => schema::run_create(&db, &args).await,
        DbCommand::DropSchema(args) => schema::run_drop(&db, &args).await,
    }
}

/// What every command of `db` works with.
struct Db<'a> {
    run: &'a Run,
    which: &'a WhichArgs,
}

impl Db<'_> {
    /// The database that is meant; `environment` is the word after the command.
    fn target(&self, environment: Option<&str>) -> Result<Target, Failure> {
        self.resolve(environment, resolve)
    }

    /// Likewise, for a command that writes files alone.
    fn files(&self, environment: Option<&str>) -> Result<Target, Failure> {
        self.resolve(environment, resolve_files)
    }

    fn resolve(
        &self,
        environment: Option<&str>,
        resolve: fn(&Which<'_>) -> Result<Target, Failure>,
    ) -> Result<Target, Failure> {
        let environment = match (environment, self.which.env.as_deref()) {
            (Some(word), Some(option)) if word != option => {
                let message = format!("Two environments are named: `{word}` and `--env {option}`");
                return Err(Failure::new(Kind::Usage, message).hint("drop one of the two"));
            }
            (word, option) => word.or(option),
        };
        let working_directory = Run::working_directory()?;
        let target = resolve(&Which {
            environment,
            url: self.which.database_url.as_deref(),
            migrations: self.which.migrations.as_deref(),
            settings: self.run.settings()?,
            location: &Location {
                config_file: self.run.global.config_file.as_deref(),
                working_directory: &working_directory,
            },
        })?;
        self.run.ui.log(|logs| logs.about(&target.name()));
        for note in &target.notes {
            self.run.ui.note(note);
        }
        Ok(target)
    }

    /// Writes down that SQL of the user is run; its values are left out.
    fn log(&self, sql: &str) {
        self.run.ui.log(|logs| logs.sql(sql));
    }

    /// A session with the database.
    async fn connect(&self, target: &Target) -> Result<Connection, Failure> {
        login(target).await
    }

    /// The database that is meant, and a session with it.
    async fn login(&self, environment: Option<&str>) -> Result<(Target, Connection), Failure> {
        let target = self.target(environment)?;
        let connection = self.connect(&target).await?;
        Ok((target, connection))
    }
}

/// The environment of a command.
#[derive(Debug, Args)]
struct OnEnvironment {
    /// The environment [default: `$POSTSTACK_ENV`, `env switch`, `environment:` in the file, or the
    /// only one]
    #[arg(value_name = "ENVIRONMENT")]
    environment: Option<String>,
}

impl OnEnvironment {
    fn name(&self) -> Option<&str> {
        self.environment.as_deref()
    }
}
