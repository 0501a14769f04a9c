//! One container of a pod.

use std::time::Duration;

use super::{Ground, Reader};
use crate::export::document::{Map, Node};
use crate::export::stack::Part;
use crate::plan::desired::ImageSource;
use crate::workload::model::{HealthTest, Probe, Process, Protocol, PullPolicy};

pub fn container(part: &Part, mounts: Vec<Map>, ground: &mut Ground<'_, '_>) -> Map {
    let process = &part.spec.process;
    let mut map = Map::new()
        .with("name", super::name(&part.key))
        .with("image", part.spec.image.as_str())
        .with("imagePullPolicy", pull_policy(part, ground));
    for (key, words) in [("command", &process.entrypoint), ("args", &process.command)] {
        map.put_some(
            key,
            words.as_ref().map(|words| sealed(words, key, part, ground)),
        );
    }
    map.put_some("workingDir", process.working_dir.clone());
    map.put_some("env", Some(environment(part, ground)));
    let ports = ports(part, ground);
    map.put_some("ports", Some(ports));
    map.put_some("volumeMounts", Some(mounts));
    map.put_some("resources", Some(resources(process)));
    map.put_some("securityContext", Some(security(part, ground)));
    map.put_flag("tty", process.tty);
    map.put_flag("stdin", process.stdin_open);
    if !part.ends {
        map.put_some("readinessProbe", readiness(part, ground));
        map.put_some("lifecycle", Some(lifecycle(part, ground)));
    }
    map
}

fn pull_policy(part: &Part, ground: &Ground<'_, '_>) -> &'static str {
    let images = &ground.stack.prepared.desired.images;
    match images.get(&part.spec.image).map(|image| &image.source) {
        Some(ImageSource::Pull(PullPolicy::Always, _)) => "Always",
        Some(ImageSource::Pull(PullPolicy::Never, _)) => "Never",
        _ => "IfNotPresent",
    }
}

/// Words of a command. One with a secret in it reaches the program through its environment, which
/// only Kubernetes puts into a command.
fn sealed(words: &[String], key: &str, part: &Part, ground: &mut Ground<'_, '_>) -> Vec<String> {
    let words = words.iter().map(|word| {
        if !ground.secrets.is_secret(word) {
            return ground.literal(word);
        }
        match ground.reader {
            Reader::Kubernetes => {
                let name = ground.secrets.name(&[&part.key, key], word);
                format!("$({name})")
            }
            Reader::Podman => {
                let message = format!(
                    "`{}`: a secret in its command stands in the pod file itself, since Podman puts \
                     no variables into commands; the file is private therefore",
                    part.key
                );
                ground.is_exposed = true;
                let found = crate::diagnostic::Diagnostic::warning(message);
                let found = found.help("give it to the program as an environment variable or a file");
                ground.warn(match &part.place {
                    Some(place) => found.at_place(place.clone()),
                    None => found,
                });
                word.clone()
            }
        }
    });
    words.collect()
}

/// A value with a `$` stands beside the secrets too: what is taken from there is never expanded.
fn environment(part: &Part, ground: &mut Ground<'_, '_>) -> Vec<Map> {
    let mut found = Vec::new();
    let object = ground.secret_object();
    let reader = ground.reader;
    let reference = |name: &str| {
        let kind = match reader {
            Reader::Podman => "configMapKeyRef",
            Reader::Kubernetes => "secretKeyRef",
        };
        let key = Map::new().with("name", object.as_str()).with("key", name);
        Map::new().with(kind, key)
    };
    let mut removed = Vec::new();
    for (name, value) in &part.spec.process.environment {
        let Some(value) = value.as_ref().map(|value| value.expose()) else {
            removed.push(name.clone());
            continue;
        };
        let entry = Map::new().with("name", name.as_str());
        let is_apart = ground.secrets.is_secret_variable(name, value) || value.contains('$');
        found.push(match is_apart {
            true => {
                let secret = ground.secrets.name(&[&part.key, name], value);
                entry.with("valueFrom", reference(&secret))
            }
            false => entry.with("value", value),
        });
    }
    if reader == Reader::Kubernetes {
        found.extend(in_commands(part, ground).into_iter().map(|name| {
            let entry = Map::new().with("name", name.as_str());
            entry.with("valueFrom", reference(&name))
        }));
    }
    for name in removed {
        let why = "a pod cannot take a variable of the image away";
        ground.warn(part.lost(&format!("environment.{name}"), why));
    }
    found
}

/// The names of the secrets in the commands of `part`.
fn in_commands(part: &Part, ground: &mut Ground<'_, '_>) -> Vec<String> {
    let process = &part.spec.process;
    let mut names = Vec::new();
    for (key, words) in [("command", &process.entrypoint), ("args", &process.command)] {
        for word in words.iter().flatten() {
            if ground.secrets.is_secret(word) {
                let name = ground.secrets.name(&[&part.key, key], word);
                if !names.contains(&name) && !process.environment.contains_key(&name) {
                    names.push(name);
                }
            }
        }
    }
    names
}

fn ports(part: &Part, ground: &mut Ground<'_, '_>) -> Vec<Map> {
    let process = &part.spec.process;
    let mut found = Vec::new();
    for port in &process.ports {
        let mut map = Map::new().with("containerPort", port.target);
        if ground.reader == Reader::Podman {
            match port.published {
                Some(range) => {
                    map.put("hostPort", range.first);
                    map.put_some("hostIP", port.host_ip.map(|address| address.to_string()));
                }
                None => {
                    let why = "a pod publishes a port under a number that is written down";
                    ground.warn(part.lost(&format!("ports: {}", port.target), why));
                }
            }
        }
        found.push(map.with("protocol", word(port.protocol)));
    }
    let is_new = |number: u16| process.ports.iter().all(|port| port.target != number);
    for exposed in process.expose.iter().filter(|one| is_new(one.port)) {
        let map = Map::new().with("containerPort", exposed.port);
        found.push(map.with("protocol", word(exposed.protocol)));
    }
    found
}

