//! How a service of the Compose file runs.

use std::collections::BTreeMap;
use std::time::Duration;

use super::resources;
use super::service::texts;
use crate::export::document::{Map, Node};
use crate::export::files::{Files, reference};
use crate::export::stack::Part;
use crate::secret::Secret;
use crate::workload::model::{HealthTest, Healthcheck, Port, ProbeKind, Process, Restart};

/// Adds the keys of the process.
pub fn put(part: &Part, map: &mut Map, files: &mut Files<'_>) {
    let process = &part.spec.process;
    map.put_some("entrypoint", listed(process.entrypoint.as_ref()));
    map.put_some("command", listed(process.command.as_ref()));
    map.put_some("environment", Some(environment(&process.environment)));
    map.put_some("user", process.user.clone());
    map.put_some("working_dir", process.working_dir.clone());
    map.put_some("hostname", process.hostname.clone());
    map.put_some("domainname", process.domainname.clone());
    map.put_flag("tty", process.tty);
    map.put_flag("stdin_open", process.stdin_open);
    map.put_some("init", process.init);
    map.put_flag("privileged", process.privileged);
    map.put_flag("read_only", process.read_only);
    let ports = process.ports.iter().map(port);
    map.put_some("ports", Some(ports.collect::<Vec<_>>()));
    let exposed = process.expose.iter();
    let exposed = exposed.map(|one| format!("{}/{}", one.port, one.protocol.as_str()));
    map.put_some("expose", Some(exposed.collect::<Vec<_>>()));
    map.put_some("healthcheck", health(part, files));
    map.put_some("restart", restart(process.restart));
    map.put_some("stop_signal", process.stop_signal.clone());
    map.put_some("stop_grace_period", process.stop_grace_period.map(duration));
    if process.never_root {
        let why = "Compose starts an image that runs as root";
        files.diagnostics.push(part.lost("runAsNonRoot", why));
    }
    security(part, map, files);
    surroundings(process, map);
    resources::put(process, map);
}

/// An empty list takes away what the image says; a missing one leaves it.
fn listed(words: Option<&Vec<String>>) -> Option<Node> {
    let words = words?;
    Some(match words.is_empty() {
        true => Node::Text(String::new()),
        false => words.clone().into(),
    })
}

/// Variables; one without a value is taken from the image.
pub fn environment(values: &BTreeMap<String, Option<Secret>>) -> Map {
    let values = values.iter().map(|(name, value)| {
        let value = value.as_ref().map(|value| Node::from(value.expose()));
        (name.clone(), value.unwrap_or(Node::Null))
    });
    values.collect()
}

fn port(port: &Port) -> Map {
    let mut map = Map::new().with("target", port.target);
    let published = port.published.map(|range| match range.first == range.last {
        true => range.first.to_string(),
        false => format!("{}-{}", range.first, range.last),
    });
    map.put_some("published", published);
    map.put_some("host_ip", port.host_ip.map(|address| address.to_string()));
    map.put("protocol", port.protocol.as_str());
    map
}

fn restart(restart: Restart) -> Option<String> {
    match restart {
        Restart::No => None,
        Restart::Always => Some("always".to_owned()),
        Restart::UnlessStopped => Some("unless-stopped".to_owned()),
        Restart::OnFailure { max_retries: None } => Some("on-failure".to_owned()),
        Restart::OnFailure {
            max_retries: Some(most),
        } => Some(format!("on-failure:{most}")),
    }
}

/// Seconds, or milliseconds where they are no whole ones.
pub fn duration(time: Duration) -> String {
    match time.subsec_nanos() {
        0 => format!("{}s", time.as_secs()),
        nanos if nanos % 1_000_000 == 0 => format!("{}ms", time.as_millis()),
        _ => format!("{}ns", time.as_nanos()),
    }
}

