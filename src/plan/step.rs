//! Steps of a plan: each one engine call, with its cause and the steps it waits for.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::desired::DesiredContainer;
use super::hooks::PreStop;
use super::observed::{ObservedContainer, State};
use super::spec::{ContainerSpec, NetworkSpec, VolumeSpec};
use crate::workload::model::Hook;

/// Suffix of a container that is made to take the place of another.
pub const NEXT: &str = ".next";
/// Suffix of a container that was replaced and is kept until the deploy has ended well.
pub const PREVIOUS: &str = ".previous";

/// The name of a container without the suffix that it has while it is replaced.
#[must_use]
pub fn base_name(name: &str) -> &str {
    let name = name.strip_suffix(NEXT).unwrap_or(name);
    name.strip_suffix(PREVIOUS).unwrap_or(name)
}

/// Index of a step in its plan.
pub type StepId = usize;

/// Steps in an order in which they can run; independent ones run at the same time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub phase: Phase,
    pub action: Action,
    /// Why: what was found to differ. Empty where the action says it all.
    pub cause: String,
    /// Steps that must have ended well before; all of them stand before this one.
    pub after: Vec<StepId>,
}

/// Which part of a start a step belongs to; it decides what a failure means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    Prepare,
    Database,
    /// Index of the entry.
    Init(usize),
    Deploy,
    Finish,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    CreateNetwork(NetworkSpec),
    CreateVolume(VolumeSpec),
    RemoveNetwork(String),
    /// Only one that holds nothing of worth; where a container still has it, it stays.
    RemoveVolume(String),
    /// Builds or pulls what [`super::Desired::images`] says of the reference.
    PrepareImage(String),
    /// `spec.name` is the name it gets now; a later rename may follow.
    CreateContainer {
        spec: Box<ContainerSpec>,
        /// The container whose anonymous volumes it takes over.
        predecessor: Option<String>,
    },
    RenameContainer {
        from: String,
        to: String,
    },
    StartContainer(String),
    /// Runs a program in the container that has started; it must exit with code 0.
    PostStart {
        name: String,
        hook: Box<Hook>,
    },
    /// Runs a program in the container that is going to be stopped, whatever comes of it.
    PreStop {
        name: String,
        hook: Box<PreStop>,
    },
    StopContainer {
        name: String,
        grace: Option<Duration>,
    },
    RemoveContainer {
        name: String,
        /// Whether its anonymous volumes go with it: only where they can hold nothing of worth.
        volumes: bool,
    },
    /// A login with the password of the environment.
    AwaitLogin,
    /// Folder of SQL files.
    Migrate(PathBuf),
    /// Exit with code 0.
    AwaitExit {
        name: String,
    },
    /// Healthy where there is a health test, else running.
    AwaitReady {
        name: String,
        /// Whether the file itself gives a health test; the image may have one, too.
        tested: bool,
        /// Whether another service waits for its health: then it must have a test.
        health_needed: bool,
    },
}

impl Action {
    /// Whether the engine is another one afterwards.
    #[must_use]
    pub fn changes(&self) -> bool {
        !matches!(
            self,
            Self::AwaitLogin | Self::Migrate(_) | Self::AwaitExit { .. } | Self::AwaitReady { .. }
        )
    }
}

impl Plan {
    pub(super) fn push(
        &mut self,
        phase: Phase,
        action: Action,
        cause: impl Into<String>,
        after: Vec<StepId>,
    ) -> StepId {
        let mut after = after;
        after.sort_unstable();
        after.dedup();
        self.steps.push(Step {
            phase,
            action,
            cause: cause.into(),
            after,
        });
        self.steps.len() - 1
    }

    /// Adds what is to be run in a container before it is stopped; the steps after which it may be.
    pub(super) fn before_stop(
        &mut self,
        phase: Phase,
        container: &ObservedContainer,
        described: Option<&DesiredContainer>,
        mut after: Vec<StepId>,
    ) -> Vec<StepId> {
        // Nothing can be run in one that is paused or between two runs.
        if container.state != State::Running {
            return after;
        }
        for hook in super::hooks::before_stop(&container.labels, described) {
            let action = Action::PreStop {
                name: container.name.clone(),
                hook: Box::new(hook),
            };
            after = vec![self.push(phase, action, "", after)];
        }
        after
    }

