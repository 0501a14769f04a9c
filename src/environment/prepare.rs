//! One environment made ready: variables resolved, files read, objects described. Nothing here
//! touches an engine.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::address;
use super::failure::{Failure, Kind};
use super::images::BuildLogs;
use super::mounted;
use super::own_images::{self, complete_images};
use super::project::Project;
use super::reach::{Reach, reach};
use crate::config::model::{
    DeploymentKind, Environment, InitEntry, InitKind, NamedFile, PostgresImage,
};
use crate::config::{self};
use crate::diagnostic::{Diagnostic, any_error};
use crate::plan::Desired;
use crate::plan::database::OwnDatabaseImage;
use crate::plan::desired::{Inputs, desired};
use crate::plan::identity::{Identity, MAX_HOST_NAME};
use crate::postgres::Address;
use crate::settings::Decider;
use crate::template::Use;
use crate::variables::{DatabaseAddress, Variable, Variables};
use crate::workload::model::{MOST_REPLICAS, Replicas, Service};
use crate::workload::{self, Context, Database, Loaded, Workload};

/// What the command line adds.
#[derive(Debug, Clone, Default)]
pub struct PrepareOptions {
    /// `--set K=V`
    pub set: Vec<(String, String)>,
    pub profiles: BTreeSet<String>,
    pub allow_undefined: bool,
    /// Service of the deployment → how many containers it shall have, whatever the file says.
    pub scale: BTreeMap<String, u32>,
    /// Make what is missing in `.poststack/`; a dry run does not.
    pub generate: bool,
}

/// Everything known about an environment before its engine is asked.
#[derive(Clone)]
pub struct Prepared {
    pub identity: Identity,
    pub environment: Environment,
    pub desired: Desired,
    pub variables: Variables,
    pub uses: Vec<Use>,
    pub deciders: Deciders,
    /// The services of the deployment that say what to do when a source file changes.
    pub watched: Vec<Service>,
    /// The Compose and Pod files that were read, with those that they include and extend.
    pub files: Vec<PathBuf>,
    /// What poststack itself writes in the project: state and logs.
    pub own_folders: Vec<PathBuf>,
    /// Where builds are logged; `None` where the folder is no project.
    pub build_logs: Option<BuildLogs>,
    /// The database as the host reaches it.
    pub address: Address,
    /// Warnings and notes.
    pub diagnostics: Vec<Diagnostic>,
}

/// What settings and options decide where no file does.
#[derive(Debug, Clone, Default)]
pub struct Deciders {
    /// Service → of its port on the host.
    pub ports: BTreeMap<String, Decider>,
    /// External network → of its name.
    pub networks: BTreeMap<String, Decider>,
}

impl Prepared {
    /// `text` without any secret of the environment.
    #[must_use]
    pub fn mask(&self, text: &str) -> String {
        self.variables.mask(text)
    }
}

/// Reads and checks everything `environment` needs.
///
/// # Errors
/// Every fault of every file at once.
pub fn prepare(
    project: &Project,
    environment: &Environment,
    options: &PrepareOptions,
) -> Result<Prepared, Failure> {
    let gathered = gather(project, environment, options)?;
    if any_error(&gathered.diagnostics) {
        return Err(Failure::configuration(gathered.diagnostics));
    }
    Ok(gathered)
}

/// As [`prepare`], with the errors among the diagnostics: for a dry run.
///
/// # Errors
/// Only what leaves nothing to show.
pub fn gather(
    project: &Project,
    environment: &Environment,
    options: &PrepareOptions,
) -> Result<Prepared, Failure> {
    let reach = reach(project, environment, options)?;
    let known = (&reach.variables, &reach.database);
    let files = load_files(project, environment, options, known);
    assemble((project, environment), options, reach, files)
}

/// As [`prepare`], for a deployment that `make` describes where no file does.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_made(
    project: &Project,
    environment: &Environment,
    options: &PrepareOptions,
    make: impl FnOnce(&Reach) -> Workload,
) -> Result<Prepared, Failure> {
    let reach = reach(project, environment, options)?;
    let files = Files {
        deployment: Some(make(&reach)),
        ..Files::default()
    };
    let assembled = assemble((project, environment), options, reach, files)?;
    if any_error(&assembled.diagnostics) {
        return Err(Failure::configuration(assembled.diagnostics));
    }
    Ok(assembled)
}

