//! `startupProbe`, `readinessProbe` and `livenessProbe` of a container
//! (<https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/>).
//!
//! What goes over the network is tested from the infra container, which shares it and has the
//! programs: nothing is asked of the user's image.

use std::time::Duration;

use super::file::{File, Object};
use super::keys::Keys;
use super::ports::Ports;
use crate::workload::model::{HealthTest, Healthcheck, Probe, ProbeKind};

const PROBE: Keys = Keys {
    read: &[
        "exec",
        "failureThreshold",
        "grpc",
        "httpGet",
        "initialDelaySeconds",
        "periodSeconds",
        "successThreshold",
        "tcpSocket",
        "timeoutSeconds",
    ],
    ignored: &[(
        "terminationGracePeriodSeconds",
        "a failed probe ends no container",
    )],
    refused: &[],
};
const EXEC: Keys = Keys::only(&["command"]);
const HTTP: Keys = Keys::only(&["host", "httpHeaders", "path", "port", "scheme"]);
const HEADER: Keys = Keys::only(&["name", "value"]);
const TCP: Keys = Keys::only(&["host", "port"]);

/// Where a probe finds what it needs.
#[derive(Clone, Copy)]
pub(super) struct Ground<'a> {
    /// The service of the infra container.
    pub infra: &'a str,
    pub container: &'a str,
    pub ports: &'a Ports,
}

pub(super) fn read(file: &mut File<'_>, container: &Object<'_>, ground: Ground<'_>) -> Vec<Probe> {
    let kinds = [
        ProbeKind::Startup,
        ProbeKind::Readiness,
        ProbeKind::Liveness,
    ];
    let mut probes = Vec::new();
    for kind in kinds {
        if let Some(object) = container.child(file, kind.key(), &PROBE) {
            probes.extend(probe(file, &object, kind, ground));
        }
    }
    probes
}

fn probe(
    file: &mut File<'_>,
    object: &Object<'_>,
    kind: ProbeKind,
    ground: Ground<'_>,
) -> Option<Probe> {
    let seconds = |file: &mut File<'_>, key: &str, least: u32, default: u32| {
        let found = object.count(file, key, least).unwrap_or(default);
        Duration::from_secs(found.into())
    };
    let initial_delay = seconds(file, "initialDelaySeconds", 0, 0);
    let period = seconds(file, "periodSeconds", 1, 10);
    let timeout = seconds(file, "timeoutSeconds", 1, 1);
    let success_threshold = object.count(file, "successThreshold", 1).unwrap_or(1);
    let failure_threshold = object.count(file, "failureThreshold", 1).unwrap_or(3);
    if kind != ProbeKind::Readiness && success_threshold > 1 {
        let message = format!("`{}` must be 1", object.at("successThreshold"));
        let help = "only a `readinessProbe` may ask for more";
        file.fault(object.place_of("successThreshold"), message, help);
    }
    let (command, runs_in) = test(file, object, timeout, ground)?;
    Some(Probe {
        kind,
        runs_in,
        command,
        initial_delay,
        period,
        timeout,
        success_threshold,
        failure_threshold,
    })
}

/// The program that tests, and the service in whose container it runs.
fn test(
    file: &mut File<'_>,
    object: &Object<'_>,
    timeout: Duration,
    ground: Ground<'_>,
) -> Option<(Vec<String>, Option<String>)> {
    let kinds = ["exec", "httpGet", "tcpSocket", "grpc"];
    let given = kinds
        .into_iter()
        .filter(|kind| object.entry(kind).is_some());
    let given: Vec<&str> = given.collect();
    let infra = Some(ground.infra.to_owned());
    match given.as_slice() {
        ["exec"] => {
            let exec = object.child(file, "exec", &EXEC)?;
            let command = exec.strings(file, "command");
            if command.is_empty() {
                let message = format!("`{}` has no `command`", exec.path);
                file.fault(
                    exec.span,
                    message,
                    "add the program and its arguments as a list",
                );
                return None;
            }
            Some((command, None))
        }
        ["httpGet"] => {
            let get = object.child(file, "httpGet", &HTTP)?;
            Some((http(file, &get, timeout, ground)?, infra))
        }
        ["tcpSocket"] => {
            let socket = object.child(file, "tcpSocket", &TCP)?;
            Some((tcp(file, &socket, timeout, ground)?, infra))
        }
        ["grpc"] => {
            let message = format!("`{}` is not supported", object.at("grpc"));
            let help = "write `exec` with grpc_health_probe, or `tcpSocket`";
            file.fault(object.place_of("grpc"), message, help);
            None
        }
        given => {
            let message = format!("`{}` has {} tests", object.path, given.len());
            file.fault(
                object.span,
                message,
                "write one: `exec`, `httpGet` or `tcpSocket`",
            );
            None
        }
    }
}

