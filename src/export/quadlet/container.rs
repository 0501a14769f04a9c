//! `.container`: one container as a service of systemd.

use std::fmt::Write as _;
use std::path::Path;

use super::unit::Unit;
use super::{Ground, build_name, mounts, options};
use crate::export::compose::{duration, network_key};
use crate::export::files::{File, MADE, reference};
use crate::export::images;
use crate::export::stack::Part;
use crate::plan::desired::ImageSource;
use crate::plan::spec::{Endpoint, NetworkAttachment};
use crate::workload::model::{BlockIo, Condition, HealthTest, PullPolicy, Restart};

/// How long a unit may take to come up: an image may have to be built first.
const PATIENCE: &str = "900";

/// The unit, with the file of its secrets.
pub fn files(part: &Part, ground: &mut Ground<'_, '_>) -> Vec<File> {
    let mut unit = Unit::new(&format!("{} of {}", part.key, ground.stack.prefix()));
    for need in &part.needs {
        let name = format!("{}.service", ground.unit(&need.key));
        unit.plain("Requires", &name);
        unit.plain("After", &name);
    }
    unit.section("Container");
    image(part, &mut unit, ground);
    unit.plain("ContainerName", &part.spec.name);
    let mut is_exposed = false;
    command(part, &mut unit, ground, &mut is_exposed);
    let secrets = environment(part, &mut unit, ground);
    network(part, &mut unit, ground);
    mounts::put(part, &mut unit, ground);
    options::put(part, &mut unit, ground);
    health(part, &mut unit, ground);
    for (name, value) in &part.spec.labels {
        unit.word("Label", &format!("{name}={value}"));
    }
    service(part, &mut unit);
    lost(part, ground);
    let path = format!("{}.container", ground.unit(&part.key));
    let own = match is_exposed {
        true => File::private(path, unit.text()),
        false => unit.file(path, ground.files),
    };
    std::iter::once(own).chain(secrets).collect()
}

fn image(part: &Part, unit: &mut Unit, ground: &mut Ground<'_, '_>) {
    let image = &part.spec.image;
    if images::built(ground.stack, part, ground.files).is_some() {
        unit.plain("Image", &build_name(image));
        return;
    }
    unit.plain("Image", image);
    let desired = ground.stack.prepared.desired.images.get(image);
    let policy = match desired.map(|one| &one.source) {
        Some(ImageSource::Pull(policy, _)) => *policy,
        _ => PullPolicy::Missing,
    };
    match policy {
        PullPolicy::Always => unit.plain("Pull", "always"),
        PullPolicy::Never => unit.plain("Pull", "never"),
        PullPolicy::Missing | PullPolicy::Build => {}
    }
}

fn command(part: &Part, unit: &mut Unit, ground: &mut Ground<'_, '_>, is_exposed: &mut bool) {
    let process = &part.spec.process;
    let words = [&process.entrypoint, &process.command];
    let mut words = words.into_iter().flatten().flatten();
    if words.any(|word| ground.secrets.is_secret(word)) {
        *is_exposed = true;
        let message = format!(
            "`{}`: systemd shows the secret in its command to every user of the machine",
            part.key
        );
        let found = crate::diagnostic::Diagnostic::warning(message)
            .help("give it to the program as an environment variable or a file");
        ground.files.diagnostics.push(match &part.place {
            Some(place) => found.at_place(place.clone()),
            None => found,
        });
    }
    if let Some(words) = &process.entrypoint {
        unit.list("Entrypoint", words);
    }
    if let Some(words) = process.command.as_ref().filter(|words| !words.is_empty()) {
        unit.words("Exec", words);
    }
}

/// Variables; the file of those that are secret.
fn environment(part: &Part, unit: &mut Unit, ground: &mut Ground<'_, '_>) -> Option<File> {
    let mut secrets = String::new();
    for (name, value) in &part.spec.process.environment {
        let Some(value) = value.as_ref().map(|value| value.expose()) else {
            unit.word("PodmanArgs", &format!("--unsetenv={name}"));
            continue;
        };
        if !ground.secrets.is_secret_variable(name, value) {
            unit.word("Environment", &format!("{name}={value}"));
        } else if value.contains('\n') {
            // A line of an env file ends where the line ends.
            let secret = format!("{}-{name}", ground.unit(&part.key));
            let path = Path::new(MADE).join(&part.key).join(name);
            let create = format!(
                "podman secret create --replace {secret} {}",
                reference(&path)
            );
            ground.before.push(create);
            ground.files.made.push(File::private(path, value));
            unit.plain("Secret", &format!("{secret},type=env,target={name}"));
        } else {
            let _ = writeln!(secrets, "{name}={value}");
        }
    }
    if secrets.is_empty() {
        return None;
    }
    let path = format!("{}.env", ground.unit(&part.key));
    unit.plain("EnvironmentFile", &path);
    Some(File::private(path, secrets))
}

