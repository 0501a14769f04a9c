//! `env remove`

use clap::Args;

use crate::cli::confirm::confirm;
use crate::cli::run::Run;
use crate::environment::failure::Failure;
use crate::environment::remove::{Removal, plan, remove};
use crate::ui::edits;

/// Stops an environment, removes its containers and networks, and takes it out of .poststack.yml;
/// comments and all else in the file stay. Its volumes, the data of its database among them, are
/// kept unless `--volumes` is given, and so is its password: an environment that is made again
/// under the same name finds its data. Volumes that others made are never removed.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  poststack env remove qa\n  poststack env remove qa --volumes --yes\n\n\
                  Exit code 8: needs a confirmation."
)]
pub struct RemoveArgs {
    /// The environment to remove
    #[arg(value_name = "ENVIRONMENT")]
    environment: String,
    /// Remove its volumes with all their data as well
    #[arg(long)]
    volumes: bool,
    /// Do it without asking
    #[arg(short, long)]
    yes: bool,
}

pub async fn run(run: &Run, args: &RemoveArgs) -> Result<(), Failure> {
    let project = run.project()?;
    let (environment, _) = project.environment(Some(&args.environment))?;
    let prepared = run.glance(&project, environment)?;
    let engine = run.engine().await?;
    let removal = plan(&project, environment, &engine).await?;
    if !args.yes {
        let name = environment.name.as_str();
        let action = format!("remove environment `{name}`");
        // What is protected, or loses its data, is not agreed to by habit.
        let word = match environment.protected || args.volumes {
            true => name,
            false => "yes",
        };
        let lines = lines(name, &removal, args.volumes);
        confirm(run, (&action, &lines), word, "type it again with --yes").await?;
    }
    let listener = |event| run.ui.event(&event);
    let options = (args.volumes, run.lock_wait());
    let removed = remove((&project, &prepared), &engine, &removal, options, &listener).await?;
    run.ui.end(&removed, || edits::removed(&removed));
    Ok(())
}

/// What goes and what stays.
fn lines(name: &str, removal: &Removal, volumes: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let mut tell = |what: &str, names: &[String]| {
        if !names.is_empty() {
            lines.push(format!("{what} {}", names.join(", ")));
        }
    };
    tell("remove containers", &removal.containers);
    tell("remove networks", &removal.networks);
    match volumes {
        true => tell("lose all data of volumes", &removal.volumes),
        false => tell("keep volumes", &removal.volumes),
    }
    tell("keep volumes that others made:", &removal.foreign);
    tell("keep", removal.env_file.as_slice());
    lines.push(format!("take `{name}` out of .poststack.yml"));
    lines.extend(removal.edits.iter().cloned());
    lines
}
