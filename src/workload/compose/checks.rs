//! What services must agree on: host ports, names of containers, dependencies that run.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use super::file::File;
use super::service::Draft;
use crate::diagnostic::Place;
use crate::text::Span;
use crate::workload::model::{Condition, Dependency, HealthTest, Port};

/// Checks the active services against each other and settles their dependencies.
pub(super) fn across(file: &mut File<'_>, drafts: &mut [Draft]) {
    container_names(file, drafts);
    host_ports(file, drafts);
    for index in 0..drafts.len() {
        let settled = dependencies(file, drafts, index);
        if let Some(draft) = drafts.get_mut(index) {
            draft.service.depends_on = settled;
        }
    }
}

fn twice(file: &mut File<'_>, spans: (Span, Span), message: String, help: &str) {
    let (first, second) = spans;
    let place = Place::new(file.decoder.source, first);
    let diagnostic = file.decoder.error(second, message);
    diagnostic.related.push((place, "first used here".to_owned()));
    diagnostic.help = Some(help.to_owned());
}

fn container_names(file: &mut File<'_>, drafts: &[Draft]) {
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for draft in drafts.iter().filter(|draft| draft.active) {
        let (Some(name), Some(span)) = (&draft.service.container_name, draft.container_name) else {
            continue;
        };
        if let Some(&first) = seen.get(name.as_str()) {
            let message = format!("Two containers are named `{name}`");
            twice(file, (first, span), message, "give each a name of its own, or none");
        } else {
            seen.insert(name, span);
        }
    }
}

fn host_ports(file: &mut File<'_>, drafts: &[Draft]) {
    let mut seen: BTreeMap<u16, Vec<(&Port, Span)>> = BTreeMap::new();
    let active = drafts.iter().filter(|draft| draft.active);
    for (port, span) in active.flat_map(|draft| &draft.published) {
        let Some(host) = port.published.filter(|host| host.first == host.last) else {
            continue;
        };
        let others = seen.entry(host.first).or_default();
        let clash = others.iter().find(|(other, _)| {
            other.protocol == port.protocol && addresses_meet(other.host_ip, port.host_ip)
        });
        if let Some(&(_, first)) = clash {
            let protocol = port.protocol.as_str();
            let message = format!("The host port {}/{protocol} is published twice", host.first);
            let help = "publish each container's port on a host port of its own";
            twice(file, (first, *span), message, help);
        }
        others.push((port, *span));
    }
}

/// Whether two publications of one port collide; none at all is the environment's own address.
fn addresses_meet(one: Option<IpAddr>, other: Option<IpAddr>) -> bool {
    let everywhere = |ip: IpAddr| ip.is_unspecified();
    match (one, other) {
        (Some(one), Some(other)) => {
            let family = one.is_ipv4() == other.is_ipv4();
            one == other || (family && (everywhere(one) || everywhere(other)))
        }
        (None, None) => true,
        (None, Some(ip)) | (Some(ip), None) => ip == IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    }
}

/// The dependencies of one service that hold: an inactive optional one is passed over.
fn dependencies(file: &mut File<'_>, drafts: &[Draft], index: usize) -> Vec<Dependency> {
    let Some(draft) = drafts.get(index) else {
        return Vec::new();
    };
    let mut settled = Vec::new();
    for needed in &draft.needs {
        let name = &needed.dependency.service;
        let Some(target) = drafts.iter().find(|one| one.service.name == *name) else {
            continue;
        };
        if target.active || !draft.active {
            settled.push(needed.dependency.clone());
            check_health(file, needed.span, &needed.dependency, target);
        } else if needed.dependency.required {
            let message = format!("The service `{name}` is not active: none of its profiles is");
            let profiles = target.profiles.join(", ");
            let help = format!("activate a profile ({profiles}), or add `required: false`");
            file.fault(needed.span, message, help);
        }
    }
    settled
}

/// Waiting for the health of a service whose check is switched off can only fail.
fn check_health(file: &mut File<'_>, span: Span, dependency: &Dependency, target: &Draft) {
    let test = target.service.process.healthcheck.as_ref().map(|check| &check.test);
    if dependency.condition == Condition::Healthy && test == Some(&HealthTest::None) {
        let message = format!("`{}` never gets healthy: its check is disabled", dependency.service);
        file.fault(span, message, "write `condition: service_started`");
    }
}

#[cfg(test)]
mod tests;
