//! `env plan`

use clap::Args;

use super::start::{DeployArgs, Verb};
use crate::cli::EnvironmentArg;
use crate::cli::run::Run;
use crate::environment::planned::plan;
use crate::environment::{Failure, Kind};
use crate::ui::deploy as view;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  poststack env plan dev\n  \
                        poststack env plan dev --set LOG_LEVEL=debug -v\n  \
                        poststack env plan --exit-code --format json\n\n\
                        Nothing is changed. `env dry-run` shows the variables of the files and asks \
                        no engine.\n\n\
                        Exit codes: 10 a start would do something (--exit-code).")]
pub struct PlanArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    #[command(flatten)]
    deploy: DeployArgs,
    /// Plan a deploy without the init phase, as `env deploy` does it
    #[arg(long)]
    no_init: bool,
    /// End with 10 when a start would do something
    #[arg(long)]
    exit_code: bool,
}

pub async fn run(run: &Run, args: &PlanArgs) -> Result<(), Failure> {
    let project = run.project()?;
    let (environment, _) = project.environment(args.environment.environment.as_deref())?;
    let options = args.deploy.prepare_options(false)?;
    let prepared = run.prepare(&project, environment, &options)?;
    let engine = run.engine().await?;
    let verb = if args.no_init {
        Verb::Deploy
    } else {
        Verb::Start
    };
    let options = args.deploy.plan_options(verb, &prepared);
    let planned = plan(&project, &prepared, &engine, (&options, args.deploy.build)).await?;
    let details = run.global.verbose > 0;
    run.ui
        .checked(&planned, &[], || view::plan(&planned, details));
    match planned.changes.len() {
        0 => Ok(()),
        _ if !args.exit_code => Ok(()),
        count => {
            let message = format!("{} to be made", crate::ui::db::count(count, "change"));
            Err(Failure::new(Kind::Differences, message))
        }
    }
}
