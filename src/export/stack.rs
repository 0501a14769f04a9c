//! Everything an environment runs as one list, in start order, with what each waits for. Pure.
//!
//! The steps that poststack does itself, migrations and extensions, are containers here like all
//! others, so that no format needs to know of them.

mod steps;

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Diagnostic, Place};
use crate::environment::Prepared;
use crate::plan::desired::{DesiredContainer, InitWork};
use crate::plan::identity::{POSTGRES_SERVICE, Role};
use crate::plan::spec::{ContainerSpec, Labels};
use crate::workload::model::{Condition, HealthTest, Healthcheck, Hook, Readiness};

/// What is exported.
pub struct Stack<'a> {
    pub prepared: &'a Prepared,
    /// The database first, then the steps of the init phase, then the deployment.
    pub parts: Vec<Part>,
}

/// One service, with a key that no other has.
#[derive(Debug, Clone)]
pub struct Part {
    pub key: String,
    /// Without the labels of poststack.
    pub spec: ContainerSpec,
    pub role: Role,
    /// Whether it runs to its end, and what comes after it waits for that.
    pub ends: bool,
    pub replicas: u32,
    pub needs: Vec<Need>,
    pub post_start: Vec<Hook>,
    pub pre_stop: Vec<Hook>,
    /// What a Pod file says of when it is ready.
    pub readiness: Option<Readiness>,
    /// The pod whose shared network and namespaces it holds, where it does nothing else.
    pub infra_of: Option<String>,
    /// Where its service stands in a file of the user.
    pub place: Option<Place>,
    /// Whether its name is the user's, not one made of the project's.
    pub is_named: bool,
}

/// Another part that must come first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    pub key: String,
    pub condition: Condition,
    pub restart: bool,
}

impl Need {
    fn new(key: &str, condition: Condition) -> Self {
        Self {
            key: key.to_owned(),
            condition,
            restart: false,
        }
    }
}

impl Part {
    /// A warning about something that the format has no word for.
    #[must_use]
    pub fn lost(&self, key: &str, why: &str) -> Diagnostic {
        let message = format!("`{}`: `{key}` is not in the export: {why}", self.key);
        let warning = Diagnostic::warning(message);
        match &self.place {
            Some(place) => warning.at_place(place.clone()),
            None => warning,
        }
    }

    /// Whether `infra` holds what this part shares with the others of its pod: each of those needs it.
    #[must_use]
    pub fn is_in_pod_of(&self, infra: &Self) -> bool {
        self.needs.iter().any(|need| need.key == infra.key)
    }

    /// The health test, unless there is none or it is switched off.
    #[must_use]
    pub fn health_test(&self) -> Option<&Healthcheck> {
        let check = self.spec.process.healthcheck.as_ref();
        check.filter(|check| check.test != HealthTest::None)
    }
}

impl<'a> Stack<'a> {
    /// # Errors
    /// Faults of migration files.
    pub fn of(prepared: &'a Prepared) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let mut builder = Builder {
            prepared,
            keys: BTreeSet::new(),
            by_container: BTreeMap::new(),
            parts: Vec::new(),
            gate: Vec::new(),
            diagnostics: Vec::new(),
        };
        builder.database();
        builder.extensions();
        for entry in &prepared.desired.init {
            match &entry.work {
                InitWork::Migrations(folder) => builder.migrations(folder)?,
                InitWork::Containers(containers) => builder.entry(containers),
            }
        }
        builder.deployment();
        let (parts, diagnostics) = builder.finish();
        Ok((Self { prepared, parts }, diagnostics))
    }

    /// A container with `psql` and the address of the database, which does nothing yet.
    #[must_use]
    pub fn psql(&self) -> Part {
        steps::psql(self.prepared)
    }

    /// The part whose container has this name.
    #[must_use]
    pub fn by_container(&self, name: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.spec.name == name)
    }

    /// The part that holds the network and the namespaces of the pod in which `part` is.
    #[must_use]
    pub fn infra_of(&self, part: &Part) -> Option<&Part> {
        let mut infras = self.parts.iter().filter(|one| one.infra_of.is_some());
        infras.find(|infra| part.is_in_pod_of(infra))
    }

    #[must_use]
    pub fn database(&self) -> Option<&Part> {
        self.parts.iter().find(|part| part.role == Role::Database)
    }

    /// What every name of the environment begins with.
    #[must_use]
    pub fn prefix(&self) -> String {
        self.prepared.identity.prefix()
    }
}

struct Builder<'a> {
    prepared: &'a Prepared,
    keys: BTreeSet<String>,
    /// Container → key of its part.
    by_container: BTreeMap<String, String>,
    parts: Vec<Part>,
    /// What must be done before the next step begins.
    gate: Vec<Need>,
    diagnostics: Vec<Diagnostic>,
}