fn assemble(
    (project, environment): (&Project, &Environment),
    options: &PrepareOptions,
    reach: Reach,
    mut files: Files,
) -> Result<Prepared, Failure> {
    let identity = project.identity(environment);
    let mut diagnostics = project.diagnostics.clone();
    diagnostics.extend(config::check_files(&project.config, &environment.name));
    diagnostics.extend(check_length(&identity, environment));
    let Reach {
        database,
        mut variables,
        diagnostics: faults,
        ..
    } = reach;
    diagnostics.extend(faults);
    scale(files.deployment.as_mut(), &options.scale)?;
    let readable = !any_error(&files.diagnostics);
    diagnostics.extend(files.diagnostics);
    variables.also_mask(files.local.iter());
    let workloads = files.init.iter().flatten().chain(&files.deployment);
    variables.hide(workloads.flat_map(|workload| &workload.secrets));
    let own_folders = own_images::folders_of_poststack(&project.settings);
    let root = (project.config.root.as_path(), own_folders.as_slice());
    let mounted = mounted::states(root, files.init.iter().flatten());
    let database_image = own_database_image(project, environment)?;
    let (mut desired, faults) = desired(&Inputs {
        database_image: database_image.as_ref(),
        identity: &identity,
        environment,
        password: &database.password,
        init: &files.init,
        deployment: files.deployment.as_ref(),
        mounted: &mounted,
        mask: &|text| variables.mask(text),
    });
    complete_images(&mut desired, &project.settings)?;
    // What follows from a faulty file says nothing new.
    diagnostics.extend(faults.into_iter().filter(|_| readable));
    let services = files.deployment.into_iter().flat_map(|one| one.services);
    Ok(Prepared {
        own_folders,
        build_logs: BuildLogs::of(&project.settings),
        watched: services.filter(|one| !one.watch.is_empty()).collect(),
        address: address::host(&database, &environment.postgres),
        identity,
        environment: environment.clone(),
        desired,
        variables,
        uses: files.uses,
        deciders: Deciders::default(),
        files: files.read,
        diagnostics,
    })
}

/// The image that the project makes of its own files for the database of `environment`.
fn own_database_image(
    project: &Project,
    environment: &Environment,
) -> Result<Option<OwnDatabaseImage>, Failure> {
    match (&environment.postgres.image, &environment.postgres.host) {
        (PostgresImage::Version(version), None) => {
            own_images::own_database_image(&project.settings, *version)
        }
        _ => Ok(None),
    }
}

/// The database is reached by its container's name, which must be a host name.
fn check_length(identity: &Identity, environment: &Environment) -> Option<Diagnostic> {
    let name = identity.database_container();
    (environment.postgres.host.is_none() && name.len() > MAX_HOST_NAME).then(|| {
        let message = format!(
            "The database would be called `{name}`: {} characters, and a host name has at most \
             {MAX_HOST_NAME}",
            name.len()
        );
        let place = &environment.place;
        Diagnostic::error(message)
            .at(&place.source, place.span)
            .help("shorten the name of the project or of the environment")
    })
}

#[derive(Default)]
struct Files {
    /// One per `init:` entry; `None` for migrations.
    init: Vec<Option<Workload>>,
    deployment: Option<Workload>,
    uses: Vec<Use>,
    /// Variables that the `.env` beside a file defines.
    local: Vec<Variable>,
    diagnostics: Vec<Diagnostic>,
    /// Every file that was read, as messages show it, in the order of reading.
    read: Vec<PathBuf>,
}

impl Files {
    fn keep(&mut self, loaded: Loaded) -> Workload {
        self.uses.extend(loaded.uses);
        self.local.extend(loaded.local);
        self.diagnostics.extend(loaded.diagnostics);
        for path in loaded.files {
            if !self.read.contains(&path) {
                self.read.push(path);
            }
        }
        loaded.workload
    }
}

