//! `container verify`

use clap::Args;

use crate::cli::run::Run;
use crate::container::verify::{Depth, Request, Verified, verify};
use crate::environment::{Failure, Kind};
use crate::ui::containers;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  poststack container verify\n  \
                        poststack container verify web --env dev --format json")]
pub struct VerifyArgs {
    /// Services or containers [default: all that are there; of an environment all]
    #[arg(value_name = "CONTAINER")]
    names: Vec<String>,
    /// The containers of this environment instead of the project's own
    #[arg(long, value_name = "ENVIRONMENT")]
    env: Option<String>,
}

pub async fn run(run: &Run, args: &VerifyArgs) -> Result<(), Failure> {
    let Some(environment) = &args.env else {
        return super::health::look(run, &args.names, Depth::Everything).await;
    };
    let project = run.project()?;
    let (environment, _) = project.environment(Some(environment))?;
    let prepared = run.glance(&project, environment)?;
    let engine = run.engine().await?;
    let request = Request {
        prepared: &prepared,
        project: &project,
        names: &args.names,
        depth: Depth::Everything,
        required: true,
    };
    let listener = |event| run.ui.event(&event);
    let verified = verify(&engine, &request, &listener).await?;
    show(run, &verified)
}

/// Shows what was found; a promise that is not kept is a failure, and so is one that nothing can keep.
pub(super) fn show(run: &Run, verified: &Verified) -> Result<(), Failure> {
    for unknown in &verified.unknown {
        run.ui.note(&unknown.to_string());
    }
    run.ui
        .checked(verified, &[], || containers::verified(verified));
    let broken = verified.checks.iter().filter(|check| !check.ok).count();
    let message = match (broken, verified.unknown.len()) {
        (0, 0) => return Ok(()),
        (0, 1) => "1 name under `verify:` is no service".to_owned(),
        (0, unknown) => format!("{unknown} names under `verify:` are no services"),
        (1, _) => "1 promise is not kept".to_owned(),
        (broken, _) => format!("{broken} promises are not kept"),
    };
    Err(Failure::new(Kind::Failed, message))
}