impl Builder<'_> {
    /// `wanted`, or with a number behind it when another part has it.
    fn key(&mut self, wanted: &str) -> String {
        let numbered = (2_u32..).map(|number| format!("{wanted}-{number}"));
        let mut keys = std::iter::once(wanted.to_owned()).chain(numbered);
        let key = keys.find(|key| !self.keys.contains(key));
        let key = key.unwrap_or_default();
        self.keys.insert(key.clone());
        key
    }

    fn database(&mut self) {
        let Some(database) = &self.prepared.desired.database else {
            return;
        };
        let key = self.key(POSTGRES_SERVICE);
        let mut part = self.part(database, key.clone());
        part.spec.process.healthcheck = Some(steps::database_test(&self.prepared.environment));
        part.is_named = true;
        self.gate = vec![Need::new(&key, Condition::Healthy)];
        self.parts.push(part);
    }

    /// One entry of `init:`; the next one begins when all that end have ended.
    fn entry(&mut self, containers: &[DesiredContainer]) {
        let helpers: BTreeSet<&str> = helpers(containers);
        let keys = self.keys_of(containers);
        let mut ended = Vec::new();
        for (container, key) in containers.iter().zip(&keys) {
            let mut part = self.part(container, key.clone());
            part.ends = !helpers.contains(container.service.as_str());
            part.needs = self.needs(container, containers, &keys);
            if part.ends {
                ended.push(Need::new(key, Condition::CompletedSuccessfully));
            }
            self.push(container, part);
        }
        if !ended.is_empty() {
            self.gate = ended;
        }
    }

    fn deployment(&mut self) {
        let all = &self.prepared.desired.deployment;
        let firsts: Vec<DesiredContainer> =
            all.iter().filter(|one| one.number == 1).cloned().collect();
        let keys = self.keys_of(&firsts);
        for (container, key) in firsts.iter().zip(&keys) {
            let mut part = self.part(container, key.clone());
            part.ends = container.completes;
            part.needs = self.needs(container, &firsts, &keys);
            let replicas = &self.prepared.desired.replicas;
            part.replicas = replicas.get(&container.service).copied().unwrap_or(1);
            self.push(container, part);
        }
    }

    fn keys_of(&mut self, containers: &[DesiredContainer]) -> Vec<String> {
        let keys = containers.iter().map(|container| {
            let key = self.key(&container.service);
            let name = container.spec.name.clone();
            self.by_container.insert(name, key.clone());
            key
        });
        keys.collect()
    }

    /// What the container waits for: what its file says, and the step before.
    fn needs(
        &self,
        container: &DesiredContainer,
        beside: &[DesiredContainer],
        keys: &[String],
    ) -> Vec<Need> {
        let own = container.depends_on.iter().filter_map(|dependency| {
            let mut others = beside.iter().zip(keys);
            let (_, key) = others.find(|(one, _)| one.service == dependency.service)?;
            Some(Need {
                key: key.clone(),
                condition: dependency.condition,
                restart: dependency.restart,
            })
        });
        let mut needs: Vec<Need> = own.collect();
        for need in &self.gate {
            if needs.iter().all(|known| known.key != need.key) {
                needs.push(need.clone());
            }
        }
        needs
    }

    /// Adds a part after the containers that run before its start.
    fn push(&mut self, container: &DesiredContainer, mut part: Part) {
        for spec in &container.hooks.pre_start {
            let key = self.key(&format!("{}-pre-start", part.key));
            let before = Part {
                spec: ContainerSpec {
                    labels: own_labels(&spec.labels),
                    ..spec.clone()
                },
                ends: true,
                replicas: 1,
                post_start: Vec::new(),
                pre_stop: Vec::new(),
                readiness: None,
                infra_of: None,
                is_named: false,
                key: key.clone(),
                ..part.clone()
            };
            part.needs
                .push(Need::new(&key, Condition::CompletedSuccessfully));
            self.parts.push(before);
        }
        self.parts.push(part);
    }

    fn part(&mut self, container: &DesiredContainer, key: String) -> Part {
        let name = container.spec.name.clone();
        let identity = &self.prepared.identity;
        let is_named = name != identity.container(&container.service, container.number);
        self.by_container.insert(name, key.clone());
        Part {
            key,
            spec: ContainerSpec {
                labels: own_labels(&container.spec.labels),
                ..container.spec.clone()
            },
            role: container.role,
            ends: false,
            replicas: 1,
            needs: Vec::new(),
            post_start: container.hooks.post_start.clone(),
            pre_stop: container.hooks.pre_stop.clone(),
            readiness: container.readiness.clone(),
            infra_of: container.infra_of.clone(),
            place: Some(container.place.clone()),
            is_named,
        }
    }

    fn finish(self) -> (Vec<Part>, Vec<Diagnostic>) {
        (self.parts, self.diagnostics)
    }
}

/// Services of an init entry that others need running and that nobody waits for to end.
fn helpers(containers: &[DesiredContainer]) -> BTreeSet<&str> {
    let dependencies = || containers.iter().flat_map(|one| &one.depends_on);
    let is_awaited = |service: &str| {
        let mut all = dependencies();
        all.any(|one| one.service == service && one.condition == Condition::CompletedSuccessfully)
    };
    let services = dependencies().map(|one| one.service.as_str());
    services.filter(|service| !is_awaited(service)).collect()
}

/// The labels that the user wrote.
pub(super) fn own_labels(labels: &Labels) -> Labels {
    let foreign =
        |name: &str| name.starts_with("io.poststack.") || name.starts_with("com.docker.compose.");
    let own = labels.iter().filter(|(name, _)| !foreign(name));
    own.map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
