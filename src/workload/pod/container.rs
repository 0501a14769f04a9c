//! One container of a pod
//! (<https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Container>).

use super::environment::{self, Environment};
use super::file::{File, Object};
use super::keys;
use super::member::{Ground, Written, service_name};
use super::mounts;
use super::probes;
use super::security;
use crate::workload::model::{
    Ending, HealthTest, Healthcheck, Hook, Hooks, PodMember, Probe, Process, PullPolicy, Readiness,
    Restart, Service,
};

/// When a container of a pod runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// To its end, before the next one.
    Init,
    /// From its turn among the init containers on.
    Sidecar,
    Main,
}

pub(super) fn read(file: &mut File<'_>, written: &Written<'_>, ground: &Ground<'_>) -> Service {
    let Written { object, name, .. } = written;
    let owner = ground.owner(name);
    let mut environment = environment::read(file, object, &owner, &ground.declared);
    let mounts = mounts::read(file, object, &ground.volumes, &mut environment);
    let (network, namespaces) = ground.shared.of_member(&ground.infra);
    let place = probes::Ground {
        infra: &ground.infra,
        container: name,
        ports: &ground.ports,
    };
    let probes = probes::read(file, object, place);
    let (restart, ending) = match written.stage {
        Stage::Init => (Restart::No, Ending::Awaited),
        Stage::Sidecar => (Restart::Always, Ending::Never),
        Stage::Main => ground.policies(),
    };
    let declared = ground.declared.get(name).copied().unwrap_or_default();
    let mut process = Process {
        restart,
        stop_grace_period: Some(ground.grace),
        annotations: ground.pod.metadata.annotations.clone(),
        resources: declared.resources(),
        healthcheck: Some(health(&probes)),
        ..process(file, object, &environment)
    };
    let hooks = lifecycle(file, object, &mut process);
    security::apply(file, object, &ground.security, &mut process);
    let readiness = (!probes.is_empty()).then_some(Readiness {
        probes,
        patience: ground.pod.patience,
    });
    let place = file.decoder.place(written.span);
    Service {
        image: image(file, object),
        pull_policy: pull_policy(file, object),
        network,
        namespaces,
        mounts,
        labels: ground.pod.metadata.labels.clone(),
        hooks,
        pod: PodMember {
            readiness,
            ending,
            infra_of: None,
            sources: environment.sources,
        },
        process,
        ..Service::new(service_name(&ground.pod.name, name), place)
    }
}

/// What the container alone says of its process.
fn process(file: &mut File<'_>, object: &Object<'_>, environment: &Environment) -> Process {
    let (entrypoint, command) = command(file, object, environment);
    let values = environment.values.iter();
    let values = values.map(|(name, value)| (name.clone(), Some(value.clone())));
    Process {
        entrypoint,
        command,
        environment: values.collect(),
        working_dir: object
            .string(file, "workingDir")
            .filter(|folder| !folder.is_empty()),
        tty: object.flag(file, "tty"),
        stdin_open: object.flag(file, "stdin"),
        ..Process::default()
    }
}

/// The health test of the container itself. The image's own is none of Kubernetes' business.
fn health(probes: &[Probe]) -> Healthcheck {
    let lasting = probes::lasting(probes).filter(|probe| probe.runs_in.is_none());
    lasting
        .and_then(probes::own_test)
        .unwrap_or_else(|| Healthcheck {
            test: HealthTest::None,
            ..Healthcheck::default()
        })
}

fn image(file: &mut File<'_>, container: &Object<'_>) -> Option<String> {
    let entry = container.required(file, "image", "for instance `debian:bookworm-slim`")?;
    let image = file.decoder.string(&entry.value, &container.at("image"))?;
    if image.is_empty() || image.contains(char::is_whitespace) {
        let message = format!(
            "`{}` is no reference of an image: `{image}`",
            container.at("image")
        );
        file.fault(
            entry.value.span,
            message,
            "write for instance `debian:bookworm-slim`",
        );
        return None;
    }
    Some(image)
}

/// Kubernetes pulls `latest` anew by default; here an image that is there is taken unless the file
/// says otherwise.
fn pull_policy(file: &mut File<'_>, container: &Object<'_>) -> PullPolicy {
    let words = [
        ("Always", PullPolicy::Always),
        ("IfNotPresent", PullPolicy::Missing),
        ("Never", PullPolicy::Never),
    ];
    container
        .word(file, "imagePullPolicy", &words)
        .unwrap_or_default()
}

/// `command` takes the place of the image's entrypoint and lets its command go; `args` takes the
/// place of its command.
/// <https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/>
fn command(
    file: &mut File<'_>,
    container: &Object<'_>,
    environment: &Environment,
) -> (Option<Vec<String>>, Option<Vec<String>>) {
    let mut words = |key: &str| {
        let words = container.strings(file, key);
        let words: Vec<String> = words.iter().map(|word| environment.expand(word)).collect();
        (!words.is_empty()).then_some(words)
    };
    (words("command"), words("args"))
}

/// <https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/>
fn lifecycle(file: &mut File<'_>, container: &Object<'_>, process: &mut Process) -> Hooks {
    let Some(lifecycle) = container.child(file, "lifecycle", &keys::LIFECYCLE) else {
        return Hooks::default();
    };
    process.stop_signal = lifecycle.string(file, "stopSignal");
    let mut hook = |key: &str| {
        let handler = lifecycle.child(file, key, &keys::HANDLER)?;
        let command = probes::program(file, &handler)?;
        Some(Hook {
            command,
            ..Hook::default()
        })
    };
    Hooks {
        pre_start: Vec::new(),
        post_start: hook("postStart").into_iter().collect(),
        pre_stop: hook("preStop").into_iter().collect(),
    }
}
