//! `env start`, `env restart`, `env init` and `env deploy`: parts of one way up.

use clap::Args;

use crate::cli::run::{Run, prepare_options};
use crate::cli::{EnvironmentArg, VariableArgs};
use crate::engine::Engine;
use crate::environment::failure::Failure;
use crate::environment::prepare::{PrepareOptions, parse_scale};
use crate::environment::start::{Options, start};
use crate::environment::stop::stop;
use crate::environment::{Prepared, Project};
use crate::plan::{StartOptions, StopOptions};
use crate::ui::view;

#[derive(Debug, Args)]
pub struct StartArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    #[command(flatten)]
    deploy: DeployArgs,
}

/// What a start, and the plan of one, shall do.
#[derive(Debug, Args)]
// `-V` is Compose's own word for new anonymous volumes.
#[command(disable_version_flag = true)]
pub struct DeployArgs {
    #[command(flatten)]
    pub variables: VariableArgs,
    /// Build images with a build section even if they are there
    #[arg(long)]
    pub build: bool,
    /// Run so many containers of a service, whatever its file says
    #[arg(long, value_name = "SERVICE=N")]
    scale: Vec<String>,
    /// Recreate the containers of the deployment even if nothing changed
    #[arg(long)]
    force_recreate: bool,
    /// Remove containers that no file describes any more
    #[arg(long)]
    remove_orphans: bool,
    /// Give recreated containers new anonymous volumes, not those of their predecessors
    #[arg(short = 'V', long)]
    renew_anon_volumes: bool,
}

impl DeployArgs {
    /// What the files are read with; `generate` makes what is missing in `.poststack/`.
    pub fn prepare_options(&self, generate: bool) -> Result<PrepareOptions, Failure> {
        let scale = self.scale.iter().map(|text| parse_scale(text));
        Ok(PrepareOptions {
            scale: scale.collect::<Result<_, _>>()?,
            ..prepare_options(&self.variables, generate)?
        })
    }

    /// What is planned for `prepared`.
    pub fn plan_options(&self, verb: Verb, prepared: &Prepared) -> StartOptions {
        StartOptions {
            init: verb != Verb::Deploy,
            rerun_init: verb == Verb::Init,
            deploy: verb != Verb::Init,
            force_recreate: self.force_recreate,
            remove_orphans: self.remove_orphans,
            renew_volumes: self.renew_anon_volumes,
            storage: prepared.environment.postgres.storage,
            ..StartOptions::default()
        }
    }
}

/// Which part of the way up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Start,
    Init,
    Deploy,
}

impl Verb {
    fn name(self) -> &'static str {
        match self {
            Self::Start => "env start",
            Self::Init => "env init",
            Self::Deploy => "env deploy",
        }
    }
}

pub async fn run(run: &Run, args: &StartArgs, verb: Verb) -> Result<(), Failure> {
    let project = run.project()?;
    let (environment, _) = project.environment(args.environment.environment.as_deref())?;
    let options = args.deploy.prepare_options(true)?;
    let prepared = run.prepare(&project, environment, &options)?;
    let engine = run.engine().await?;
    bring_up(run, args, verb, (&project, &prepared, &engine)).await
}

pub async fn restart(run: &Run, args: &StartArgs) -> Result<(), Failure> {
    let project = run.project()?;
    let (environment, _) = project.environment(args.environment.environment.as_deref())?;
    let options = args.deploy.prepare_options(true)?;
    let prepared = run.prepare(&project, environment, &options)?;
    let engine = run.engine().await?;
    let options = (StopOptions::default(), run.lock_wait());
    let listener = |event| run.ui.event(&event);
    stop(&project, &prepared, &engine, options, &listener).await?;
    bring_up(run, args, Verb::Start, (&project, &prepared, &engine)).await
}

async fn bring_up(
    run: &Run,
    args: &StartArgs,
    verb: Verb,
    (project, prepared, engine): (&Project, &Prepared, &Engine),
) -> Result<(), Failure> {
    let options = Options {
        plan: args.deploy.plan_options(verb, prepared),
        build: args.deploy.build,
        lock_wait: run.lock_wait(),
        verb: verb.name(),
    };
    let listener = |event| run.ui.event(&event);
    let outcome = start(project, prepared, engine, options, &listener).await?;
    run.ui.end(&outcome, || view::started(&outcome));
    Ok(())
}
