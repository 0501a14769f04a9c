//! `container build`

use clap::{Args, ValueEnum};

use crate::cli::run::Run;
use crate::container::Containers;
use crate::container::build::build;
use crate::environment::{BuildOptions, Failure};
use crate::ui::view;

#[derive(Debug, Args)]
#[command(after_help = "Example: poststack container build --image postgres")]
pub struct BuildArgs {
    /// Which image to build
    #[arg(long, value_enum, default_value_t, value_name = "IMAGE")]
    image: Image,
    /// Do not use layers of earlier builds
    #[arg(long)]
    no_cache: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Image {
    #[default]
    All,
    BaseDebian,
    Postgres,
}

pub async fn run(run: &Run, args: &BuildArgs) -> Result<(), Failure> {
    let containers = super::containers(run)?;
    let options = BuildOptions {
        images: match args.image {
            Image::All => ["base-debian", "postgres"].map(str::to_owned).to_vec(),
            Image::BaseDebian => vec!["base-debian".to_owned()],
            Image::Postgres => vec!["postgres".to_owned()],
        },
        no_cache: args.no_cache,
    };
    make(run, &containers, &options).await
}

/// Builds what `options` name.
pub(super) async fn make(
    run: &Run,
    containers: &Containers,
    options: &BuildOptions,
) -> Result<(), Failure> {
    let engine = run.engine().await?;
    let listener = |event| run.ui.event(&event);
    let built = build(containers, &engine, options, &listener).await?;
    run.ui.end(&built, || view::built(&built));
    Ok(())
}
