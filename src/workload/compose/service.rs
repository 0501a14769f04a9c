//! One service (<https://github.com/compose-spec/compose-spec/blob/main/05-services.md>).

use std::collections::BTreeSet;

use super::depends::{self, Needed};
use super::environment;
use super::file::{Current, File, Section};
use super::files::{self, Kind};
use super::links::{self, Link};
use super::ports::{self, Published};
use super::readers;
use super::{
    build, casts, command, deploy, develop, devices, healthcheck, hooks, hosts, keys, labels,
    namespaces, networks, options, pairs, scale, volumes,
};
use crate::diagnostic::nearest;
use crate::text::Span;
use crate::workload::model::{
    Build, FileMount, Namespaces, PodMember, Process, Service, ServiceNetwork, VolumesSource,
};
use crate::yaml::{Entry, Mapping, Node};

/// A service as it is written, before it is held against the others.
pub(super) struct Draft {
    pub service: Service,
    /// Whether one of its profiles is active, or it has none.
    pub active: bool,
    pub profiles: Vec<String>,
    pub needs: Vec<Needed>,
    pub links: Vec<Link>,
    pub published: Vec<Published>,
    pub container_name: Option<Span>,
}

/// Reads a service; nothing when it is no mapping at all.
pub(super) fn read(file: &mut File<'_>, entry: &Entry, hosts: &BTreeSet<String>) -> Option<Draft> {
    let path = format!("services.{}", entry.key);
    let empty = Mapping::default();
    let mapping = match file.decoder.mapping(&entry.value, &path) {
        Some(mapping) => mapping,
        None if entry.value.is_null() => &empty,
        None => return None,
    };
    let at_fault = !keys::check(file, mapping, &path, &keys::SERVICE);
    let section = Section {
        mapping,
        path,
        at_fault,
    };
    let profiles = section.read(file, "profiles", profiles);
    let active = is_active(&profiles, file.context.profiles);
    file.current = Current {
        reader: readers::reader_of(hosts, &entry.key),
        active,
    };
    check_name(file, entry);
    section.read(file, "attach", casts::flag);
    isolation(file, &section);
    let network = networks::read(file, &section);
    let published = published(file, &section, &network);
    let mut needs = section.read(file, "depends_on", depends::read);
    let links = section.read(file, "links", links::read);
    let namespaces = namespaces::read(file, &section);
    imply(&mut needs, &network, &links, &section);
    for (service, span) in namespaces::owners(&namespaces, &section) {
        need(&mut needs, service, span);
    }
    let volumes_from = volumes::from::read(file, &section);
    for (from, span) in &volumes_from {
        if let VolumesSource::Service(service) = &from.source {
            // Its volumes stay when it restarts.
            if !needs.iter().any(|one| one.dependency.service == *service) {
                needs.push(Needed::plain(service, *span));
            }
        }
    }
    let process = process(file, &section, &published);
    let mut service = service(file, entry, &section, (network, namespaces), process);
    let places = published.iter().map(|(_, span)| file.decoder.place(*span));
    service.port_places = places.collect();
    service.volumes_from = volumes_from.into_iter().map(|(from, _)| from).collect();
    Some(Draft {
        service,
        active,
        profiles,
        needs,
        links,
        published,
        container_name: section
            .entry("container_name")
            .map(|entry| entry.value.span),
    })
}

/// Without profiles a service always runs; `*` activates all of them.
fn is_active(profiles: &[String], active: &BTreeSet<String>) -> bool {
    profiles.is_empty() || active.contains("*") || profiles.iter().any(|one| active.contains(one))
}

/// The service without its dependencies, which are settled against the other services.
fn service(
    file: &mut File<'_>,
    entry: &Entry,
    section: &Section<'_>,
    (network, namespaces): (ServiceNetwork, Namespaces),
    process: Process,
) -> Service {
    let image = section.read(file, "image", image);
    let (build, build_platform) = build_of(file, entry, section, image.is_some());
    let watch = section.read(file, "develop", |file, node, path| {
        develop::read(file, node, path, build.is_some())
    });
    Service {
        name: entry.key.to_string(),
        place: file.decoder.place(entry.key_span),
        image,
        build,
        pull_policy: section.read(file, "pull_policy", options::pull_policy),
        platform: section
            .read(file, "platform", casts::string)
            .or(build_platform),
        container_name: section.read(file, "container_name", container_name),
        depends_on: Vec::new(),
        network,
        namespaces,
        mounts: section.read(file, "volumes", volumes::read),
        volumes_from: Vec::new(),
        files: mounted_files(file, section),
        labels: labels::read(file, section),
        replicas: scale::read(file, section),
        hooks: hooks::read(file, section),
        watch,
        pod: PodMember::default(),
        process,
        port_places: Vec::new(),
    }
}

