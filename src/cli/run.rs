//! From arguments to an exit code: parse, run until done or interrupted, report.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use super::{Cli, Command, Global, VariableArgs};
use crate::config::model::Environment;
use crate::engine::{ConnectError, Engine, discover};
use crate::environment::prepare::{PrepareOptions, gather, parse_set};
use crate::environment::project::Location;
use crate::environment::{Failure, Kind, Prepared, Project, prepare};
use crate::settings::process_environment;
use crate::ui::Ui;

/// What every command works with.
pub(super) struct Run {
    pub ui: Ui,
    pub global: Global,
}

/// The whole program.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let global = cli.global;
    log(global.verbose);
    let ui = Ui::new(
        global.format,
        global.color,
        global.quiet,
        global.verbose > 0,
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            ui.failure(&Failure::new(Kind::Failed, "The runtime did not start").because(error));
            return ExitCode::FAILURE;
        }
    };
    let run = Run { ui, global };
    let code = runtime.block_on(until_interrupted(&run, cli.command));
    // Threads that still read files for a dropped build must not keep the program alive.
    runtime.shutdown_background();
    ExitCode::from(code)
}

async fn until_interrupted(run: &Run, command: Command) -> u8 {
    let interrupted = async {
        let signals = (
            signal(SignalKind::interrupt()),
            signal(SignalKind::terminate()),
        );
        let (Ok(mut interrupt), Ok(mut terminate)) = signals else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => 130,
            _ = terminate.recv() => 143,
        }
    };
    tokio::select! {
        outcome = dispatch(run, command) => match outcome {
            Ok(()) => 0,
            Err(failure) => {
                run.ui.failure(&failure);
                failure.kind.exit_code()
            }
        },
        code = interrupted => {
            run.ui.interrupted(code);
            code
        }
    }
}

async fn dispatch(run: &Run, command: Command) -> Result<(), Failure> {
    match command {
        Command::Env(command) => super::env::run(run, command).await,
        Command::Db(args) => super::db::run(run, args).await,
        Command::Restart(args) => super::restart::run(run, &args).await,
        Command::Config(command) => super::config::run(run, &command),
        Command::ConfigShow(args) => super::config::show::run(run, &args),
        Command::ConfigValidate(args) => super::config::validate::run(run, &args),
        Command::Build(args) => super::build::run(run, args).await,
        Command::Version => super::version::run(run).await,
    }
}

/// The debug log on stderr: `-v`, `-vv`, or `POSTSTACK_LOG` in the syntax of `RUST_LOG`.
fn log(verbose: u8) {
    let default = match verbose {
        0 => "off",
        1 => "poststack=debug",
        _ => "poststack=trace",
    };
    let filter = std::env::var("POSTSTACK_LOG").unwrap_or_else(|_| default.to_owned());
    if filter == "off" {
        return;
    }
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .init();
}

impl Run {
    pub fn working_directory() -> Result<PathBuf, Failure> {
        std::env::current_dir().map_err(|error| {
            Failure::new(Kind::Failed, "The working directory cannot be read").because(error)
        })
    }

    /// The project of the working directory, or the one `--config-file` names.
    pub fn project(&self) -> Result<Project, Failure> {
        let directory = Self::working_directory()?;
        let location = Location {
            config_file: self.global.config_file.as_deref(),
            working_directory: &directory,
        };
        Project::open(&location, process_environment())
    }

    /// The environment made ready, with its warnings shown.
    pub fn prepare(
        &self,
        project: &Project,
        environment: &Environment,
        options: &PrepareOptions,
    ) -> Result<Prepared, Failure> {
        let prepared = prepare(project, environment, options)?;
        self.ui.warnings(&prepared.diagnostics);
        Ok(prepared)
    }

    /// The environment as far as its files can be read: enough to look at it and to stop it.
    pub fn glance(
        &self,
        project: &Project,
        environment: &Environment,
    ) -> Result<Prepared, Failure> {
        let options = PrepareOptions {
            allow_undefined: true,
            profiles: BTreeSet::from(["*".to_owned()]),
            ..PrepareOptions::default()
        };
        let prepared = gather(project, environment, &options)?;
        let faults = prepared
            .diagnostics
            .iter()
            .filter(|one| one.is_error())
            .count();
        if faults > 0 {
            self.ui.note(&format!(
                "{faults} faults in the files of `{0}`: poststack config validate {0}",
                environment.name
            ));
        }
        Ok(prepared)
    }

    /// How long to wait for an environment that another process works on.
    pub fn lock_wait(&self) -> Duration {
        self.global.lock_wait.unwrap_or_default()
    }

    pub async fn engine(&self) -> Result<Engine, Failure> {
        let request =
            discover::Request::of_process(self.global.host.clone(), self.global.engine.clone());
        Engine::connect(&request)
            .await
            .map_err(|error| no_engine(&error))
    }
}

/// The options of `--set`, `--profile` and `--allow-undefined`.
pub(super) fn prepare_options(
    variables: &VariableArgs,
    generate: bool,
) -> Result<PrepareOptions, Failure> {
    let set = variables.set.iter().map(|text| parse_set(text));
    Ok(PrepareOptions {
        set: set.collect::<Result<_, _>>()?,
        profiles: variables
            .profile
            .iter()
            .filter(|name| !name.is_empty())
            .cloned()
            .collect(),
        allow_undefined: variables.allow_undefined,
        scale: BTreeMap::new(),
        generate,
    })
}

fn no_engine(error: &ConnectError) -> Failure {
    let message = format!("Failed to {error}");
    let failure = Failure::new(Kind::Unreachable, message);
    failure.hint(&error.hint)
}
