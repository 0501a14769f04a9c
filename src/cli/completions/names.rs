//! The names of a project, at the arguments that take one. An argument is known by the name of its
//! value, so a new command is completed as soon as it calls its values as the others do.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use clap::{Arg, Command, CommandFactory};
use clap_complete::{ArgValueCompleter, CompletionCandidate};

use super::line::{Line, Said};
use crate::cli::Cli;
use crate::cli::run::{Run, glance_options};
use crate::config::model::Environment;
use crate::container::Containers;
use crate::database::{Which, resolve_files};
use crate::environment::prepare::gather;
use crate::environment::project::Location;
use crate::environment::{Project, Recipe, project_recipes};
use crate::migration;
use crate::plan::identity::POSTGRES_SERVICE;
use crate::settings::{self, Settings, process_environment};

/// What an argument takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Environment,
    Service,
    /// An environment, then services; an environment need not be named.
    EnvironmentThenServices,
    /// `SERVICE=N`
    Replicas,
    /// The version of a migration.
    Version,
    /// What `build` makes.
    Image,
    /// One of the project's own containers, or a service where an environment is named.
    Container,
    /// The words of a command of poststack, one after the other.
    Command,
}

/// What an argument takes whose value is called `name`.
fn takes(name: &str) -> Option<Takes> {
    Some(match name {
        "ENVIRONMENT" | "SOURCE" => Takes::Environment,
        "SERVICE" => Takes::Service,
        "ENVIRONMENT|SERVICE" => Takes::EnvironmentThenServices,
        "SERVICE=N" => Takes::Replicas,
        "VERSION" => Takes::Version,
        "IMAGE" => Takes::Image,
        "CONTAINER" => Takes::Container,
        "COMMAND" => Takes::Command,
        _ => return None,
    })
}

/// `command` with the names of the project at its arguments. Where nothing of the word is typed yet,
/// names are offered without all the options beside them.
pub(super) fn offer(command: Command, line: &Arc<Line>) -> Command {
    let command = match line.is_empty {
        true => command.disable_help_flag(true).disable_version_flag(true),
        false => command,
    };
    let command = command.mut_args(|arg| {
        let is_option = !arg.is_positional();
        let arg = with_names(arg, line);
        // What is hidden is offered where there is nothing else.
        match is_option && line.is_empty {
            true => arg.hide(true),
            false => arg,
        }
    });
    command.mut_subcommands(|command| offer(command, line))
}

fn with_names(arg: Arg, line: &Arc<Line>) -> Arg {
    if !arg.get_possible_values().is_empty() {
        return arg;
    }
    let names = arg.get_value_names().unwrap_or_default();
    let Some(takes) = names.first().and_then(|name| takes(name)) else {
        return arg;
    };
    let line = line.clone();
    let completer = move |typed: &OsStr| {
        let names = find(takes, &line.said).unwrap_or_default();
        let typed = typed.to_string_lossy();
        let fits = names
            .into_iter()
            .filter(|one| one.name.starts_with(&*typed));
        fits.map(Name::candidate).collect::<Vec<_>>()
    };
    arg.add(ArgValueCompleter::new(completer))
}

/// A name with what stands beside it where the shell shows that.
struct Name {
    name: String,
    help: String,
}

impl Name {
    fn plain(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            help: String::new(),
        }
    }

    fn candidate(self) -> CompletionCandidate {
        let help = Some(self.help).filter(|help| !help.is_empty());
        CompletionCandidate::new(self.name).help(help.map(Into::into))
    }
}

/// `None` where there is no project, or it is broken.
fn find(takes: Takes, said: &Said) -> Option<Vec<Name>> {
    match takes {
        Takes::Version => return versions(said),
        Takes::Command => return commands(said),
        _ => {}
    }
    let folder = Run::working_directory().ok()?;
    let settings = settings(said, &folder)?;
    let project = match settings.file {
        Some(_) => Project::open(&location(said, &folder), process_environment(), settings).ok()?,
        None => Project::of_folder(process_environment(), settings),
    };
    let mut names = Vec::new();
    match takes {
        Takes::Environment => names.extend(environments(&project)),
        Takes::EnvironmentThenServices => {
            if said.names.is_empty() {
                names.extend(environments(&project));
            }
            names.extend(services(&project, said, |service| service.to_owned()));
            names.retain(|one| !said.names.contains(&one.name));
        }
        Takes::Service => names.extend(services(&project, said, |service| service.to_owned())),
        Takes::Replicas => names.extend(services(&project, said, |service| format!("{service}="))),
        Takes::Image => names.extend(images(&project)?),
        Takes::Container => {
            match said.environment {
                Some(_) => names.extend(services(&project, said, |service| service.to_owned())),
                None => names.extend(containers(project)?),
            }
            names.retain(|one| !said.names.contains(&one.name));
        }
        Takes::Version | Takes::Command => {}
    }
    Some(names)
}