fn mounted_files(file: &mut File<'_>, section: &Section<'_>) -> Vec<FileMount> {
    let mut mounted = Vec::new();
    for (key, kind) in [("secrets", Kind::Secret), ("configs", Kind::Config)] {
        let found = section.read(file, key, |file, node, path| {
            files::mounted(file, node, path, kind)
        });
        mounted.extend(found);
    }
    mounted
}

fn process(file: &mut File<'_>, section: &Section<'_>, published: &[Published]) -> Process {
    let deployed = deploy::read(file, section);
    let (files, mut requests) = section.read(file, "devices", devices::read);
    requests.extend(deployed.devices);
    requests.extend(section.read(file, "gpus", devices::gpus));
    let (security_opt, seccomp) = section.read(file, "security_opt", options::security);
    Process {
        entrypoint: section.read(file, "entrypoint", command::read),
        command: section.read(file, "command", command::read),
        environment: environment::read(file, section),
        user: section.read(file, "user", casts::string),
        never_root: false,
        working_dir: section.read(file, "working_dir", casts::string),
        hostname: section.read(file, "hostname", casts::string),
        domainname: section.read(file, "domainname", casts::string),
        tty: section.read(file, "tty", casts::flag),
        stdin_open: section.read(file, "stdin_open", casts::flag),
        init: section.read(file, "init", casts::boolean),
        privileged: section.read(file, "privileged", casts::flag),
        read_only: section.read(file, "read_only", casts::flag),
        ports: published.iter().map(|(port, _)| port.clone()).collect(),
        expose: section.read(file, "expose", ports::exposed),
        healthcheck: section.read(file, "healthcheck", healthcheck::read),
        restart: deploy::restart(file, section, deployed.restart),
        stop_signal: section.read(file, "stop_signal", casts::string),
        stop_grace_period: section.read(file, "stop_grace_period", casts::duration),
        cap_add: section.read(file, "cap_add", casts::list),
        cap_drop: section.read(file, "cap_drop", casts::list),
        security_opt,
        seccomp,
        extra_hosts: section.read(file, "extra_hosts", hosts::read),
        devices: files,
        device_requests: requests,
        device_cgroup_rules: section.read(file, "device_cgroup_rules", devices::cgroup_rules),
        sysctls: section.read(file, "sysctls", pairs::map),
        ulimits: section.read(file, "ulimits", options::ulimits),
        tmpfs: section.read(file, "tmpfs", options::tmpfs),
        shm_size: section.read(file, "shm_size", casts::bytes),
        logging: section.read(file, "logging", options::logging),
        resources: deployed.resources,
        group_add: section.read(file, "group_add", casts::words),
        dns: section.read(file, "dns", casts::strings),
        dns_search: section.read(file, "dns_search", casts::strings),
        dns_options: section.read(file, "dns_opt", casts::list),
        ..surroundings(file, section)
    }
}

/// What the engine puts around the process.
fn surroundings(file: &mut File<'_>, section: &Section<'_>) -> Process {
    Process {
        cgroup: section.read(file, "cgroup", namespaces::cgroup),
        cgroup_parent: section.read(file, "cgroup_parent", casts::string),
        userns_mode: section.read(file, "userns_mode", casts::string),
        runtime: section.read(file, "runtime", casts::string),
        storage_opt: section.read(file, "storage_opt", pairs::options),
        annotations: section.read(file, "annotations", pairs::map),
        external_links: section.read(file, "external_links", links::external),
        ..Process::default()
    }
}

/// Windows knows several kinds of isolation; everywhere else there is `default` alone.
pub(super) fn isolation(file: &mut File<'_>, section: &Section<'_>) {
    if let Some(entry) = section.entry("isolation")
        && let Some(text) = casts::string(file, &entry.value, &section.at("isolation"))
        && text != "default"
    {
        let message = format!("The isolation `{text}` exists on Windows only");
        file.fault(
            entry.value.span,
            message,
            "write `default` or drop the line",
        );
    }
}

/// `[a-zA-Z0-9._-]+`, as the Compose specification has it.
fn check_name(file: &mut File<'_>, entry: &Entry) {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if entry.key.is_empty() || !entry.key.chars().all(allowed) {
        let message = format!("`{}` is no name for a service", entry.key);
        let help = "use letters, digits, `.`, `_` and `-`; variables are not expanded in keys";
        file.fault(entry.key_span, message, help);
    }
}

fn profiles(file: &mut File<'_>, node: &Node, path: &str) -> Vec<String> {
    let names = casts::list(file, node, path);
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    for name in &names {
        if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || !name.chars().all(allowed) {
            let message = format!("`{name}` is no name for a profile");
            file.fault(node.span, message, "use letters, digits, `.`, `_` and `-`");
        }
    }
    names
}

