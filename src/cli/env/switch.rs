//! `env switch`

use clap::Args;
use serde_json::json;

use crate::cli::run::Run;
use crate::environment::failure::{Failure, Kind};

#[derive(Debug, Args)]
#[command(after_help = "Example: poststack env switch staging")]
pub struct SwitchArgs {
    /// The environment to use from now on; without one, show the current one
    environment: Option<String>,
}

pub fn run(run: &Run, args: &SwitchArgs) -> Result<(), Failure> {
    let project = run.project()?;
    let (environment, origin) = project.environment(args.environment.as_deref())?;
    let name = &environment.name;
    if args.environment.is_none() {
        let data = json!({"environment": name.as_str(), "origin": origin.to_string()});
        run.ui.result(&data, || format!("{name} (from {origin})"));
        return Ok(());
    }
    project.state.switch(name).map_err(|error| {
        let failure = Failure::new(
            Kind::Failed,
            format!("The switch to `{name}` was not stored"),
        );
        failure.because(error)
    })?;
    let data = json!({"environment": name.as_str()});
    run.ui.result(&data, || {
        format!("Commands without an environment now mean {name}")
    });
    Ok(())
}
