//! `container build-project`

use clap::Args;

use crate::cli::run::Run;
use crate::container::build::of_project;
use crate::environment::{BuildOptions, Failure};

#[derive(Debug, Args)]
#[command(after_help = "Example: poststack container build-project --container web")]
pub struct BuildProjectArgs {
    /// Build only this one [default: every containers/<name>/Dockerfile]
    #[arg(long, value_name = "NAME")]
    container: Option<String>,
    /// Do not use layers of earlier builds
    #[arg(long)]
    no_cache: bool,
}

pub async fn run(run: &Run, args: &BuildProjectArgs) -> Result<(), Failure> {
    let containers = super::containers(run)?;
    let images = match &args.container {
        Some(name) => vec![name.clone()],
        None => of_project(&containers)?,
    };
    let options = BuildOptions {
        images,
        no_cache: args.no_cache,
    };
    super::build::make(run, &containers, &options).await
}
