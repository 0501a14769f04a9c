//! `container start-project`

use std::path::PathBuf;

use clap::Args;

use crate::cli::run::Run;
use crate::container::start::{StartProject, start_project};
use crate::container::volume;
use crate::environment::{Failure, Kind};
use crate::ui::view;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  poststack container start-project\n  \
                        poststack container start-project --container web --port 9090 \
                        --volume ./public:/var/www/html --wait")]
pub struct StartProjectArgs {
    /// Start only this one [default: every containers/<name>/Dockerfile]
    #[arg(long, value_name = "NAME")]
    container: Option<String>,
    /// Publish its first port on this one of the host [default: POSTSTACK_<NAME>_PORT, or each
    /// exposed port by its number, those below 1024 with 8000 added]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// Give the containers the variables of this file
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// Mount a folder of the host, or a volume by its name; may be given several times
    #[arg(long, value_name = "SOURCE:TARGET[:ro]")]
    volume: Vec<String>,
    /// Wait until they are healthy
    #[arg(long)]
    wait: bool,
}

pub async fn run(run: &Run, args: &StartProjectArgs) -> Result<(), Failure> {
    let mut containers = super::containers(run)?;
    let chosen = containers.chosen(args.container.as_deref())?;
    if let (Some(port), true) = (args.port, chosen.len() > 1) {
        let message = format!("`--port {port}` is for one container, and there are several");
        return Err(Failure::new(Kind::Usage, message).hint(format!(
            "name it: poststack container start-project --container {} --port {port}",
            chosen.first().map_or("NAME", |one| one.name.as_str())
        )));
    }
    let here = Run::working_directory()?;
    let mounts = args.volume.iter().map(|text| volume::mount(text, &here));
    let request = StartProject {
        container: args.container.clone(),
        port: args.port,
        env_file: args.env_file.as_ref().map(|path| here.join(path)),
        mounts: mounts.collect::<Result<_, _>>()?,
        wait: args.wait,
        lock_wait: run.lock_wait(),
    };
    let engine = run.engine().await?;
    let listener = |event| run.ui.event(&event);
    let outcome = start_project(&mut containers, &engine, &request, &listener).await?;
    run.ui.end(&outcome, || view::started(&outcome));
    Ok(())
}