    /// Puts the steps that make images first, and lets all others wait for them: an image that is
    /// not to be had leaves everything as it was.
    pub(super) fn images_first(self) -> Self {
        let is_image = |step: &Step| matches!(step.action, Action::PrepareImage(_));
        let (images, others): (Vec<_>, Vec<_>) = self
            .steps
            .into_iter()
            .enumerate()
            .partition(|(_, step)| is_image(step));
        let count = images.len();
        let old_ids: Vec<StepId> = images.iter().chain(&others).map(|(id, _)| *id).collect();
        let mut steps: Vec<Step> = images
            .into_iter()
            .chain(others)
            .map(|(_, step)| step)
            .collect();
        for step in steps.iter_mut().skip(count) {
            let new_id = |old: &StepId| old_ids.iter().position(|id| id == old);
            step.after = step.after.iter().filter_map(new_id).collect();
            step.after.sort_unstable();
            if step.after.is_empty() {
                step.after = (0..count).collect();
            }
        }
        Self { steps }
    }

    /// The plan without its last phase, and that phase, which tidies up once all went well.
    #[must_use]
    pub fn before_finish(&self) -> (Self, Self) {
        let is_finish = |step: &&Step| step.phase == Phase::Finish;
        let work = self.steps.iter().take_while(|step| !is_finish(step));
        let work = Self {
            steps: work.cloned().collect(),
        };
        let count = work.steps.len();
        let finish = self.steps.iter().skip(count).cloned().map(|mut step| {
            step.after = step
                .after
                .iter()
                .filter_map(|id| id.checked_sub(count))
                .collect();
            step
        });
        let finish = Self {
            steps: finish.collect(),
        };
        (work, finish)
    }

    /// Whether running it would leave everything as it is.
    #[must_use]
    pub fn changes_nothing(&self) -> bool {
        !self.steps.iter().any(|step| step.action.changes())
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateNetwork(network) => write!(f, "create network {}", network.name),
            Self::CreateVolume(volume) => write!(f, "create volume {}", volume.name),
            Self::RemoveNetwork(name) => write!(f, "remove network {name}"),
            Self::RemoveVolume(name) => write!(f, "remove volume {name}"),
            Self::PrepareImage(reference) => write!(f, "prepare image {reference}"),
            Self::CreateContainer { spec, .. } => write!(f, "create container {}", spec.name),
            Self::RenameContainer { from, to } => write!(f, "rename container {from} to {to}"),
            Self::StartContainer(name) => write!(f, "start container {name}"),
            Self::PostStart { name, .. } => write!(f, "run post_start in container {name}"),
            Self::PreStop { name, .. } => write!(f, "run pre_stop in container {name}"),
            Self::StopContainer { name, .. } => write!(f, "stop container {name}"),
            Self::RemoveContainer { name, .. } => write!(f, "remove container {name}"),
            Self::AwaitLogin => write!(f, "wait for a login to the database"),
            Self::Migrate(folder) => write!(f, "apply migrations of {}", folder.display()),
            Self::AwaitExit { name } => write!(f, "wait for exit 0 of {name}"),
            Self::AwaitReady { name, .. } => write!(f, "wait until ready: {name}"),
        }
    }
}

/// One line per step: number, action, cause, and what it waits for. The text of a dry run.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.steps.iter().enumerate() {
            write!(f, "{:>3}  {}", number + 1, step.action)?;
            if !step.cause.is_empty() {
                write!(f, " ({})", step.cause)?;
            }
            if !step.after.is_empty() {
                let after: Vec<String> = step.after.iter().map(|id| (id + 1).to_string()).collect();
                write!(f, " [after {}]", after.join(", "))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
