//! From arguments to an exit code: parse, run until done or interrupted, report.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{ArgMatches, CommandFactory, FromArgMatches, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};

use super::{Cli, Command, Global, VariableArgs, debug_log};
use crate::config::model::Environment;
use crate::config::settings::{LogLevel, Runtime};
use crate::engine::{ConnectError, Engine, EngineKind, discover};
use crate::environment::prepare::{PrepareOptions, gather, parse_set};
use crate::environment::project::Location;
use crate::environment::{Failure, Kind, Prepared, Project, prepare};
use crate::logs::Logs;
use crate::settings::{self, Flags, Settings, process_environment};
use crate::ui::db::count;
use crate::ui::{Format, Ui};

/// What every command works with.
pub(super) struct Run {
    pub ui: Ui,
    pub global: Global,
    settings: OnceCell<Settings>,
}

/// The whole program.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.collect();
    if let Some(code) = super::completions::answer(&arguments) {
        return code;
    }
    let matches = Cli::command().try_get_matches_from(arguments);
    let parsed =
        matches.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, words(&matches))));
    let (cli, words) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let global = cli.global;
    // The formats of `env export` are none of output: what is beside the data is for humans.
    let format = Format::from_str(&global.format, false).unwrap_or_default();
    let ui = Ui::new(format, global.color, global.quiet, global.verbose > 0);
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
    let run = Run {
        ui,
        global,
        settings: OnceCell::new(),
    };
    run.keep_logs(&words);
    let code = runtime.block_on(until_interrupted(&run, cli.command));
    run.ui.log(|logs| logs.ended(code));
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
        never = run.ui.animate() => match never {},
    }
}

async fn dispatch(run: &Run, command: Command) -> Result<(), Failure> {
    match command {
        Command::Init(args) => super::init::run(run, args).await,
        Command::Env(command) => super::env::run(run, command).await,
        Command::Db(args) => super::db::run(run, args).await,
        Command::Container(command) => super::container::run(run, command).await,
        Command::Restart(args) => super::restart::run(run, &args).await,
        Command::Config(command) => super::config::run(run, &command),
        Command::ConfigShow(args) => super::config::show::run(run, &args),
        Command::ConfigValidate(args) => super::config::validate::run(run, &args),
        Command::Adopt(args) => super::adopt::run(run, &args).await,
        Command::Build(args) => super::build::run(run, args).await,
        Command::Completions(args) => super::completions::run(run, &args),
        Command::Doctor => super::doctor::run(run).await,
        Command::Man(args) => super::man::run(run, &args),
        Command::Logs(command) => super::logs::run(run, &command),
        Command::Version => super::version::run(run).await,
    }
}

/// The words of the command, without options and arguments: `env start`.
fn words(matches: &ArgMatches) -> String {
    let mut words = Vec::new();
    let mut level = matches;
    while let Some((word, inner)) = level.subcommand() {
        words.push(word);
        level = inner;
    }
    words.join(" ")
}

impl Run {
    /// Begins the logs of the project, where there is one. What is wrong with its settings is told by
    /// the command that needs them.
    fn keep_logs(&self, words: &str) {
        let settings = self.settings().ok();
        let logs = settings.map_or_else(Logs::default, |settings| Logs::of(settings, words));
        let level = settings.map_or(LogLevel::Info, |settings| settings.log_level.value);
        let is_shown = debug_log::begin(self.global.verbose, &logs, level);
        self.ui.keep(logs);
        // Lines of the debug log would stand in the middle of the list.
        if !is_shown {
            self.ui.list_live_steps();
        }
    }

    pub fn working_directory() -> Result<PathBuf, Failure> {
        std::env::current_dir().map_err(|error| {
            Failure::new(Kind::Failed, "The working directory cannot be read").because(error)
        })
    }

    /// What is set for poststack itself, each value with its origin; there need not be a project.
    pub fn settings(&self) -> Result<&Settings, Failure> {
        if let Some(settings) = self.settings.get() {
            return Ok(settings);
        }
        let flags = Flags {
            log_level: self.global.log_level.clone(),
            log_dir: self.global.log_dir.clone(),
            container_runtime: self.global.engine.clone(),
        };
        let settings = settings::load(&settings::Request {
            config_file: self.global.config_file.as_deref(),
            working_directory: &Self::working_directory()?,
            flags: &flags,
            process: &process_environment(),
        });
        let settings = settings.map_err(Failure::configuration)?;
        Ok(self.settings.get_or_init(|| settings))
    }

    /// The project of the working directory, or the one `--config-file` names.
    pub fn project(&self) -> Result<Project, Failure> {
        let directory = Self::working_directory()?;
        let location = Location {
            config_file: self.global.config_file.as_deref(),
            working_directory: &directory,
        };
        Project::open(&location, process_environment(), self.settings()?.clone())
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

    /// The environment as far as its files can be read, with the services of every profile: enough
    /// to look at it and to stop it.
    pub fn glance(
        &self,
        project: &Project,
        environment: &Environment,
    ) -> Result<Prepared, Failure> {
        self.glance_at(project, environment, &glance_options())
    }

    /// As [`Self::glance`], of the profiles that `options` names.
    pub fn glance_at(
        &self,
        project: &Project,
        environment: &Environment,
        options: &PrepareOptions,
    ) -> Result<Prepared, Failure> {
        let prepared = gather(project, environment, options)?;
        let faults = prepared
            .diagnostics
            .iter()
            .filter(|one| one.is_error())
            .count();
        if faults > 0 {
            self.ui.note(&format!(
                "{} in the files of `{1}`: poststack config validate {1}",
                count(faults, "fault"),
                environment.name
            ));
        }
        Ok(prepared)
    }

    /// How long to wait for an environment that another process works on.
    pub fn lock_wait(&self) -> Duration {
        self.global.lock_wait.unwrap_or_default()
    }

    /// The engine that flags, settings and the environment mean, connected.
    pub async fn engine(&self) -> Result<Engine, Failure> {
        self.settings()?;
        self.connect().await.map_err(|error| no_engine(&error))
    }

    /// As [`Self::engine`], with every address that was tried in vain; settings with a fault are as
    /// none.
    pub async fn connect(&self) -> Result<Engine, ConnectError> {
        let runtime = self.settings().ok().map(|one| &one.container_runtime);
        let wanted = runtime.and_then(|runtime| {
            let kind = match runtime.value {
                Runtime::Auto => return None,
                Runtime::Docker => EngineKind::Docker,
                Runtime::Podman => EngineKind::Podman,
            };
            Some((kind, runtime.origin.to_string()))
        });
        let request = discover::Request::of_process(self.global.host.clone(), wanted);
        Engine::connect(&request).await
    }
}

/// Reads as much as there is, of every profile.
pub(super) fn glance_options() -> PrepareOptions {
    PrepareOptions {
        allow_undefined: true,
        profiles: BTreeSet::from(["*".to_owned()]),
        ..PrepareOptions::default()
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
