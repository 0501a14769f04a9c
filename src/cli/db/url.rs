//! `db url`

use clap::Args;
use serde_json::json;

use super::{Db, OnEnvironment};
use crate::environment::Failure;
use crate::postgres;
use crate::variables::Reader;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  psql \"$(poststack db url)\"\n  \
                        poststack db url staging --container")]
pub(super) struct UrlArgs {
    #[command(flatten)]
    environment: OnEnvironment,
    /// As programs on this machine reach it, the default; with an ADDRESS it is that of the engine
    // The same name as the option of every command that takes the engine's address, and so the
    // same type: without a value it is this one.
    #[arg(short = 'H', long, num_args = 0..=1, default_missing_value = "", value_name = "ADDRESS")]
    host: Option<String>,
    /// As containers of the environment reach it
    #[arg(long)]
    container: bool,
}

pub(super) fn run(db: &Db<'_>, args: &UrlArgs) -> Result<(), Failure> {
    let target = db.target(args.environment.name())?;
    target.has_started()?;
    let (reader, name) = if args.container {
        (Reader::Network, "container")
    } else {
        (Reader::Host, "host")
    };
    let url = match target.container() {
        Some(_) => target.database.url(reader),
        // Everybody reaches it the same way, with TLS as it is asked for.
        None => postgres::url(&target.address),
    };
    // Showing it is what the command is for.
    let data =
        json!({"url": url.expose(), "reader": name, "environment": target.environment_name()});
    db.run.ui.result(&data, || url.expose().to_owned());
    Ok(())
}
