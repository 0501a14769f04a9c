//! `env copy`

use clap::Args;

use crate::cli::run::Run;
use crate::environment::copy::copy;
use crate::environment::failure::Failure;
use crate::ui::edits;

/// Writes a copy of an environment into .poststack.yml. Comments and all else in the file stay. The
/// copy gets a port of its own, and names of its database and user that hold the name of the
/// original get the new one; volumes that were taken over stay with the original.
#[derive(Debug, Args)]
#[command(after_help = "Example: poststack env copy staging qa")]
pub struct CopyArgs {
    /// The environment to copy
    #[arg(value_name = "SOURCE")]
    from: String,
    /// The name of the new one
    #[arg(value_name = "NAME")]
    to: String,
}

pub fn run(run: &Run, args: &CopyArgs) -> Result<(), Failure> {
    let project = run.project()?;
    let (from, _) = project.environment(Some(&args.from))?;
    let copied = copy(&project, from, &args.to)?;
    for note in &copied.notes {
        run.ui.note(note);
    }
    run.ui.result(&copied, || edits::copied(&copied));
    Ok(())
}