fn network(part: &Part, unit: &mut Unit, ground: &mut Ground<'_, '_>) {
    match &part.spec.network {
        NetworkAttachment::Networks(endpoints) => {
            for endpoint in endpoints {
                unit.plain("Network", &joined(part, endpoint, ground));
            }
        }
        NetworkAttachment::Host => unit.plain("Network", "host"),
        NetworkAttachment::None => unit.plain("Network", "none"),
        NetworkAttachment::Bridge => unit.plain("Network", "podman"),
        NetworkAttachment::Container(name) => match ground.stack.by_container(name) {
            Some(other) => {
                let other = format!("{}.container", ground.unit(&other.key));
                unit.plain("Network", &other);
            }
            None => unit.plain("Network", &format!("container:{name}")),
        },
    }
}

/// A network with the names under which it knows the container.
fn joined(part: &Part, endpoint: &Endpoint, ground: &Ground<'_, '_>) -> String {
    let own = ground.stack.prepared.desired.networks.iter();
    let is_own = own.clone().any(|network| network.name == endpoint.network);
    let network = match is_own {
        true => {
            let key = network_key(ground.stack, &endpoint.network);
            format!("{}.network", ground.unit(&key))
        }
        false => endpoint.network.clone(),
    };
    let aliases = endpoint
        .aliases
        .iter()
        .filter(|alias| **alias != part.spec.name);
    let aliases = aliases.map(|alias| format!("alias={alias}"));
    let others = [
        ("ip", &endpoint.ipv4_address),
        ("ip6", &endpoint.ipv6_address),
        ("mac", &endpoint.mac_address),
        ("interface_name", &endpoint.interface_name),
    ];
    let others = others.into_iter();
    let others = others.filter_map(|(key, value)| Some(format!("{key}={}", value.as_ref()?)));
    let options: Vec<String> = aliases.chain(others).collect();
    match options.is_empty() {
        true => network,
        false => format!("{network}:{}", options.join(",")),
    }
}

fn health(part: &Part, unit: &mut Unit, ground: &mut Ground<'_, '_>) {
    let process = &part.spec.process;
    let Some(check) = &process.healthcheck else {
        return;
    };
    match &check.test {
        HealthTest::Inherit => {}
        HealthTest::None => return unit.plain("HealthCmd", "none"),
        HealthTest::Command(words) => unit.list("HealthCmd", words),
        HealthTest::Shell(line) => {
            let words = ["/bin/sh", "-c", line].map(str::to_owned);
            unit.list("HealthCmd", &words);
        }
    }
    for (key, time) in [
        ("HealthInterval", check.interval),
        ("HealthTimeout", check.timeout),
        ("HealthStartPeriod", check.start_period),
    ] {
        unit.some(key, time.map(duration).as_ref());
    }
    unit.some(
        "HealthRetries",
        check.retries.map(|count| count.to_string()).as_ref(),
    );
    let mut needs = ground.stack.parts.iter().flat_map(|other| &other.needs);
    let is_awaited = needs.any(|need| need.key == part.key && need.condition == Condition::Healthy);
    if is_awaited && !part.ends {
        unit.plain("Notify", "healthy");
    }
}

/// How systemd runs it.
fn service(part: &Part, unit: &mut Unit) {
    unit.section("Service");
    unit.plain("TimeoutStartSec", PATIENCE);
    if part.ends {
        unit.plain("Type", "oneshot");
        unit.plain("RemainAfterExit", "yes");
        return;
    }
    unit.plain(
        "Restart",
        match part.spec.process.restart {
            Restart::No => "no",
            Restart::Always | Restart::UnlessStopped => "always",
            Restart::OnFailure { .. } => "on-failure",
        },
    );
    unit.section("Install");
    unit.plain("WantedBy", "default.target");
}

fn lost(part: &Part, ground: &mut Ground<'_, '_>) {
    let process = &part.spec.process;
    let blocks = process.resources.block_io != BlockIo::default();
    let cases = [
        ("scale", part.replicas != 1, "a unit is one container"),
        (
            "post_start",
            !part.post_start.is_empty(),
            "a unit runs nothing inside its container",
        ),
        (
            "pre_stop",
            !part.pre_stop.is_empty(),
            "a unit runs nothing inside its container",
        ),
        (
            "probes",
            part.readiness
                .as_ref()
                .is_some_and(|one| !one.probes.is_empty()),
            "a unit knows the health test of a container alone",
        ),
        (
            "device requests",
            !process.device_requests.is_empty(),
            "name the devices themselves",
        ),
        (
            "device_cgroup_rules",
            !process.device_cgroup_rules.is_empty(),
            "a unit has no such key",
        ),
        (
            "external_links",
            !process.external_links.is_empty(),
            "Podman has no links",
        ),
        (
            "runtime",
            process.runtime.is_some(),
            "it is a setting of Podman",
        ),
        (
            "storage_opt",
            !process.storage_opt.is_empty(),
            "a unit has no such key",
        ),
        (
            "domainname",
            process.domainname.is_some(),
            "Podman has no such option",
        ),
        ("blkio_config", blocks, "a unit has no such key"),
        ("runAsNonRoot", process.never_root, "a unit has no such key"),
    ];
    for (key, is_said, why) in cases {
        if is_said {
            ground.files.diagnostics.push(part.lost(key, why));
        }
    }
}