/// The commands below the one whose words are there already.
fn commands(said: &Said) -> Option<Vec<Name>> {
    let mut command = &Cli::command();
    for word in &said.names {
        command = command.find_subcommand(word)?;
    }
    let below = command.get_subcommands().filter(|one| !one.is_hide_set());
    let named = below.map(|one| Name {
        name: one.get_name().to_owned(),
        help: one.get_about().map(ToString::to_string).unwrap_or_default(),
    });
    Some(named.collect())
}

fn settings(said: &Said, folder: &Path) -> Option<Settings> {
    let request = settings::Request {
        config_file: said.config_file.as_deref(),
        working_directory: folder,
        flags: &settings::Flags::default(),
        process: &process_environment(),
    };
    settings::load(&request).ok()
}

fn location<'a>(said: &'a Said, folder: &'a Path) -> Location<'a> {
    Location {
        config_file: said.config_file.as_deref(),
        working_directory: folder,
    }
}

fn environments(project: &Project) -> Vec<Name> {
    let environments = project.config.environments.iter();
    let named = environments.map(|environment| Name {
        name: environment.name.to_string(),
        help: format!("database {}", environment.postgres.database),
    });
    named.collect()
}

/// The services of the environment that is meant, or of all where none is.
fn services(project: &Project, said: &Said, shown: fn(&str) -> String) -> Vec<Name> {
    let first = said.names.first().filter(|name| is_known(project, name));
    let argument = said.environment.as_ref().or(first);
    let meant: Vec<&Environment> = match project.meant(argument.map(String::as_str)) {
        Ok(Some((environment, _))) => vec![environment],
        Ok(None) => project.config.environments.iter().collect(),
        Err(_) => Vec::new(),
    };
    let mut names = BTreeSet::new();
    for environment in meant {
        if let Ok(prepared) = gather(project, environment, &glance_options()) {
            let containers = prepared.desired.containers();
            names.extend(containers.map(|one| one.service.clone()));
        }
    }
    names.iter().map(|name| Name::plain(&shown(name))).collect()
}

fn images(project: &Project) -> Option<Vec<Name>> {
    let recipes = project_recipes(&project.settings, Some(&project.config)).ok()?;
    let short = recipes.iter().filter_map(Recipe::short_name);
    let short: BTreeSet<&str> = short.collect();
    Some(short.into_iter().map(Name::plain).collect())
}

/// The services of the container commands: the database, and the folders of `containers`.
fn containers(project: Project) -> Option<Vec<Name>> {
    let containers = Containers::of(project).ok()?;
    let folders = containers.folders.iter().map(|one| one.name.as_str());
    let all = std::iter::once(POSTGRES_SERVICE).chain(folders);
    Some(all.map(Name::plain).collect())
}

fn is_known(project: &Project, name: &str) -> bool {
    project.names().iter().any(|known| known == name)
}

/// The versions of the files in the folder that is meant; those with faults are left out.
fn versions(said: &Said) -> Option<Vec<Name>> {
    let folder = Run::working_directory().ok()?;
    let settings = settings(said, &folder)?;
    let target = resolve_files(&Which {
        environment: said.environment.as_deref(),
        url: None,
        settings: &settings,
        migrations: said.migrations.as_deref(),
        location: &location(said, &folder),
    });
    let files = target.ok()?.folder;
    let (folder, _) = migration::files::load(&files.path, &files.shown);
    let named = folder.migrations.into_iter().map(|migration| Name {
        name: migration.version.to_string(),
        help: migration.name,
    });
    Some(named.collect())
}