/// As Kubernetes writes it.
pub fn word(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "TCP",
        Protocol::Udp => "UDP",
        Protocol::Sctp => "SCTP",
    }
}

fn resources(process: &Process) -> Map {
    let resources = &process.resources;
    let mut limits = Map::new();
    let cpu = resources.nano_cpus.map(|billionths| {
        let thousandths = billionths.max(1_000_000) / 1_000_000;
        format!("{thousandths}m")
    });
    limits.put_some("cpu", cpu);
    limits.put_some("memory", resources.memory.map(|bytes| bytes.to_string()));
    let mut requests = Map::new();
    let reserved = resources.memory_reservation;
    requests.put_some("memory", reserved.map(|bytes| bytes.to_string()));
    let mut map = Map::new();
    map.put_some("limits", Some(limits));
    map.put_some("requests", Some(requests));
    map
}

fn security(part: &Part, ground: &mut Ground<'_, '_>) -> Map {
    let process = &part.spec.process;
    let mut map = Map::new();
    map.put_flag("privileged", process.privileged);
    map.put_flag("readOnlyRootFilesystem", process.read_only);
    map.put_flag("runAsNonRoot", process.never_root);
    let mut others = process
        .security_opt
        .iter()
        .filter(|one| !is_no_new_privileges(one));
    if process
        .security_opt
        .iter()
        .any(|one| is_no_new_privileges(one))
    {
        map.put("allowPrivilegeEscalation", false);
    }
    if let Some(option) = others.next() {
        let why = "a pod has no such option";
        ground.warn(part.lost(&format!("security_opt: {option}"), why));
    }
    if let Some(user) = &process.user {
        let (user, group) = user.split_once(':').unwrap_or((user, ""));
        let number = |text: &str| text.parse::<i64>().ok();
        if number(user).is_none() || !group.is_empty() && number(group).is_none() {
            let why = "a pod knows users and groups by their numbers alone";
            ground.warn(part.lost("user", why));
        }
        map.put_some("runAsUser", number(user));
        map.put_some("runAsGroup", number(group));
    }
    let mut capabilities = Map::new();
    capabilities.put_some("add", Some(process.cap_add.clone()));
    capabilities.put_some("drop", Some(process.cap_drop.clone()));
    map.put_some("capabilities", Some(capabilities));
    map
}

fn is_no_new_privileges(option: &str) -> bool {
    matches!(
        option.split_once([':', '=']),
        Some(("no-new-privileges", "true"))
    ) || option == "no-new-privileges"
}

fn seconds(time: Duration) -> i64 {
    let whole = time.as_millis().div_ceil(1000).max(1);
    i64::try_from(whole).unwrap_or(i64::MAX)
}

/// The health test: others are sent to a container once it is ready.
fn readiness(part: &Part, ground: &mut Ground<'_, '_>) -> Option<Map> {
    if let Some(readiness) = &part.readiness {
        let (own, others): (Vec<&Probe>, Vec<&Probe>) = readiness
            .probes
            .iter()
            .partition(|probe| probe.runs_in.is_none());
        for probe in others {
            let why = "poststack itself tests it over the network; write `httpGet` or `tcpSocket` \
                       into the result";
            ground.warn(part.lost(probe.kind.key(), why));
        }
        let probe = own.first()?;
        let exec = Map::new().with("command", commands(&probe.command, ground));
        let map = Map::new()
            .with("exec", exec)
            .with("periodSeconds", seconds(probe.period))
            .with("timeoutSeconds", seconds(probe.timeout));
        return Some(map.with("failureThreshold", probe.failure_threshold.max(1)));
    }
    let check = part.health_test()?;
    let words = match &check.test {
        HealthTest::None => return None,
        HealthTest::Inherit => {
            let why = "it is the image's own test, which a pod cannot refer to";
            ground.warn(part.lost("healthcheck", why));
            return None;
        }
        HealthTest::Command(words) => words.clone(),
        HealthTest::Shell(line) => ["/bin/sh", "-c", line].map(str::to_owned).to_vec(),
    };
    let mut map = Map::new();
    map.put("exec", Map::new().with("command", commands(&words, ground)));
    map.put_some("periodSeconds", check.interval.map(seconds));
    map.put_some("timeoutSeconds", check.timeout.map(seconds));
    map.put_some("failureThreshold", check.retries.map(|count| count.max(1)));
    Some(map)
}

/// The commands of probes and hooks are not expanded.
fn commands(words: &[String], _: &Ground<'_, '_>) -> Vec<String> {
    words.to_vec()
}

fn lifecycle(part: &Part, ground: &mut Ground<'_, '_>) -> Map {
    let mut map = Map::new();
    let hooks = [
        ("postStart", "post_start", &part.post_start),
        ("preStop", "pre_stop", &part.pre_stop),
    ];
    for (key, written, hooks) in hooks {
        let Some(first) = hooks.first() else { continue };
        if hooks.len() > 1 || first.user.is_some() || !first.environment.is_empty() {
            let why = "a pod knows one command, run as its container is";
            ground.warn(part.lost(written, why));
        }
        if ground.reader == Reader::Podman {
            ground.warn(part.lost(written, "Podman runs no hooks of a pod"));
            continue;
        }
        let exec = Map::new().with("command", Node::from(first.command.clone()));
        map.put(key, Map::new().with("exec", exec));
    }
    map
}
