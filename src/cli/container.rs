//! `container`: a project's own containers, without an environment.

mod build;
mod build_project;
mod clean;
mod health;
mod list;
mod logs;
mod remove;
mod start;
mod start_project;
mod status;
mod stop;
mod stop_project;
mod url;
mod verify;

use clap::Subcommand;

use super::run::Run;
use crate::container::Containers;
use crate::environment::{Failure, Project};
use crate::settings::process_environment;

#[derive(Debug, Subcommand)]
pub enum ContainerCommand {
    /// Build the images that poststack ships
    Build(build::BuildArgs),
    /// Build the images of the project's own containers
    BuildProject(build_project::BuildProjectArgs),
    /// Start the project's PostgreSQL and wait until it lets its user in
    Start(start::StartArgs),
    /// Start the project's own containers, one per containers/<name>/Dockerfile
    StartProject(start_project::StartProjectArgs),
    /// Stop containers; they and their data are kept
    Stop(stop::StopArgs),
    /// Stop the project's own containers, not its PostgreSQL
    StopProject(stop_project::StopProjectArgs),
    /// Show what runs
    Status(status::StatusArgs),
    /// Look whether containers run and are healthy
    Health(health::HealthArgs),
    /// List the images and containers of the project
    List(list::ListArgs),
    /// Show the logs of containers
    Logs(logs::LogsArgs),
    /// Remove containers; volumes are kept
    Remove(remove::RemoveArgs),
    /// Remove containers that do not run, and images of the project that no container uses
    Clean(clean::CleanArgs),
    /// Look whether containers keep what they promise: health, ports, and `verify:` of .poststack.yml
    Verify(verify::VerifyArgs),
    /// Print the URL of the project's PostgreSQL, with its password
    Url(url::UrlArgs),
}

pub async fn run(run: &Run, command: ContainerCommand) -> Result<(), Failure> {
    match command {
        ContainerCommand::Build(args) => build::run(run, &args).await,
        ContainerCommand::BuildProject(args) => build_project::run(run, &args).await,
        ContainerCommand::Start(args) => start::run(run, &args).await,
        ContainerCommand::StartProject(args) => start_project::run(run, &args).await,
        ContainerCommand::Stop(args) => stop::run(run, &args).await,
        ContainerCommand::StopProject(args) => stop_project::run(run, &args).await,
        ContainerCommand::Status(args) => status::run(run, &args).await,
        ContainerCommand::Health(args) => health::run(run, &args).await,
        ContainerCommand::List(args) => list::run(run, &args).await,
        ContainerCommand::Logs(args) => logs::run(run, &args).await,
        ContainerCommand::Remove(args) => remove::run(run, &args).await,
        ContainerCommand::Clean(args) => clean::run(run, &args).await,
        ContainerCommand::Verify(args) => verify::run(run, &args).await,
        ContainerCommand::Url(args) => url::run(run, &args).await,
    }
}

/// The project's own containers; there need not be a `.poststack.yml`.
fn containers(run: &Run) -> Result<Containers, Failure> {
    let settings = run.settings()?;
    let named = run.global.config_file.as_deref();
    // A file that is named has to be there.
    let is_named_file = named.is_some_and(|path| !path.is_dir());
    let project = match settings.file.is_some() || is_named_file {
        true => run.project()?,
        false => Project::of_folder(process_environment(), settings.clone()),
    };
    run.ui.warnings(&project.diagnostics);
    Containers::of(project)
}
