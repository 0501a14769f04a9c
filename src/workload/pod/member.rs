//! A pod as services: an infra container that owns what the others share, then its init containers
//! in order, then the others
//! (<https://kubernetes.io/docs/concepts/workloads/pods/init-containers/>).

use std::collections::BTreeMap;
use std::time::Duration;

use super::container::{self, Stage};
use super::controller::{Pod, RestartPolicy};
use super::file::{File, Object};
use super::keys;
use super::metadata::Metadata;
use super::network::{self, Shared};
use super::ports::{self, Network, Ports};
use super::resources::{self, Declared};
use super::security::{self, PodSecurity};
use super::volumes::{self, PodVolume};
use super::{infra, names, probes};
use crate::text::Span;
use crate::workload::model::{Condition, Dependency, Ending, Restart, Service};

/// The container that owns what the others share.
const INFRA: &str = "infra";

/// How long a container may take to end, in seconds, where the pod does not say so.
/// <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination>
const GRACE: u32 = 30;

/// Whose field is asked for.
pub(super) struct Owner<'a> {
    pub pod: &'a str,
    pub metadata: &'a Metadata,
    pub container: &'a str,
    pub node: String,
    pub account: String,
}

/// What the containers of a pod have in common.
pub(super) struct Ground<'a> {
    pub pod: &'a Pod<'a>,
    pub infra: String,
    pub shared: Shared,
    pub security: PodSecurity,
    pub fs_group: Option<u32>,
    pub policy: RestartPolicy,
    pub grace: Duration,
    pub ports: Ports,
    /// By container.
    pub declared: BTreeMap<String, Declared>,
    pub volumes: BTreeMap<String, PodVolume>,
}

impl<'a> Ground<'a> {
    /// When the engine starts a container of the pod again, and whether it may end.
    pub fn policies(&self) -> (Restart, Ending) {
        self.pod.policies.meaning(self.policy)
    }

    pub fn owner<'o>(&'o self, container: &'o str) -> Owner<'o> {
        let given = |key: &str| {
            let value = self.pod.spec.entry(key)?.value.as_scalar()?;
            Some(value.text.to_string())
        };
        Owner {
            pod: &self.pod.name,
            metadata: &self.pod.metadata,
            container,
            node: given("nodeName").unwrap_or_else(|| "localhost".to_owned()),
            account: given("serviceAccountName").unwrap_or_else(|| "default".to_owned()),
        }
    }
}

/// One container of a pod as it is written.
pub(super) struct Written<'n> {
    pub object: Object<'n>,
    pub name: String,
    pub span: Span,
    pub stage: Stage,
}

/// The services of a pod, each after those it waits for.
pub(super) fn services(file: &mut File<'_>, pod: &Pod<'_>) -> Vec<Service> {
    let written = written(file, &pod.spec);
    let mut ground = ground(file, pod, &written);
    ground.volumes = volumes::read(file, &ground);
    let mut services = vec![infra::read(file, &ground)];
    let mut before = after(&ground.infra, Condition::Started);
    if let Some(other) = &pod.follows {
        before.extend(ended(&written, other));
    }
    let mut tests = Vec::new();
    for one in &written {
        let mut service = container::read(file, one, &ground);
        service.depends_on = before.clone();
        let probes = service.pod.readiness.iter().flat_map(|ready| &ready.probes);
        let probes: Vec<_> = probes.cloned().collect();
        tests.extend(probes::lasting(&probes).cloned());
        match one.stage {
            Stage::Init => {
                before = after(&ground.infra, Condition::Started);
                before.extend(after(&service.name, Condition::CompletedSuccessfully));
            }
            Stage::Sidecar => {
                let condition = match probes.is_empty() {
                    true => Condition::Started,
                    false => Condition::Healthy,
                };
                before.extend(after(&service.name, condition));
            }
            Stage::Main => {}
        }
        services.push(service);
    }
    if let Some((infra, others)) = services.split_first_mut() {
        infra::complete(infra, &ground, &tests, others);
    }
    services
}

fn after(service: &str, condition: Condition) -> Vec<Dependency> {
    vec![Dependency {
        service: service.to_owned(),
        condition,
        required: true,
        restart: false,
    }]
}

