//! Command-line types (their doc comments are the help) and the way from arguments to an exit code.

mod build;
mod config;
mod db;
mod env;
mod restart;
mod run;
mod version;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::ui::{Color, Format};

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
    after_help = "Examples:\n  poststack env start dev\n  poststack env dry-run staging\n  \
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
    /// Use only this engine
    #[arg(long, global = true, value_name = "ENGINE", value_parser = ["docker", "podman"])]
    pub engine: Option<String>,
    /// How output is written
    #[arg(long, global = true, value_enum, default_value_t)]
    pub format: Format,
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

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start, stop and look at environments
    #[command(subcommand, visible_alias = "environment")]
    #[command(after_help = "Example: poststack env start dev")]
    Env(env::EnvCommand),
    /// Migrate, look at and talk to databases
    #[command(visible_alias = "database")]
    #[command(after_help = "Example: poststack db migrate dev")]
    Db(db::DbArgs),
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
    /// Build the images that poststack ships, with the time of each
    Build(build::BuildArgs),
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_without_contradictions() {
        super::Cli::command().debug_assert();
    }
}
