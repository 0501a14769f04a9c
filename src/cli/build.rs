//! `build`

use clap::Args;

use super::run::Run;
use crate::environment::{BuildOptions, Failure, build_images};
use crate::ui::view;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  poststack build\n  poststack build postgres --no-cache")]
pub struct BuildArgs {
    /// Images to build, such as postgres or base-debian [default: all]
    #[arg(value_name = "IMAGE")]
    images: Vec<String>,
    /// Do not use layers of earlier builds
    #[arg(long)]
    no_cache: bool,
}

pub(super) async fn run(run: &Run, args: BuildArgs) -> Result<(), Failure> {
    let engine = run.engine().await?;
    let options = BuildOptions {
        images: args.images,
        no_cache: args.no_cache,
    };
    let listener = |event| run.ui.event(&event);
    let built = build_images(&engine, &options, &listener).await?;
    run.ui.end(&built, || view::built(&built));
    Ok(())
}
