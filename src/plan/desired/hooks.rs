//! The hooks of a container: what runs in containers of its own before it starts, what runs inside
//! it afterwards and before it stops.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Builder, ImageSource, pulled};
use crate::plan::identity::{self, Identity, Role};
use crate::plan::spec::{ContainerSpec, NetworkAttachment};
use crate::workload::model::{
    HealthTest, Healthcheck, Hook, Hooks, PreStart, Process, PullPolicy, Restart, Service,
};

/// The hooks of one container.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DesiredHooks {
    /// Containers that run one after the other before this one starts, each to exit code 0.
    pub pre_start: Vec<ContainerSpec>,
    pub post_start: Vec<Hook>,
    pub pre_stop: Vec<Hook>,
    /// As the service describes them, for all its containers.
    described: Hooks,
}

impl DesiredHooks {
    /// The fields of the definition that hooks add; values of variables among them, so they are to
    /// be hashed and never shown.
    pub(super) fn fields(&self) -> BTreeMap<String, String> {
        let Hooks {
            pre_start,
            post_start,
            pre_stop,
        } = &self.described;
        let mut fields = BTreeMap::new();
        let before = pre_start.iter().map(|step| {
            let hook = text(&step.hook);
            format!("{:?} {} {hook}", step.image, step.per_replica)
        });
        let lists: [(&str, Vec<String>); 3] = [
            ("pre_start", before.collect()),
            ("post_start", post_start.iter().map(text).collect()),
            ("pre_stop", pre_stop.iter().map(text).collect()),
        ];
        for (name, list) in lists {
            if !list.is_empty() {
                fields.insert(name.to_owned(), list.join("\n"));
            }
        }
        fields
    }
}

/// All there is to a hook.
fn text(hook: &Hook) -> String {
    let (user, privileged, folder) = (&hook.user, hook.privileged, &hook.working_dir);
    let mut text = format!("{:?} {user:?} {privileged} {folder:?}", hook.command);
    for (name, value) in &hook.environment {
        let value = value.as_ref().map(|value| value.expose());
        let _ = write!(text, " {name}={value:?}");
    }
    text
}

impl Builder<'_> {
    /// The hooks of container `number` of a service, whose own description is `spec`.
    pub(super) fn hooks(
        &mut self,
        service: &Service,
        number: u32,
        spec: &ContainerSpec,
    ) -> DesiredHooks {
        let hooks = &service.hooks;
        let steps = hooks.pre_start.iter().enumerate();
        let own = steps.filter(|(_, step)| step.per_replica || number == 1);
        let own: Vec<(usize, &PreStart)> = own.collect();
        for (_, step) in &own {
            if let Some(image) = &step.image {
                let source: ImageSource = pulled(image, PullPolicy::Missing, spec.platform.clone());
                self.image(image, source, &service.place);
            }
        }
        let identity = self.inputs.identity;
        let before = own.into_iter().map(|(index, step)| {
            let name = format!("{}.{}", spec.name, step_name(index));
            let mut made = before(step, spec, name);
            made.labels = labels(identity, &service.name, number);
            made
        });
        DesiredHooks {
            pre_start: before.collect(),
            post_start: hooks.post_start.clone(),
            pre_stop: hooks.pre_stop.clone(),
            described: hooks.clone(),
        }
    }
}

/// `pre-start-1`, …
fn step_name(index: usize) -> String {
    format!("pre-start-{}", index + 1)
}

fn labels(identity: &Identity, service: &str, number: u32) -> crate::plan::spec::Labels {
    let mut labels = identity.labels(Some(("service", service)));
    labels.extend([
        (identity::SERVICE.to_owned(), service.to_owned()),
        (identity::ROLE.to_owned(), Role::Hook.as_str().to_owned()),
        (identity::COMPOSE_NUMBER.to_owned(), number.to_string()),
        ("com.docker.compose.oneoff".to_owned(), "True".to_owned()),
    ]);
    labels
}

/// The container of one step: where the service lives, with its volumes and files, without what
/// makes others find it there.
fn before(step: &PreStart, service: &ContainerSpec, name: String) -> ContainerSpec {
    let hook = &step.hook;
    let own_image = step.image.is_none();
    let mut process = Process {
        // The entrypoint belongs to the program of the service; another image has its own.
        entrypoint: service.process.entrypoint.clone().filter(|_| own_image),
        command: Some(hook.command.clone()),
        user: hook
            .user
            .clone()
            .or_else(|| service.process.user.clone().filter(|_| own_image)),
        working_dir: hook
            .working_dir
            .clone()
            .or_else(|| service.process.working_dir.clone().filter(|_| own_image)),
        privileged: hook.privileged,
        ports: Vec::new(),
        expose: Vec::new(),
        hostname: None,
        restart: Restart::No,
        healthcheck: Some(Healthcheck {
            test: HealthTest::None,
            ..Healthcheck::default()
        }),
        ..service.process.clone()
    };
    process.environment.extend(hook.environment.clone());
    let mut spec = ContainerSpec {
        image: step.image.clone().unwrap_or_else(|| service.image.clone()),
        process,
        name,
        ..service.clone()
    };
    if let NetworkAttachment::Networks(endpoints) = &mut spec.network {
        for endpoint in endpoints {
            endpoint.aliases.clear();
            endpoint.ipv4_address = None;
            endpoint.ipv6_address = None;
            endpoint.mac_address = None;
        }
    }
    spec
}
