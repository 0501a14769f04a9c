//! `config show`

use clap::Args;
use serde::Serialize;
use serde_json::json;

use crate::cli::EnvironmentArg;
use crate::cli::run::Run;
use crate::environment::Failure;
use crate::environment::describe::describe;
use crate::ui::view;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  poststack config show\n  poststack config show --explain")]
pub struct ShowArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// Show the settings of poststack itself instead, each with its origin
    #[arg(long, conflicts_with = "environment")]
    explain: bool,
}

pub(in crate::cli) fn run(run: &Run, args: &ShowArgs) -> Result<(), Failure> {
    if args.explain {
        return explain(run);
    }
    let project = run.project()?;
    let only = match &args.environment.environment {
        Some(name) => Some(project.environment(Some(name))?.0),
        None => None,
    };
    let described = describe(&project, only);
    run.ui.result(&described, || as_yaml(&described));
    Ok(())
}

/// Settings exist without a project, too.
fn explain(run: &Run) -> Result<(), Failure> {
    let settings = run.settings()?.shown();
    let data = json!({"settings": settings});
    run.ui.result(&data, || view::settings(&settings));
    Ok(())
}

/// `data` as a YAML document.
pub(in crate::cli) fn as_yaml(data: &impl Serialize) -> String {
    serde_yaml::to_string(data).unwrap_or_else(|error| error.to_string())
}
