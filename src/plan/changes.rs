//! A plan as what it changes, one line per object: steps are for whoever runs them, changes for
//! whoever reads them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::desired::{Desired, ImageSource};
use super::identity::{self, Role};
use super::spec::ContainerSpec;
use super::step::{Action, NEXT, PREVIOUS, Phase, Plan, Step};

/// What happens to one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    pub action: Verb,
    /// `network`, `volume`, `image`, `container`, `init`, `hook` or `migrations`.
    pub kind: &'static str,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Why; empty where the action says it all.
    pub cause: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    Build,
    Pull,
    Create,
    Recreate,
    Start,
    Restart,
    Rename,
    /// A container that does its work and ends, or migrations.
    Run,
    Remove,
}

impl Verb {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Pull => "pull",
            Self::Create => "create",
            Self::Recreate => "recreate",
            Self::Start => "start",
            Self::Restart => "restart",
            Self::Rename => "rename",
            Self::Run => "run",
            Self::Remove => "remove",
        }
    }
}

/// What `plan` changes, in the order of its steps. Migrations are left out: what is pending only the
/// database knows.
#[must_use]
pub fn changes(plan: &Plan, desired: &Desired) -> Vec<Change> {
    let mut changes = Changes {
        desired,
        found: Vec::new(),
        index: BTreeMap::new(),
    };
    for step in &plan.steps {
        changes.step(step);
    }
    changes.found
}

struct Changes<'a> {
    desired: &'a Desired,
    found: Vec<Change>,
    /// Name of the container → its change.
    index: BTreeMap<String, usize>,
}

impl Changes<'_> {
    fn step(&mut self, step: &Step) {
        let cause = step.cause.as_str();
        match &step.action {
            Action::CreateNetwork(network) => self.object(Verb::Create, "network", &network.name),
            Action::CreateVolume(volume) => self.object(Verb::Create, "volume", &volume.name),
            Action::RemoveNetwork(name) => self.object(Verb::Remove, "network", name),
            Action::PrepareImage(reference) => {
                let image = self.desired.images.get(reference);
                let verb = match image.map(|image| &image.source) {
                    Some(ImageSource::Pull(..)) | None => Verb::Pull,
                    Some(ImageSource::Build(..) | ImageSource::Own(_) | ImageSource::BuiltIn) => {
                        Verb::Build
                    }
                };
                self.object(verb, "image", reference);
            }
            Action::CreateContainer { spec, .. } => self.created(spec),
            Action::RenameContainer { from, to }
                if !from.ends_with(NEXT) && !to.ends_with(PREVIOUS) =>
            {
                let cause = format!("now called {from}: {cause}");
                self.container(Verb::Rename, to, &cause);
            }
            Action::StartContainer(name) => self.container(Verb::Start, name, cause),
            Action::StopContainer { name, .. } if matches!(step.phase, Phase::Init(_)) => {
                self.container(Verb::Run, name, "");
            }
            Action::StopContainer { name, .. } if !name.ends_with(PREVIOUS) => {
                self.container(Verb::Restart, name, cause);
            }
            Action::RemoveContainer { name, .. } if !name.ends_with(PREVIOUS) => {
                self.container(Verb::Remove, name, cause);
            }
            _ => {}
        }
    }

    fn object(&mut self, action: Verb, kind: &'static str, name: &str) {
        self.found.push(Change {
            action,
            kind,
            name: name.to_owned(),
            service: None,
            cause: String::new(),
        });
    }

    fn created(&mut self, spec: &ContainerSpec) {
        let role = spec.labels.get(identity::ROLE);
        let base = spec.name.strip_suffix(NEXT);
        let verb = match role.and_then(|role| Role::parse(role)) {
            Some(Role::Init | Role::Hook) => Verb::Run,
            _ if base.is_some() => Verb::Recreate,
            _ => Verb::Create,
        };
        self.container(verb, base.unwrap_or(&spec.name), "");
    }

    /// Notes a step on a container; several of them are one change.
    fn container(&mut self, verb: Verb, name: &str, cause: &str) {
        if let Some(change) = self.index.get(name).and_then(|at| self.found.get_mut(*at)) {
            change.action = together(change.action, verb, change.kind);
            // Why a hook goes is no reason for its run.
            if change.cause.is_empty() && (verb, change.kind) != (Verb::Remove, "hook") {
                cause.clone_into(&mut change.cause);
            }
            return;
        }
        let described = self.desired.container(name);
        let hook = self.desired.hook_names().any(|hook| hook == name);
        let kind = match described.map(|one| one.role) {
            Some(Role::Init) => "init",
            _ if hook => "hook",
            _ => "container",
        };
        self.index.insert(name.to_owned(), self.found.len());
        self.found.push(Change {
            action: verb,
            kind,
            name: name.to_owned(),
            service: described.map(|one| one.service.clone()),
            cause: cause.to_owned(),
        });
    }
}

/// What two steps on one container come to.
fn together(before: Verb, now: Verb, kind: &str) -> Verb {
    match (before, now) {
        // A hook goes when it has done its work.
        (Verb::Run, _) | (_, Verb::Run) => Verb::Run,
        (_, Verb::Remove) if kind == "hook" => before,
        (_, Verb::Remove) => Verb::Remove,
        (Verb::Remove, Verb::Create) => Verb::Recreate,
        (Verb::Rename, Verb::Recreate) => Verb::Recreate,
        _ => before,
    }
}
