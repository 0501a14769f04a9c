//! Command-line types (their doc comments are the help) and the way from arguments to an exit code.

mod adopt;
mod build;
mod completions;
mod config;
mod confirm;
mod container;
mod db;
mod debug_log;
mod doctor;
mod env;
pub mod help;
mod init;
mod logs;
mod man;
mod restart;
mod run;
#[cfg(test)]
mod tests;
mod version;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::config::settings::LogLevel;
use crate::ui::Color;

pub use run::main;

/// Postgres + your apps, zero config, multiple environments.
///
/// A project describes its environments in `.poststack.yml`. Each gets its own PostgreSQL, runs
/// its init phase (migrations, seeds) and then its applications, on Docker or Podman.
#[derive(Debug, Parser)]
#[command(
    name = "poststack",
    version,
    max_term_width = 100,
    propagate_version = true
)]
#[command(
    after_help = "Examples:\n  poststack init myapp\n  poststack env start dev\n  poststack env dry-run staging\n  \
                        poststack env logs dev web -f"
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The configuration file, or the folder that holds it [default: found upward from here]
    #[arg(short = 'C', long, global = true, value_name = "PATH")]
    pub config_file: Option<PathBuf>,
    /// Address of the engine: unix:///path, tcp://host:port, or the path of a socket
    #[arg(short = 'H', long, global = true, value_name = "ADDRESS")]
    pub host: Option<String>,
    /// Use only this engine: docker, podman, or auto for the first that answers
    #[arg(
        long,
        visible_alias = "container-runtime",
        global = true,
        value_name = "ENGINE",
        value_parser = ["docker", "podman", "auto"]
    )]
    pub engine: Option<String>,
    /// How much logs/poststack.log tells: error, warning, info, debug or trace [default: info]
    #[arg(long, global = true, value_name = "LEVEL", value_parser = log_level)]
    pub log_level: Option<String>,
    /// The folder of logs [default: logs, beside .poststack.yml]
    #[arg(long, global = true, value_name = "DIR")]
    pub log_dir: Option<String>,
    /// How output is written
    // Its type is that of the option of `env export`, which stands in its place there.
    #[arg(long, global = true, default_value = "human", value_parser = ["human", "json"])]
    pub format: String,
    /// When to use colours; `NO_COLOR` is respected
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: Color,
    /// Show only warnings, errors, and the data that was asked for
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Show image builds line by line and a debug log; twice for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// How long to wait for an environment or a database that another process works on, as in 30s
    /// [default: 0s; for migrations `migrations.lock_wait` of the environment, 60s]
    #[arg(long, global = true, value_name = "DURATION", value_parser = duration)]
    pub lock_wait: Option<Duration>,
}

fn duration(text: &str) -> Result<Duration, String> {
    crate::units::duration(text)
}

/// Checked here, read by `settings`.
fn log_level(text: &str) -> Result<String, String> {
    match LogLevel::parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(refusal) => Err(refusal.help),
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write the files of a new project
    Init(init::InitArgs),
    /// Start, stop and look at environments
    #[command(subcommand, visible_alias = "environment")]
    #[command(after_help = "Example: poststack env start dev")]
    Env(env::EnvCommand),
    /// Migrate, look at and talk to databases
    #[command(visible_alias = "database")]
    #[command(after_help = "Example: poststack db migrate dev")]
    Db(db::DbArgs),
    /// Build, start and verify a project's own containers
    #[command(subcommand)]
    #[command(after_help = "Example: poststack container start-project --wait")]
    Container(container::ContainerCommand),
    /// Restart one service and wait until it is ready again
    Restart(restart::RestartArgs),
    /// Show or check the configuration
    #[command(subcommand, after_help = "Example: poststack config validate")]
    Config(config::ConfigCommand),
    /// Show the configuration (as `config show`)
    #[command(hide = true)]
    ConfigShow(config::show::ShowArgs),
    /// Check the configuration (as `config validate`)
    #[command(hide = true)]
    ConfigValidate(config::validate::ValidateArgs),
    /// Take over the containers and volumes of a Docker Compose project
    Adopt(adopt::AdoptArgs),
    /// Build the images of the project and those that poststack ships, with the time of each
    Build(build::BuildArgs),
    /// Look for what is wrong with the engine, the machine and the project
    ///
    /// Each fault comes with the command that repairs it. Works without a project and without an
    /// engine; changes nothing. Exit code 1 when there is a fault; warnings are none.
    #[command(after_help = "Examples:\n  poststack doctor\n  poststack doctor --format json")]
    Doctor,
    /// Write the completion script of a shell
    Completions(completions::CompletionsArgs),
    /// Write manual pages
    Man(man::ManArgs),
    /// List, measure and remove the log files of the project
    #[command(subcommand, after_help = "Example: poststack logs list")]
    Logs(logs::LogsCommand),
    /// Show the versions of poststack and of the engine in use
    #[command(after_help = "Example: poststack version --format json")]
    Version,
}

/// Names an environment.
#[derive(Debug, Args)]
pub struct EnvironmentArg {
    /// The environment [default: $POSTSTACK_ENV, `env switch`, `environment:` in the file, or the
    /// only one]
    #[arg(value_name = "ENVIRONMENT")]
    pub environment: Option<String>,
}

/// What variables a command sees.
#[derive(Debug, Args)]
pub struct VariableArgs {
    /// Set a variable; it wins over those of files
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Activate a profile of the Compose files
    #[arg(
        long,
        value_name = "NAME",
        env = "COMPOSE_PROFILES",
        value_delimiter = ','
    )]
    pub profile: Vec<String>,
    /// Expand undefined variables to nothing instead of stopping
    #[arg(long)]
    pub allow_undefined: bool,
}