fn load_files(
    project: &Project,
    environment: &Environment,
    options: &PrepareOptions,
    (variables, database): (&Variables, &DatabaseAddress),
) -> Files {
    let context = Context {
        variables,
        profiles: &options.profiles,
        allow_undefined: options.allow_undefined,
    };
    let mut files = Files::default();
    let database = Database {
        address: database,
        postgres: &environment.postgres,
    };
    let root = &project.config.root;
    for (index, entry) in environment.init.iter().enumerate() {
        let loaded = match &entry.kind {
            InitKind::Migrations(_) => None,
            InitKind::Liquibase(changelog) => {
                let name = liquibase_name(&environment.init, index);
                let service = Service::new(name, entry.place.clone());
                let workload = workload::liquibase(service, (changelog, root), &database);
                files.init.push(Some(workload));
                continue;
            }
            InitKind::Compose(named) => Some(compose(project, named, &context)),
            InitKind::Pod(path) => Some(pod(project, path, &context)),
        };
        let workload = loaded.map(|loaded| files.keep(loaded));
        files.init.push(workload);
    }
    if let Some(deployment) = &environment.deployment {
        let loaded = match &deployment.kind {
            DeploymentKind::Compose(named) => compose(project, named, &context),
            DeploymentKind::Pod(path) => pod(project, path, &context),
        };
        files.deployment = Some(files.keep(loaded));
    }
    files
}

/// `liquibase`, or with the number of the changelog among several.
fn liquibase_name(init: &[InitEntry], index: usize) -> String {
    let before = init.iter().take(index);
    let before = before.filter(|entry| matches!(entry.kind, InitKind::Liquibase(_)));
    match before.count() {
        0 => "liquibase".to_owned(),
        count => format!("liquibase-{}", count + 1),
    }
}

/// Nothing when a file is missing, which is reported where it is named.
fn compose(project: &Project, named: &[NamedFile], context: &Context<'_>) -> Loaded {
    let paths = config::compose_files(named);
    if !paths.iter().all(|path| path.is_file()) {
        return Loaded::default();
    }
    let files = paths.into_iter().map(|path| {
        let shown = project.shown(&path);
        (path, shown)
    });
    workload::load_compose(&files.collect::<Vec<_>>(), context)
}

/// As [`compose`].
fn pod(project: &Project, path: &Path, context: &Context<'_>) -> Loaded {
    if !path.exists() {
        return Loaded::default();
    }
    workload::load_pod(path, &project.shown(path), context)
}

/// Applies `--scale`.
fn scale(deployment: Option<&mut Workload>, wanted: &BTreeMap<String, u32>) -> Result<(), Failure> {
    let services = deployment.map_or(&mut [][..], |workload| &mut workload.services);
    for (name, &count) in wanted {
        let Some(service) = services.iter_mut().find(|service| service.name == *name) else {
            let known: Vec<&str> = services.iter().map(|one| one.name.as_str()).collect();
            let message =
                format!("`--scale {name}={count}`: the deployment has no service `{name}`");
            let hint = format!("its services are: {}", known.join(", "));
            return Err(Failure::new(Kind::Usage, message).hint(hint));
        };
        let place = service.place.clone();
        service.replicas = Some(Replicas { count, place });
    }
    Ok(())
}

/// `--scale SERVICE=N` as a pair.
///
/// # Errors
/// The text has no `=`, or what follows is no number.
pub fn parse_scale(text: &str) -> Result<(String, u32), Failure> {
    let parts = text.split_once('=');
    let parsed = parts.and_then(|(name, count)| Some((name.to_owned(), count.parse().ok()?)));
    match parsed {
        Some((name, count)) if !name.is_empty() && count <= MOST_REPLICAS => Ok((name, count)),
        _ => {
            let message = format!("`--scale {text}` names no service and number of containers");
            let hint = format!("write it as --scale web=3, up to {MOST_REPLICAS}");
            Err(Failure::new(Kind::Usage, message).hint(hint))
        }
    }
}

/// `--set K=V` as a pair.
///
/// # Errors
/// The text has no `=` or no name before it.
pub fn parse_set(text: &str) -> Result<(String, String), Failure> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => {
            let message = format!("`--set {text}` names no variable and value");
            Err(Failure::new(Kind::Usage, message).hint("write it as --set NAME=value"))
        }
    }
}
