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
    Ending, HealthTest, Healthcheck, PodMember, Process, PullPolicy, Readiness, Restart, Service,
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
    let lasting = probes::lasting(&probes).filter(|probe| probe.runs_in.is_none());
    let mut process = Process {
        environment: environment
            .values
            .iter()
            .map(|(name, value)| (name.clone(), Some(value.clone())))
            .collect(),
        working_dir: object
            .string(file, "workingDir")
            .filter(|folder| !folder.is_empty()),
        tty: object.flag(file, "tty"),
        stdin_open: object.flag(file, "stdin"),
        // The image's own test is none of Kubernetes' business.
        healthcheck: lasting.and_then(probes::own_test).or_else(|| {
            Some(Healthcheck {
                test: HealthTest::None,
                ..Healthcheck::default()
            })
        }),
        restart,
        stop_grace_period: Some(ground.grace),
        stop_signal: stop_signal(file, object),
        resources: ground
            .declared
            .get(name)
            .map(|one| one.resources())
            .unwrap_or_default(),
        ..Process::default()
    };
    (process.entrypoint, process.command) = command(file, object, &environment);
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
        pod: PodMember {
            readiness,
            ending,
            sources: environment.sources,
        },
        process,
        ..Service::new(service_name(&ground.pod.name, name), place)
    }
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

fn stop_signal(file: &mut File<'_>, container: &Object<'_>) -> Option<String> {
    let lifecycle = container.child(file, "lifecycle", &keys::LIFECYCLE)?;
    lifecycle.string(file, "stopSignal")
}
