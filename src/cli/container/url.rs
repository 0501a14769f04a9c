//! `container url`

use clap::Args;
use serde_json::json;

use crate::cli::run::Run;
use crate::container::project::is_database;
use crate::environment::{Failure, Kind};
use crate::postgres::{self, Address, Tls};

#[derive(Debug, Args)]
#[command(
    after_help = "Example: poststack db migrate --database-url \"$(poststack container url)\""
)]
pub struct UrlArgs {}

pub async fn run(run: &Run, _args: &UrlArgs) -> Result<(), Failure> {
    let mut containers = super::containers(run)?;
    let engine = run.engine().await?;
    let there = containers.there(&engine).await?;
    if !there.values().any(is_database) {
        let failure = Failure::new(Kind::Failed, "The project has no PostgreSQL yet");
        return Err(failure.hint("poststack container start"));
    }
    containers.follow(&there);
    let prepared = containers.glance()?;
    let url = postgres::url(&Address {
        tls: Tls::default(),
        ..prepared.address
    });
    // Showing it is what the command is for.
    let data = json!({"url": url.expose()});
    run.ui.result(&data, || url.expose().to_owned());
    Ok(())
}
