//! One environment made ready: variables resolved, files read, objects described. Nothing here
//! touches an engine.

use std::collections::BTreeSet;
use std::path::Path;

use super::address;
use super::failure::{Failure, Kind};
use super::mounted;
use super::project::Project;
use super::reach::{Reach, reach};
use crate::config::model::{DeploymentKind, Environment, InitKind};
use crate::config::{self};
use crate::diagnostic::{Diagnostic, any_error};
use crate::plan::Desired;
use crate::plan::desired::{Inputs, desired};
use crate::plan::identity::{Identity, MAX_HOST_NAME};
use crate::postgres::Address;
use crate::template::Use;
use crate::variables::Variables;
use crate::workload::model::Service;
use crate::workload::{self, Context, Loaded, Workload};

/// What the command line adds.
#[derive(Debug, Clone, Default)]
pub struct PrepareOptions {
    /// `--set K=V`
    pub set: Vec<(String, String)>,
    pub profiles: BTreeSet<String>,
    pub allow_undefined: bool,
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
    /// The services of the deployment that say what to do when a source file changes.
    pub watched: Vec<Service>,
    /// The database as the host reaches it.
    pub address: Address,
    /// Warnings and notes.
    pub diagnostics: Vec<Diagnostic>,
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
    let identity = project.identity(environment);
    let mut diagnostics = project.diagnostics.clone();
    diagnostics.extend(config::check_files(&project.config, &environment.name));
    diagnostics.extend(check_length(&identity, environment));
    let Reach {
        database,
        variables,
        diagnostics: faults,
        ..
    } = reach(project, environment, options)?;
    diagnostics.extend(faults);
    let files = load_files(project, environment, options, &variables);
    diagnostics.extend(files.diagnostics);
    let mounted = mounted::states(&project.config.root, files.init.iter().flatten());
    let (desired, faults) = desired(&Inputs {
        identity: &identity,
        environment,
        password: &database.password,
        init: &files.init,
        deployment: files.deployment.as_ref(),
        mounted: &mounted,
    });
    diagnostics.extend(faults);
    let services = files.deployment.into_iter().flat_map(|one| one.services);
    Ok(Prepared {
        watched: services.filter(|one| !one.watch.is_empty()).collect(),
        address: address::host(&database, &environment.postgres),
        identity,
        environment: environment.clone(),
        desired,
        variables,
        uses: files.uses,
        diagnostics,
    })
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

struct Files {
    /// One per `init:` entry; `None` for migrations.
    init: Vec<Option<Workload>>,
    deployment: Option<Workload>,
    uses: Vec<Use>,
    diagnostics: Vec<Diagnostic>,
}

fn load_files(
    project: &Project,
    environment: &Environment,
    options: &PrepareOptions,
    variables: &Variables,
) -> Files {
    let context = Context {
        variables,
        profiles: &options.profiles,
        allow_undefined: options.allow_undefined,
    };
    let mut files = Files {
        init: Vec::new(),
        deployment: None,
        uses: Vec::new(),
        diagnostics: Vec::new(),
    };
    let mut read = |path: &Path, load: fn(&Path, &Path, &Context<'_>) -> Loaded| {
        // A missing file is reported where it is named.
        if !path.exists() {
            return Workload::default();
        }
        let loaded = load(path, &project.shown(path), &context);
        files.uses.extend(loaded.uses);
        files.diagnostics.extend(loaded.diagnostics);
        loaded.workload
    };
    for entry in &environment.init {
        let workload = match &entry.kind {
            InitKind::Migrations(_) => None,
            InitKind::Compose(path) => Some(read(path, workload::load_compose)),
            InitKind::Pod(path) => Some(read(path, workload::load_pod)),
        };
        files.init.push(workload);
    }
    files.deployment = environment
        .deployment
        .as_ref()
        .map(|deployment| match &deployment.kind {
            DeploymentKind::Compose(path) => read(path, workload::load_compose),
            DeploymentKind::Pod(path) => read(path, workload::load_pod),
        });
    files
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
