//! How the container of a unit runs.

use super::Ground;
use super::unit::Unit;
use crate::export::compose::cpus;
use crate::export::stack::Part;
use crate::plan::spec::NamespaceMode;
use crate::workload::model::{Port, Process};

pub fn put(part: &Part, unit: &mut Unit, ground: &mut Ground<'_, '_>) {
    let process = &part.spec.process;
    for port in &process.ports {
        unit.plain("PublishPort", &published(port));
    }
    for exposed in &process.expose {
        let (port, protocol) = (exposed.port, exposed.protocol.as_str());
        unit.plain("ExposeHostPort", &format!("{port}/{protocol}"));
    }
    values(process, unit);
    lists(process, unit);
    if let Some(logging) = &process.logging {
        unit.some("LogDriver", logging.driver.as_ref());
        for (name, value) in &logging.options {
            unit.plain("LogOpt", &format!("{name}={value}"));
        }
    }
    arguments(part, unit, ground);
}

/// Keys with one value.
fn values(process: &Process, unit: &mut Unit) {
    let pids = process.resources.pids;
    let grace = process.stop_grace_period;
    let texts = [
        ("User", process.user.clone()),
        ("WorkingDir", process.working_dir.clone()),
        ("HostName", process.hostname.clone()),
        ("RunInit", process.init.map(|init| init.to_string())),
        ("ReadOnly", process.read_only.then(|| "true".to_owned())),
        ("ShmSize", process.shm_size.map(|size| format!("{size}b"))),
        ("PidsLimit", pids.map(|count| count.to_string())),
        ("StopTimeout", grace.map(|time| time.as_secs().to_string())),
    ];
    for (key, text) in texts {
        unit.some(key, text.as_ref());
    }
}

/// Keys that come as often as they have values.
fn lists(process: &Process, unit: &mut Unit) {
    let limits = process.ulimits.iter();
    let limits = limits.map(|(name, limit)| format!("{name}={}:{}", limit.soft, limit.hard));
    let hosts = process.extra_hosts.iter();
    let hosts = hosts.map(|(host, address)| format!("{host}:{address}"));
    let sysctls = process.sysctls.iter();
    let sysctls = sysctls.map(|(name, value)| format!("{name}={value}"));
    let devices = process.devices.iter();
    let devices = devices.map(|one| format!("{}:{}:{}", one.host, one.container, one.permissions));
    let lists = [
        ("AddCapability", process.cap_add.clone()),
        ("DropCapability", process.cap_drop.clone()),
        ("GroupAdd", process.group_add.clone()),
        ("DNS", process.dns.clone()),
        ("DNSSearch", process.dns_search.clone()),
        ("DNSOption", process.dns_options.clone()),
        ("Ulimit", limits.collect()),
        ("AddHost", hosts.collect()),
        ("Sysctl", sysctls.collect()),
        ("AddDevice", devices.collect()),
    ];
    for (key, values) in lists {
        for value in values {
            unit.plain(key, &value);
        }
    }
}

fn published(port: &Port) -> String {
    let host = port
        .host_ip
        .map_or_else(String::new, |address| match address.is_ipv6() {
            true => format!("[{address}]:"),
            false => format!("{address}:"),
        });
    let number = port
        .published
        .map_or_else(String::new, |range| range.first.to_string());
    let colon = if host.is_empty() && number.is_empty() {
        ""
    } else {
        ":"
    };
    format!(
        "{host}{number}{colon}{}/{}",
        port.target,
        port.protocol.as_str()
    )
}

/// What only the command line of Podman knows.
fn arguments(part: &Part, unit: &mut Unit, ground: &mut Ground<'_, '_>) {
    let process = &part.spec.process;
    let resources = &process.resources;
    let flags = [
        ("--privileged", process.privileged),
        ("--tty", process.tty),
        ("--interactive", process.stdin_open),
        ("--oom-kill-disable", resources.out_of_memory.kill_disable),
    ];
    let flags = flags.into_iter().filter(|(_, is_on)| *is_on);
    let number = |value: Option<i64>| value.map(|value| value.to_string());
    let cpus = resources.nano_cpus.map(cpus);
    let namespace = |mode: &Option<NamespaceMode>| mode.as_ref().map(ToString::to_string);
    let spaces = &part.spec.namespaces;
    let values = [
        ("--cpus", cpus),
        ("--memory", number(resources.memory)),
        ("--memory-reservation", number(resources.memory_reservation)),
        ("--memory-swap", number(resources.memory_swap)),
        ("--memory-swappiness", number(resources.memory_swappiness)),
        ("--cpu-shares", number(resources.cpu.shares)),
        ("--cpu-period", number(resources.cpu.period)),
        ("--cpu-quota", number(resources.cpu.quota)),
        ("--cpuset-cpus", resources.cpu.set.clone()),
        ("--oom-score-adj", number(resources.out_of_memory.score_adj)),
        ("--stop-signal", process.stop_signal.clone()),
        ("--platform", part.spec.platform.clone()),
        ("--pid", namespace(&spaces.pid)),
        ("--ipc", namespace(&spaces.ipc)),
        ("--uts", namespace(&spaces.uts)),
        ("--userns", process.userns_mode.clone()),
        ("--cgroupns", process.cgroup.clone()),
    ];
    let values = values.into_iter();
    let values = values.filter_map(|(flag, value)| Some(format!("{flag}={}", value?)));
    let options = process.security_opt.iter();
    let options = options.map(|option| format!("--security-opt={option}"));
    let seccomp = process.seccomp.iter().map(|seccomp| {
        let place = ground.files.for_build(part, &seccomp.path, false);
        format!("--security-opt=seccomp={}", place.display())
    });
    let notes = process.annotations.iter();
    let notes = notes.map(|(name, value)| format!("--annotation={name}={value}"));
    let flags = flags.map(|(flag, _)| flag.to_owned());
    for word in flags
        .chain(values)
        .chain(options)
        .chain(seccomp)
        .chain(notes)
    {
        unit.word("PodmanArgs", &word);
    }
}
