//! `build`

use clap::Args;

use super::run::Run;
use crate::environment::{BuildOptions, Failure, build_images, project_recipes};
use crate::ui::view;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  poststack build\n  poststack build web\n  \
                  poststack build postgres --no-cache")]
pub struct BuildArgs {
    /// Images to build: postgres, base-debian, or a folder of `containers` [default: all]
    #[arg(value_name = "IMAGE")]
    images: Vec<String>,
    /// Do not use layers of earlier builds
    #[arg(long)]
    no_cache: bool,
}

pub(super) async fn run(run: &Run, args: BuildArgs) -> Result<(), Failure> {
    let settings = run.settings()?;
    // Where no file is, folders with Dockerfiles may be all the same, as for the container commands.
    let project = match &settings.file {
        Some(_) => Some(run.project()?),
        None => None,
    };
    let config = project.as_ref().map(|project| &project.config);
    let recipes = project_recipes(settings, config)?;
    let engine = run.engine().await?;
    let options = BuildOptions {
        images: args.images,
        no_cache: args.no_cache,
    };
    let listener = |event| run.ui.event(&event);
    let built = build_images(&engine, (&recipes, settings), &options, &listener).await?;
    run.ui.end(&built, || view::built(&built));
    Ok(())
}
