//! `poststack env …`

mod config;
mod copy;
mod diff;
mod dry_run;
mod export;
mod list;
pub mod logs;
mod plan;
mod remove;
mod render;
mod start;
mod status;
mod stop;
mod switch;
mod watch;

use clap::Subcommand;

use super::run::Run;
use crate::environment::Failure;

/// `-V` means `--renew-anon-volumes` where containers are made, as with Docker Compose.
#[derive(Debug, Subcommand)]
pub enum EnvCommand {
    /// List the environments of the project
    #[command(after_help = "Example: poststack env list")]
    #[command(visible_alias = "ls")]
    List,
    /// Start an environment: database, init phase, deployment
    #[command(visible_alias = "up")]
    #[command(after_help = "Example: poststack env start dev --set LOG_LEVEL=debug")]
    #[command(disable_version_flag = true)]
    Start(start::StartArgs),
    /// Stop an environment; data is kept, unless it is in memory (`storage: tmpfs`)
    #[command(visible_alias = "down")]
    Stop(stop::StopArgs),
    /// Stop an environment and start it again
    #[command(after_help = "Example: poststack env restart dev")]
    #[command(disable_version_flag = true)]
    Restart(start::StartArgs),
    /// Show what runs, and whether the database lets us in
    Status(status::StatusArgs),
    /// Run the init phase again, due or not; the deployment is left alone
    #[command(after_help = "Example: poststack env init dev")]
    #[command(disable_version_flag = true)]
    Init(start::StartArgs),
    /// Deploy without running the init phase
    #[command(after_help = "Example: poststack env deploy dev")]
    #[command(disable_version_flag = true)]
    Deploy(start::StartArgs),
    /// Show what a start would do, and why; changes nothing
    #[command(disable_version_flag = true)]
    Plan(plan::PlanArgs),
    /// Show what was changed behind poststack's back since the last start
    Diff(diff::DiffArgs),
    /// Show every variable with its value, where it comes from and where it is used
    DryRun(dry_run::DryRunArgs),
    /// Show one environment with its defaults merged in
    Config(config::ConfigArgs),
    /// Show the logs of an environment's containers
    Logs(logs::LogsArgs),
    /// Start an environment, and bring changed source files into its containers until Ctrl-C
    Watch(watch::WatchArgs),
    /// Copy an environment under another name in .poststack.yml
    Copy(copy::CopyArgs),
    /// Remove an environment: its containers, its networks, its entry in .poststack.yml
    #[command(visible_alias = "rm")]
    Remove(remove::RemoveArgs),
    /// Write an environment as standard files that run without poststack
    Export(export::ExportArgs),
    /// Write the files of an environment with their variables replaced
    Render(render::RenderArgs),
    /// Choose the environment that commands mean when they name none
    #[command(visible_alias = "use")]
    Switch(switch::SwitchArgs),
}

pub(super) async fn run(run: &Run, command: EnvCommand) -> Result<(), Failure> {
    use start::Verb;
    match command {
        EnvCommand::List => list::run(run).await,
        EnvCommand::Start(args) => start::run(run, &args, Verb::Start).await,
        EnvCommand::Stop(args) => stop::run(run, &args).await,
        EnvCommand::Restart(args) => start::restart(run, &args).await,
        EnvCommand::Status(args) => status::run(run, &args).await,
        EnvCommand::Init(args) => start::run(run, &args, Verb::Init).await,
        EnvCommand::Deploy(args) => start::run(run, &args, Verb::Deploy).await,
        EnvCommand::Plan(args) => plan::run(run, &args).await,
        EnvCommand::Diff(args) => diff::run(run, &args).await,
        EnvCommand::DryRun(args) => dry_run::run(run, &args),
        EnvCommand::Config(args) => config::run(run, &args),
        EnvCommand::Logs(args) => logs::run(run, &args).await,
        EnvCommand::Watch(args) => watch::run(run, &args).await,
        EnvCommand::Copy(args) => copy::run(run, &args),
        EnvCommand::Remove(args) => remove::run(run, &args).await,
        EnvCommand::Export(args) => export::run(run, &args),
        EnvCommand::Render(args) => render::run(run, &args),
        EnvCommand::Switch(args) => switch::run(run, &args),
    }
}