fn health(part: &Part, files: &mut Files<'_>) -> Option<Map> {
    match &part.readiness {
        Some(readiness) => {
            let own = |one: &&crate::workload::model::Probe| one.runs_in.is_none();
            let kinds = [
                ProbeKind::Readiness,
                ProbeKind::Startup,
                ProbeKind::Liveness,
            ];
            let mut probes = kinds.iter().flat_map(|kind| {
                let all = readiness.probes.iter();
                all.filter(|probe| probe.kind == *kind).filter(own)
            });
            let chosen = probes.next();
            let kept = usize::from(chosen.is_some());
            if readiness.probes.len() > kept {
                let why = "Compose knows one health test, which runs in the container itself";
                files.diagnostics.push(part.lost("further probes", why));
            }
            let probe = chosen?;
            let check = Healthcheck {
                test: HealthTest::Command(probe.command.clone()),
                interval: Some(probe.period),
                timeout: Some(probe.timeout),
                start_period: Some(readiness.patience),
                start_interval: None,
                retries: Some(probe.failure_threshold),
            };
            Some(healthcheck(&check))
        }
        None => part.spec.process.healthcheck.as_ref().map(healthcheck),
    }
}

fn healthcheck(check: &Healthcheck) -> Map {
    let mut map = Map::new();
    match &check.test {
        HealthTest::Inherit => {}
        HealthTest::None => return map.with("disable", true),
        HealthTest::Shell(line) => map.put("test", vec!["CMD-SHELL", line]),
        HealthTest::Command(words) => {
            let words = std::iter::once("CMD".to_owned()).chain(words.iter().cloned());
            map.put("test", words.collect::<Vec<_>>());
        }
    }
    map.put_some("interval", check.interval.map(duration));
    map.put_some("timeout", check.timeout.map(duration));
    map.put_some("start_period", check.start_period.map(duration));
    map.put_some("start_interval", check.start_interval.map(duration));
    map.put_some("retries", check.retries);
    map
}

fn security(part: &Part, map: &mut Map, files: &mut Files<'_>) {
    let process = &part.spec.process;
    map.put_some("cap_add", Some(process.cap_add.clone()));
    map.put_some("cap_drop", Some(process.cap_drop.clone()));
    let mut options = process.security_opt.clone();
    if let Some(seccomp) = &process.seccomp {
        let place = files.for_build(part, &seccomp.path, false);
        options.push(format!("seccomp={}", reference(&place)));
    }
    map.put_some("security_opt", Some(options));
    map.put_some("group_add", Some(process.group_add.clone()));
    map.put_some("userns_mode", process.userns_mode.clone());
    map.put_some("cgroup", process.cgroup.clone());
    map.put_some("cgroup_parent", process.cgroup_parent.clone());
    map.put_some("runtime", process.runtime.clone());
}

fn surroundings(process: &Process, map: &mut Map) {
    map.put_some("extra_hosts", Some(hosts(&process.extra_hosts)));
    map.put_some("dns", Some(process.dns.clone()));
    map.put_some("dns_search", Some(process.dns_search.clone()));
    map.put_some("dns_opt", Some(process.dns_options.clone()));
    map.put_some("sysctls", Some(texts(&process.sysctls)));
    map.put_some("annotations", Some(texts(&process.annotations)));
    map.put_some("storage_opt", Some(texts(&process.storage_opt)));
    let folders = process.tmpfs.iter().map(|(path, options)| {
        let options = Some(options).filter(|options| !options.is_empty());
        options.map_or_else(|| path.clone(), |options| format!("{path}:{options}"))
    });
    map.put_some("tmpfs", Some(folders.collect::<Vec<_>>()));
    if let Some(logging) = &process.logging {
        let mut found = Map::new();
        found.put_some("driver", logging.driver.clone());
        found.put_some("options", Some(texts(&logging.options)));
        map.put_some("logging", Some(found));
    }
}

/// `host=address`
pub fn hosts(hosts: &[(String, String)]) -> Vec<String> {
    let hosts = hosts.iter();
    hosts
        .map(|(host, address)| format!("{host}={address}"))
        .collect()
}