/// Nothing for an empty one, which a build gives its name.
fn image(file: &mut File<'_>, node: &Node, path: &str) -> Option<String> {
    let text = casts::string(file, node, path)?;
    if text.contains(char::is_whitespace) {
        let message = format!("`{text}` is no name of an image");
        file.fault(node.span, message, "write for instance `nginx:1.27`");
    }
    Some(text)
}

fn build_of(
    file: &mut File<'_>,
    entry: &Entry,
    section: &Section<'_>,
    has_image: bool,
) -> (Option<Build>, Option<String>) {
    match section.entry("build") {
        Some(build) => match build::read(file, build, section) {
            Some((build, platform)) => (Some(build), platform),
            None => (None, None),
        },
        None => {
            // What it extends could not be found, or it runs elsewhere: that is told already.
            let elsewhere = ["extends", "provider"];
            let is_told = elsewhere.iter().any(|key| section.entry(key).is_some());
            if !has_image && !is_told {
                no_image(file, entry, section);
            }
            (None, None)
        }
    }
}

/// Says so once: a mistyped key, or one without a value, has been told already.
fn no_image(file: &mut File<'_>, entry: &Entry, section: &Section<'_>) {
    let image = section.mapping.entry("image");
    if let Some(image) = image.filter(|image| empty(&image.value)) {
        let message = format!("`{}` is empty", section.at("image"));
        file.fault(image.value.span, message, "write for instance `nginx:1.27`");
    }
    let keys = section.mapping.entries.iter().map(|entry| &*entry.key);
    let mut unknown = keys.filter(|key| !keys::SERVICE.read.contains(key));
    if image.is_none() && !unknown.any(|key| nearest(key, ["image", "build"]).is_some()) {
        let name = &entry.key;
        let message = format!("The service `{name}` has neither `image` nor `build`");
        let help = "add `image: <name>` or `build: <folder>`";
        file.fault(entry.key_span, message, help);
    }
}

/// Whether the value is an empty string.
fn empty(node: &Node) -> bool {
    let text = node.as_scalar().map(|scalar| &*scalar.text);
    text == Some("") && !node.is_null()
}

/// `[a-zA-Z0-9][a-zA-Z0-9_.-]+`, as the engine has it.
fn container_name(file: &mut File<'_>, node: &Node, path: &str) -> Option<String> {
    let text = casts::string(file, node, path)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let starts = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !starts || text.len() < 2 || !text.chars().all(allowed) {
        let message = format!("`{text}` is no name for a container");
        let help =
            "use two or more letters, digits, `_`, `.` and `-`; start with a letter or a digit";
        file.fault(node.span, message, help);
    }
    Some(text)
}

/// The published ports; where the network allows none, they are reported and left out.
fn published(
    file: &mut File<'_>,
    section: &Section<'_>,
    network: &ServiceNetwork,
) -> Vec<Published> {
    let published = section.read(file, "ports", ports::read);
    let Some(entry) = section.entry("ports").filter(|_| !published.is_empty()) else {
        return published;
    };
    match network {
        ServiceNetwork::Networks(_) | ServiceNetwork::Bridge => return published,
        ServiceNetwork::Host | ServiceNetwork::None => {
            let message = "`ports` has no effect: `network_mode` leaves nothing to publish";
            file.decoder.warning(entry.key_span, message);
        }
        ServiceNetwork::Service(other) => {
            let message = "A service in the network of another one publishes no ports";
            file.fault(
                entry.key_span,
                message,
                format!("write them under `services.{other}.ports`"),
            );
        }
        ServiceNetwork::Container(_) => {
            let message = "A service in the network of a container publishes no ports";
            file.fault(
                entry.key_span,
                message,
                "publish them where that container is made",
            );
        }
    }
    Vec::new()
}

/// Adds the dependencies that follow from a shared network and from links.
fn imply(needs: &mut Vec<Needed>, network: &ServiceNetwork, links: &[Link], section: &Section<'_>) {
    let shared = match network {
        ServiceNetwork::Service(other) => section
            .entry("network_mode")
            .map(|entry| (other.as_str(), entry.value.span)),
        _ => None,
    };
    let linked = links.iter().map(|link| (link.service.as_str(), link.span));
    for (service, span) in shared.into_iter().chain(linked) {
        need(needs, service, span);
    }
}

fn need(needs: &mut Vec<Needed>, service: &str, span: Span) {
    if !needs.iter().any(|one| one.dependency.service == service) {
        needs.push(Needed::implied(service, span));
    }
}
