//! `quadlet`: units for systemd, one for each container, image and network
//! (<https://docs.podman.io/en/latest/markdown/podman-systemd.unit.5.html>, as Podman 5 reads it).
//!
//! Secrets stand in an env file beside each unit: what a unit says, systemd shows to everybody.

mod container;
mod mounts;
mod options;
mod unit;

use super::Made;
use super::files::{File, Files};
use super::images::{self, Built};
use super::secrets::Secrets;
use super::stack::{Part, Stack};
use crate::plan::spec::{BuildContext, NetworkSpec, VolumeSpec};
use unit::Unit;

/// What the units of one export share.
pub struct Ground<'a, 'f> {
    pub stack: &'a Stack<'a>,
    pub files: &'a mut Files<'f>,
    pub secrets: Secrets<'a>,
    /// Commands that must have run before the units start.
    pub before: Vec<String>,
}

impl Ground<'_, '_> {
    /// The name of the unit of a part, without its ending.
    pub fn unit(&self, key: &str) -> String {
        format!("{}-{key}", self.stack.prefix())
    }
}

pub fn export(stack: &Stack<'_>, files: &mut Files<'_>) -> Made {
    let mut ground = Ground {
        stack,
        files,
        secrets: Secrets::new(stack.prepared),
        before: Vec::new(),
    };
    let mut documents = Vec::new();
    for part in &stack.parts {
        documents.extend(container::files(part, &mut ground));
        let build = build(part, &mut ground);
        documents.extend(build.filter(|file| !documents.contains(file)));
    }
    let desired = &stack.prepared.desired;
    for spec in &desired.networks {
        documents.push(network(spec, &mut ground));
    }
    for spec in desired.volumes.iter().filter(|spec| needs_unit(spec)) {
        documents.push(volume(spec, &mut ground));
    }
    let mut run = ground.before;
    run.extend([
        "mkdir -p /etc/containers/systemd && cp -a . /etc/containers/systemd/".to_owned(),
        "systemctl daemon-reload".to_owned(),
        format!("systemctl start {}", started(stack)),
    ]);
    Made {
        documents,
        builds: images::commands_first(stack, files, "podman"),
        run,
    }
}

/// What nothing else waits for: with it comes everything that it needs.
fn started(stack: &Stack<'_>) -> String {
    let is_needed = |part: &&Part| {
        let mut others = stack.parts.iter().flat_map(|other| &other.needs);
        others.any(|need| need.key == part.key)
    };
    let last = stack.parts.iter().filter(|part| !is_needed(part));
    let names = last.map(|part| format!("{}-{}.service", stack.prefix(), part.key));
    names.collect::<Vec<_>>().join(" ")
}

fn network(spec: &NetworkSpec, ground: &mut Ground<'_, '_>) -> File {
    let key = super::compose::network_key(ground.stack, &spec.name);
    let mut unit = Unit::new(&format!("Network {}", spec.name));
    unit.section("Network");
    unit.plain("NetworkName", &spec.name);
    unit.some("Driver", spec.driver.as_ref());
    if spec.internal {
        unit.plain("Internal", "true");
    }
    if spec.ipv6 {
        unit.plain("IPv6", "true");
    }
    for subnet in &spec.ipam.subnets {
        unit.some("Subnet", subnet.subnet.as_ref());
        unit.some("Gateway", subnet.gateway.as_ref());
        unit.some("IPRange", subnet.ip_range.as_ref());
    }
    for (name, value) in &spec.driver_options {
        unit.plain("Options", &format!("{name}={value}"));
    }
    for (name, value) in super::stack::own_labels(&spec.labels) {
        unit.word("Label", &format!("{name}={value}"));
    }
    let path = format!("{}.network", ground.unit(&key));
    unit.file(path, ground.files)
}

/// A plain volume needs no unit: Podman makes one that is not there.
pub fn needs_unit(spec: &VolumeSpec) -> bool {
    spec.filling.is_none() && (spec.driver.is_some() || !spec.driver_options.is_empty())
}

fn volume(spec: &VolumeSpec, ground: &mut Ground<'_, '_>) -> File {
    let key = super::compose::volume_key(ground.stack, &spec.name);
    let mut unit = Unit::new(&format!("Volume {}", spec.name));
    unit.section("Volume");
    unit.plain("VolumeName", &spec.name);
    unit.some("Driver", spec.driver.as_ref());
    for (name, value) in &spec.driver_options {
        match name.as_str() {
            "device" => unit.plain("Device", value),
            "type" => unit.plain("Type", value),
            "o" => unit.plain("Options", value),
            other => unit.word("PodmanArgs", &format!("--opt={other}={value}")),
        }
    }
    let path = format!("{}.volume", ground.unit(&key));
    unit.file(path, ground.files)
}

/// The name of the unit that builds an image, made of the image's own.
pub fn build_name(image: &str) -> String {
    format!("{}.build", images::file_name(image))
}

fn build(part: &Part, ground: &mut Ground<'_, '_>) -> Option<File> {
    let Built {
        build,
        context,
        dockerfile,
        dockerfile_inline,
    } = images::built(ground.stack, part, ground.files)?.with_file(&part.spec.image, ground.files);
    let mut unit = Unit::new(&format!("Image {}", part.spec.image));
    unit.section("Build");
    unit.plain("ImageTag", &part.spec.image);
    for tag in build.tags.iter().skip(1) {
        unit.plain("ImageTag", tag);
    }
    unit.plain("SetWorkingDirectory", &context);
    if dockerfile_inline.is_some() {
        let why = "a build unit needs its Dockerfile in the context";
        ground
            .files
            .diagnostics
            .push(part.lost("build.dockerfile_inline", why));
    }
    if dockerfile.as_os_str() != "Dockerfile" {
        unit.plain("File", &dockerfile.to_string_lossy());
    }
    unit.some("Target", build.target.as_ref());
    for (name, value) in &build.args {
        let value = value.as_ref().map_or("", |value| value.expose());
        if ground.secrets.is_secret(value) {
            let why = "systemd would show the secret in it; give it to the build as a secret";
            ground
                .files
                .diagnostics
                .push(part.lost(&format!("build.args.{name}"), why));
            continue;
        }
        unit.word("PodmanArgs", &format!("--build-arg={name}={value}"));
    }
    let rest = [
        ("build.secrets", !build.secrets.is_empty()),
        ("build.ssh", !build.ssh.is_empty()),
        ("build.additional_contexts", !build.contexts.is_empty()),
    ];
    for (key, is_said) in rest {
        if is_said && !matches!(build.context, BuildContext::Files(_)) {
            let why = "a build unit has no such key";
            ground.files.diagnostics.push(part.lost(key, why));
        }
    }
    Some(unit.file(build_name(&part.spec.image), ground.files))
}
