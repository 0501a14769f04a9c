//! `config validate`

use clap::Args;
use serde_json::json;

use crate::cli::run::{Run, prepare_options};
use crate::cli::{EnvironmentArg, VariableArgs};
use crate::container::verify::{Unknown, unknown};
use crate::diagnostic::{Diagnostic, any_error};
use crate::environment::Failure;
use crate::environment::prepare::gather;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  poststack config validate\n  poststack config validate staging"
)]
pub struct ValidateArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    #[command(flatten)]
    variables: VariableArgs,
}

pub(in crate::cli) fn run(run: &Run, args: &ValidateArgs) -> Result<(), Failure> {
    let project = run.project()?;
    let options = prepare_options(&args.variables, false)?;
    let environments = match &args.environment.environment {
        Some(name) => vec![project.environment(Some(name))?.0],
        None => project.config.environments.iter().collect(),
    };
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    for environment in &environments {
        for diagnostic in gather(&project, environment, &options)?.diagnostics {
            // A file that several environments share is reported once.
            if !diagnostics.contains(&diagnostic) {
                diagnostics.push(diagnostic);
            }
        }
    }
    if args.environment.environment.is_none() {
        diagnostics.extend(unknown(&project).iter().map(Unknown::warning));
    }
    if any_error(&diagnostics) {
        return Err(Failure::configuration(diagnostics));
    }
    run.ui.diagnostics(&diagnostics);
    let names: Vec<&str> = environments.iter().map(|one| one.name.as_str()).collect();
    let data = json!({"valid": true, "environments": names, "warnings": diagnostics.len()});
    run.ui.result(&data, || match names.as_slice() {
        [] => "The configuration is valid; it has no environments".to_owned(),
        names => format!("The configuration is valid: {}", names.join(", ")),
    });
    Ok(())
}
