//! `env dry-run`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::run::{Run, prepare_options};
use crate::cli::{EnvironmentArg, VariableArgs};
use crate::diagnostic::Diagnostic;
use crate::environment::Failure;
use crate::environment::dry_run::{UNDEFINED, lines, uses_of_file};
use crate::environment::prepare::gather;
use crate::ui::view;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  poststack env dry-run staging\n  \
                        poststack env dry-run dev --file deploy/app-compose.yml")]
pub struct DryRunArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    #[command(flatten)]
    variables: VariableArgs,
    /// Look only at this file
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Also list variables that no file uses
    #[arg(long)]
    all: bool,
}

pub fn run(run: &Run, args: &DryRunArgs) -> Result<(), Failure> {
    let project = run.project()?;
    let (environment, _) = project.environment(args.environment.environment.as_deref())?;
    let options = prepare_options(&args.variables, false)?;
    let prepared = gather(&project, environment, &options)?;
    let mut diagnostics = prepared.diagnostics.clone();
    let mut uses = prepared.uses.clone();
    if let Some(file) = &args.file {
        let path = Run::working_directory()?.join(file);
        let shown = project.shown(&path);
        if uses.iter().any(|one| one.place.source.path == shown) {
            uses.retain(|one| one.place.source.path == shown);
            let place =
                |one: &Diagnostic| one.place.as_ref().map(|place| place.source.path.clone());
            diagnostics.retain(|one| place(one).is_some_and(|path| path == shown));
        } else {
            (uses, diagnostics) = uses_of_file(&prepared, &path, &shown)?;
        }
    }
    let listed = lines(&prepared, &uses, args.all);
    let data = json!({
        "project": prepared.identity.project.as_str(),
        "environment": prepared.identity.environment.as_str(),
        "files": &prepared.files,
        "variables": &listed,
    });
    run.ui.checked(&data, &diagnostics, || {
        view::dry_run(&prepared.files, &listed)
    });
    let undefined = listed.iter().any(|line| line.value == UNDEFINED);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(Failure::configuration(diagnostics));
    }
    if undefined && !args.variables.allow_undefined {
        return Err(Failure::configuration(Vec::new()).saying("Some variables are not defined"));
    }
    run.ui.diagnostics(&diagnostics);
    Ok(())
}
