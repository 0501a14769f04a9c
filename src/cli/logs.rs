//! `poststack logs …`

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use super::run::Run;
use crate::environment::{Failure, Kind};
use crate::logs::list::{Category, Log, clean, list};
use crate::ui::view;
use crate::units::bytes_text;

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

#[derive(Debug, Subcommand)]
pub enum LogsCommand {
    /// List the log files of the project
    #[command(after_help = "Example: poststack logs list --category container")]
    List(ListArgs),
    /// Remove log files in which nothing was written for some days
    #[command(after_help = "Example: poststack logs clean --days 30")]
    Clean(CleanArgs),
    /// Show how much the log files take
    #[command(after_help = "Example: poststack logs size")]
    Size,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only these
    #[arg(long, value_enum, value_name = "CATEGORY")]
    category: Option<Category>,
}

#[derive(Debug, Args)]
pub struct CleanArgs {
    /// How many days; 0 removes all
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    days: u32,
}

pub(super) fn run(run: &Run, command: &LogsCommand) -> Result<(), Failure> {
    let settings = run.settings()?;
    let folder = &settings.log_dir.value;
    let unreadable = |error| Failure::new(Kind::Failed, "The logs cannot be read").because(error);
    let shown = |logs: Vec<Log>| shown(logs, &settings.root);
    match command {
        LogsCommand::List(args) => {
            let logs = shown(list(folder, args.category).map_err(unreadable)?);
            run.ui.result(&logs, || view::logs(&logs));
        }
        LogsCommand::Clean(args) => {
            let age = Duration::from_secs(u64::from(args.days) * DAY);
            let removed = shown(clean(folder, age).map_err(unreadable)?);
            let data = json!({"removed": removed});
            run.ui.end(&data, || match removed.is_empty() {
                true => "No log is that old".to_owned(),
                false => format!("Removed:\n{}", view::logs(&removed)),
            });
        }
        LogsCommand::Size => {
            let logs = list(folder, None).map_err(unreadable)?;
            let bytes: u64 = logs.iter().map(|log| log.bytes).sum();
            let data = json!({"files": logs.len(), "bytes": bytes});
            run.ui.result(&data, || {
                format!("{} in {} files", bytes_text(bytes), logs.len())
            });
        }
    }
    Ok(())
}

/// Paths below the project's folder are shown relative to it.
fn shown(mut logs: Vec<Log>, root: &Path) -> Vec<Log> {
    for log in &mut logs {
        if let Ok(path) = log.path.strip_prefix(root).map(PathBuf::from) {
            log.path = path;
        }
    }
    logs
}
