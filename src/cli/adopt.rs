//! `adopt`

use clap::Args;

use super::confirm::confirm;
use super::run::{Run, prepare_options};
use super::{EnvironmentArg, VariableArgs};
use crate::engine::Engine;
use crate::environment::adopt::{Request, decide, is_under_way, plan};
use crate::environment::failure::Failure;
use crate::environment::project::Project;
use crate::environment::start::{Options, start};
use crate::event::Listener;
use crate::plan::StartOptions;
use crate::ui::edits;

/// Takes over the containers and volumes of a project that `docker compose` started.
///
/// Its database becomes that of the environment, on the same volume and with the same name, user and
/// password; the other services are matched by name with those of the environment's Compose files and
/// keep their volumes. What is taken over is written into .poststack.yml. The former containers are
/// stopped, ours start in their places, and when those are ready the former ones are removed;
/// whatever fails, the former ones run again. No volume is copied or removed. The init phase is not
/// run. When it is interrupted, the next `adopt` or `env start` goes on.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  poststack adopt --dry-run\n  poststack adopt dev --from shop\n\n\
                  Exit code 8: needs a confirmation."
)]
pub struct AdoptArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// The Compose project [default: the one that was started in this folder]
    #[arg(long, value_name = "PROJECT")]
    from: Option<String>,
    /// Its service that is the database [default: the only PostgreSQL in it]
    #[arg(long, value_name = "SERVICE")]
    database: Option<String>,
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Do it without asking
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    variables: VariableArgs,
}

pub async fn run(run: &Run, args: &AdoptArgs) -> Result<(), Failure> {
    let project = run.project()?;
    let (environment, _) = project.environment(args.environment.environment.as_deref())?;
    let engine = run.engine().await?;
    let name = environment.name.clone();
    let options = prepare_options(&args.variables, false)?;
    if !args.dry_run {
        let prepared = run.glance(&project, environment)?;
        let listener = |event| run.ui.event(&event);
        let how = (run.lock_wait(), &listener as Listener<'_>);
        if is_under_way(&project, &prepared, &engine, how).await? {
            run.ui.note("an adoption was interrupted; going on with it");
            return bring_up(run, args, (project, name.as_str()), &engine).await;
        }
    }
    let request = Request {
        from: args.from.as_deref(),
        database: args.database.as_deref(),
    };
    let planned = plan((&project, environment), &options, &engine, request).await?;
    if args.dry_run {
        run.ui.result(&planned, || edits::adoption(&planned));
        return Ok(());
    }
    if !args.yes {
        let action = format!("take over `{}` as environment `{name}`", planned.from);
        let lines: Vec<String> = edits::adoption(&planned)
            .lines()
            .map(str::to_owned)
            .collect();
        let word = match environment.protected {
            true => name.as_str(),
            false => "yes",
        };
        confirm(run, (&action, &lines), word, "type it again with --yes").await?;
    }
    decide(&project, environment, &planned, run.lock_wait()).await?;
    for note in &planned.notes {
        run.ui.note(note);
    }
    // As it is written now.
    bring_up(run, args, (run.project()?, name.as_str()), &engine).await
}

async fn bring_up(
    run: &Run,
    args: &AdoptArgs,
    (project, name): (Project, &str),
    engine: &Engine,
) -> Result<(), Failure> {
    let (environment, _) = project.environment(Some(name))?;
    let options = prepare_options(&args.variables, true)?;
    let prepared = run.prepare(&project, environment, &options)?;
    let options = Options {
        plan: StartOptions {
            init: false,
            storage: prepared.environment.postgres.storage,
            ..StartOptions::default()
        },
        build: false,
        lock_wait: run.lock_wait(),
        verb: "adopt",
    };
    let listener = |event| run.ui.event(&event);
    let outcome = start(&project, &prepared, engine, options, &listener).await?;
    run.ui.end(&outcome, || edits::adopted(&outcome));
    Ok(())
}
