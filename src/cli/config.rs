//! `poststack config …`

pub mod show;
pub mod validate;

use clap::Subcommand;

use super::run::Run;
use crate::environment::Failure;

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Show the configuration with defaults merged in and passwords masked
    Show(show::ShowArgs),
    /// Check the configuration and every file it names
    Validate(validate::ValidateArgs),
}

pub(super) fn run(run: &Run, command: &ConfigCommand) -> Result<(), Failure> {
    match command {
        ConfigCommand::Show(args) => show::run(run, args),
        ConfigCommand::Validate(args) => validate::run(run, args),
    }
}