/// The end of every container of another pod of the same object.
fn ended(written: &[Written<'_>], pod: &str) -> Vec<Dependency> {
    let main = written.iter().filter(|one| one.stage == Stage::Main);
    main.flat_map(|one| {
        after(
            &service_name(pod, &one.name),
            Condition::CompletedSuccessfully,
        )
    })
    .collect()
}

/// What a container of a pod is called as a service.
pub(super) fn service_name(pod: &str, container: &str) -> String {
    format!("{pod}-{container}")
}

/// The containers of the pod in the order in which they start, each name once.
fn written<'n>(file: &mut File<'_>, spec: &Object<'n>) -> Vec<Written<'n>> {
    let mut all: Vec<Written<'n>> = Vec::new();
    let mut first_of: BTreeMap<String, Span> = BTreeMap::new();
    let main = spec.required(file, "containers", "at least one");
    if let Some(entry) = main.filter(|entry| entry.value.as_sequence().is_some_and(<[_]>::is_empty))
    {
        file.fault(
            entry.key_span,
            format!("`{}` is empty", spec.at("containers")),
            "add a container",
        );
    }
    for key in ["initContainers", "containers"] {
        for object in spec.children(file, key, &keys::CONTAINER) {
            let Some((name, span)) = names::label(file, &object, "name") else {
                continue;
            };
            if name == INFRA {
                let help = "rename it: poststack calls the container so that owns the network";
                file.fault(
                    span,
                    format!("A container of a pod cannot be called `{INFRA}`"),
                    help,
                );
                continue;
            }
            if let Some(first) = first_of.get(&name) {
                let message = format!("Two containers of the pod are called `{name}`");
                file.contradiction(
                    span,
                    message,
                    (*first, "the first one"),
                    "rename one of them",
                );
                continue;
            }
            first_of.insert(name.clone(), span);
            let stage = stage(file, &object, key == "initContainers");
            all.push(Written {
                object,
                name,
                span,
                stage,
            });
        }
    }
    all
}

/// An init container that restarts is one that goes on beside the others.
/// <https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/>
fn stage(file: &mut File<'_>, object: &Object<'_>, is_init: bool) -> Stage {
    if !is_init {
        if object.entry("restartPolicy").is_some() {
            let message = format!("`{}` holds for the whole pod", object.at("restartPolicy"));
            let help = "write it beside `containers`; an init container alone may have its own";
            file.fault(object.place_of("restartPolicy"), message, help);
        }
        return Stage::Main;
    }
    match object.word(file, "restartPolicy", &[("Always", Stage::Sidecar)]) {
        Some(stage) => stage,
        None => Stage::Init,
    }
}

fn ground<'a>(file: &mut File<'_>, pod: &'a Pod<'a>, written: &[Written<'_>]) -> Ground<'a> {
    let spec = &pod.spec;
    let shared = network::shared(file, spec);
    let security = security::of_pod(file, spec);
    let grace = spec.count(file, "terminationGracePeriodSeconds", 0);
    let network = Network {
        on_host: shared.host_network,
        copies: pod.copies,
    };
    let mut ports = Ports::default();
    let mut declared = BTreeMap::new();
    for one in written {
        ports::read(file, &one.object, &one.name, network, &mut ports);
        declared.insert(one.name.clone(), resources::read(file, &one.object));
    }
    Ground {
        pod,
        infra: service_name(&pod.name, INFRA),
        shared,
        fs_group: security.fs_group,
        security,
        policy: policy(file, pod),
        grace: Duration::from_secs(grace.unwrap_or(GRACE).into()),
        ports,
        declared,
        volumes: BTreeMap::new(),
    }
}

fn policy(file: &mut File<'_>, pod: &Pod<'_>) -> RestartPolicy {
    let given = pod.spec.word(file, "restartPolicy", pod.policies.allowed);
    if pod.spec.entry("restartPolicy").is_none() && pod.policies.default.is_none() {
        let words: Vec<&str> = pod.policies.allowed.iter().map(|(word, _)| *word).collect();
        let message = format!("The pod of a Job has no `{}`", pod.spec.at("restartPolicy"));
        let help = format!(
            "add `restartPolicy: {}`",
            words.join("` or `restartPolicy: ")
        );
        file.fault(pod.spec.span, message, help);
    }
    given
        .or(pod.policies.default)
        .unwrap_or(RestartPolicy::Never)
}