fn http(
    file: &mut File<'_>,
    get: &Object<'_>,
    timeout: Duration,
    ground: Ground<'_>,
) -> Option<Vec<String>> {
    let port = port(file, get, ground)?;
    let host = get.string(file, "host").filter(|host| !host.is_empty());
    let host = host.unwrap_or_else(|| LOCAL.to_owned());
    let scheme = get.word(file, "scheme", &[("HTTP", "http"), ("HTTPS", "https")]);
    let path = get.string(file, "path").unwrap_or_default();
    let path = path.trim_start_matches('/');
    let mut command: Vec<String> = [
        "curl",
        "--fail",
        "--silent",
        "--show-error",
        // As Kubernetes: no certificate is checked.
        "--insecure",
        "--globoff",
        "--noproxy",
        "*",
        "--output",
        "/dev/null",
        "--user-agent",
        "kube-probe/1",
        "--max-time",
    ]
    .map(str::to_owned)
    .to_vec();
    command.push(timeout.as_secs().to_string());
    for header in get.children(file, "httpHeaders", &HEADER) {
        let name = header.string(file, "name").unwrap_or_default();
        let value = header.string(file, "value").unwrap_or_default();
        command.extend(["--header".to_owned(), format!("{name}: {value}")]);
    }
    let scheme = scheme.unwrap_or("http");
    command.push(format!("{scheme}://{host}:{port}/{path}"));
    Some(command)
}

/// The address at which the containers of a pod reach each other.
const LOCAL: &str = "localhost";

fn tcp(
    file: &mut File<'_>,
    socket: &Object<'_>,
    timeout: Duration,
    ground: Ground<'_>,
) -> Option<Vec<String>> {
    let port = port(file, socket, ground)?.to_string();
    let host = socket
        .string(file, "host")
        .unwrap_or_else(|| LOCAL.to_owned());
    let seconds = timeout.as_secs().to_string();
    let line = r#"exec 3<>"/dev/tcp/$0/$1""#;
    let words = ["timeout", &seconds, "bash", "-c", line, &host, &port];
    Some(words.map(str::to_owned).to_vec())
}

/// A number, or the name of a port of the same container.
fn port(file: &mut File<'_>, object: &Object<'_>, ground: Ground<'_>) -> Option<u16> {
    let entry = object.required(file, "port", "its number or its name")?;
    let text = file.decoder.text(&entry.value, &object.at("port"))?;
    if let Ok(number) = text.parse::<i64>() {
        let number = u16::try_from(number).ok().filter(|number| *number > 0);
        if number.is_none() {
            let message = format!(
                "`{}` is {text}; it must lie in 1 … 65535",
                object.at("port")
            );
            file.decoder.error(entry.value.span, message);
        }
        return number;
    }
    let known = ground.ports.named.iter();
    let known = known.filter(|((container, _), _)| container == ground.container);
    let found = known.clone().find(|((_, name), _)| *name == text);
    if found.is_none() {
        let names = known.map(|((_, name), _)| name.as_str());
        file.missing(
            entry.value.span,
            "port of this container called",
            &text,
            names,
        );
    }
    found.map(|(_, port)| *port)
}

/// The health test of the infra container: what the network tells of its members.
pub(super) fn network_test<'p>(probes: impl Iterator<Item = &'p Probe>) -> Option<Healthcheck> {
    let probes: Vec<&Probe> = probes.filter(|probe| probe.runs_in.is_some()).collect();
    let lines = probes.iter().map(|probe| {
        let words = probe.command.iter().map(|word| quoted(word));
        words.collect::<Vec<_>>().join(" ")
    });
    let line = lines.collect::<Vec<_>>().join(" && ");
    let command = ["bash", "-c", &line].map(str::to_owned).to_vec();
    let timeout = probes.iter().map(|probe| probe.timeout).sum();
    timed(&probes, HealthTest::Command(command), timeout)
}

/// The health test of a member: what a program in it tells.
pub(super) fn own_test(probe: &Probe) -> Option<Healthcheck> {
    let test = HealthTest::Command(probe.command.clone());
    timed(&[probe], test, probe.timeout)
}

fn timed(probes: &[&Probe], test: HealthTest, timeout: Duration) -> Option<Healthcheck> {
    let starting = probes.iter().map(|probe| match probe.kind {
        ProbeKind::Startup => probe.initial_delay + probe.period * probe.failure_threshold,
        _ => probe.initial_delay,
    });
    Some(Healthcheck {
        test,
        interval: Some(probes.iter().map(|probe| probe.period).min()?),
        timeout: Some(timeout),
        start_period: starting.max().filter(|period| !period.is_zero()),
        start_interval: None,
        retries: probes.iter().map(|probe| probe.failure_threshold).max(),
    })
}

/// The probes that the engine itself shall go on with: of each container the one that says most.
pub(super) fn lasting(probes: &[Probe]) -> Option<&Probe> {
    let of = |kind: ProbeKind| probes.iter().find(move |probe| probe.kind == kind);
    let by_weight = [
        ProbeKind::Readiness,
        ProbeKind::Liveness,
        ProbeKind::Startup,
    ];
    by_weight.into_iter().find_map(of)
}

/// `word` as one word of a shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
