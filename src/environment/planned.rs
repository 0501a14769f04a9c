//! `env plan`: what a start would do, and why. Looks at everything, changes nothing.

use std::time::Duration;

use serde::Serialize;

use super::failure::Failure;
use super::prepare::Prepared;
use super::project::Project;
use super::refusal::refused;
use super::{migrations, ports, record, start};
use crate::engine::Engine;
use crate::migration::{self, State};
use crate::plan::changes::{Change, Verb, changes};
use crate::plan::desired::{External, ImageSource};
use crate::plan::{self, Action, Phase, Plan, StartOptions};
use crate::postgres;
use crate::workload::model::PullPolicy;

/// How long the database may take to tell what is pending.
const CONNECT: Duration = Duration::from_secs(5);

/// What a start would do.
#[derive(Debug, Clone, Serialize)]
pub struct Planned {
    pub project: String,
    pub environment: String,
    /// Kind, version and address.
    pub engine: String,
    pub changes: Vec<Change>,
    /// The same, as the single steps.
    pub steps: Vec<PlannedStep>,
    /// Containers that no file describes and that stay.
    pub orphans: Vec<String>,
    /// What a start would stop at.
    pub obstacles: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct PlannedStep {
    /// Counts from 1.
    pub number: usize,
    pub phase: String,
    pub action: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cause: String,
    /// Numbers of the steps that must have ended before.
    pub after: Vec<usize>,
}

/// Plans a start without doing anything of it.
///
/// # Errors
/// The engine fails, or a start would be refused because of objects that are not ours.
pub async fn plan(
    project: &Project,
    prepared: &Prepared,
    engine: &Engine,
    (options, build): (&StartOptions, bool),
) -> Result<Planned, Failure> {
    let identity = &prepared.identity;
    let seen = record::seen(project, &identity.environment, engine);
    let observed = start::look(project, prepared, engine, &seen).await?;
    let planned = plan::start(&prepared.desired, &observed, options);
    let planned = planned.map_err(|all| refused(&all, identity))?;
    let free = ports::check(&planned.plan, prepared, &observed, engine).await;
    let mut obstacles: Vec<String> = planned.missing.iter().map(missing).collect();
    obstacles.extend(free.err().map(|failure| failure.message));
    let mut all = builds(prepared, build);
    for change in changes(&planned.plan, &prepared.desired) {
        if !all
            .iter()
            .any(|one| one.kind == "image" && one.name == change.name)
        {
            all.push(change);
        }
    }
    all.extend(pending(&planned.plan, prepared).await?);
    for change in &mut all {
        change.cause = prepared.mask(&change.cause);
    }
    Ok(Planned {
        project: identity.project.to_string(),
        environment: identity.environment.to_string(),
        engine: engine.to_string(),
        changes: all,
        steps: steps(&planned.plan, prepared),
        orphans: planned.orphans,
        obstacles,
    })
}

fn missing(external: &External) -> String {
    let (kind, name) = match external {
        External::Network(name) => ("network", name),
        External::Volume(name) => ("volume", name),
    };
    format!("{kind} `{name}` is external and not there")
}

/// Images that are built even if they are there; whether that changes them shows only then.
fn builds(prepared: &Prepared, all: bool) -> Vec<Change> {
    let images = prepared.desired.images.iter();
    let built = images.filter_map(|(reference, image)| {
        let cause = match &image.source {
            ImageSource::Build(..) if all => "asked for",
            ImageSource::Build(_, PullPolicy::Build | PullPolicy::Always) => "its `pull_policy`",
            _ => return None,
        };
        Some(Change {
            action: Verb::Build,
            kind: "image",
            name: reference.clone(),
            service: None,
            cause: cause.to_owned(),
        })
    });
    built.collect()
}

/// The migrations that would be applied. A database that does not answer has none of them yet.
async fn pending(plan: &Plan, prepared: &Prepared) -> Result<Vec<Change>, Failure> {
    let folders = plan.steps.iter().filter_map(|step| match &step.action {
        Action::Migrate(folder) => Some(folder),
        _ => None,
    });
    let mut found = Vec::new();
    for folder in folders {
        let shown = folder
            .strip_prefix(&prepared.identity.directory)
            .unwrap_or(folder);
        let (files, _) = migrations::load_beside(&prepared.address, (folder, shown), false).await?;
        let connection = postgres::connect(&prepared.address, CONNECT).await.ok();
        let ledger = match &connection {
            Some(connection) => migration::read_ledger(connection).await.ok().flatten(),
            None => None,
        };
        let assessment = migration::assess(&files, ledger.as_ref(), false);
        let is_due = |state: &State| !matches!(state, State::Applied | State::Missing);
        let entries = assessment.entries.iter().map(|one| one.state);
        let repeatables = assessment.repeatables.iter().map(|one| one.state);
        let due = entries.chain(repeatables).filter(is_due).count();
        if due > 0 {
            found.push(Change {
                action: Verb::Run,
                kind: "migrations",
                name: shown.display().to_string(),
                service: None,
                cause: format!("{due} pending"),
            });
        }
    }
    Ok(found)
}

fn steps(plan: &Plan, prepared: &Prepared) -> Vec<PlannedStep> {
    let steps = plan.steps.iter().enumerate();
    let step = |(id, step): (usize, &plan::Step)| PlannedStep {
        number: id + 1,
        phase: match step.phase {
            Phase::Prepare => "prepare".to_owned(),
            Phase::Database => "database".to_owned(),
            Phase::Init(index) => format!("init {}", index + 1),
            Phase::Deploy => "deploy".to_owned(),
            Phase::Finish => "finish".to_owned(),
        },
        action: prepared.mask(&step.action.to_string()),
        cause: prepared.mask(&step.cause),
        after: step.after.iter().map(|id| id + 1).collect(),
    };
    steps.map(step).collect()
}
