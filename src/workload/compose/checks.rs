//! What services must agree on: host ports, names of containers, dependencies that run.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::file::File;
use super::order;
use super::service::Draft;
use crate::text::Span;
use crate::workload::model::{Condition, Dependency, HealthTest, Protocol};

/// Checks the active services against each other and settles their dependencies.
pub(super) fn across(file: &mut File<'_>, drafts: &mut [Draft]) {
    container_names(file, drafts);
    named_replicas(file, drafts);
    host_ports(file, drafts);
    let settled: Vec<Vec<Dependency>> = {
        let index = order::index(drafts);
        let find = |name: &str| index.get(name).and_then(|at| drafts.get(*at));
        let each = drafts.iter().map(|draft| dependencies(file, draft, &find));
        each.collect()
    };
    for (draft, settled) in drafts.iter_mut().zip(settled) {
        draft.service.depends_on = settled;
    }
}

fn twice(file: &mut File<'_>, spans: (Span, Span), message: String, help: &str) {
    let (first, second) = spans;
    let place = file.decoder.place(first);
    let diagnostic = file.decoder.error(second, message);
    diagnostic
        .related
        .push((place, "first used here".to_owned()));
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
            twice(
                file,
                (first, span),
                message,
                "give each a name of its own, or none",
            );
        } else {
            seen.insert(name, span);
        }
    }
}

/// Of a name there is only one.
fn named_replicas(file: &mut File<'_>, drafts: &[Draft]) {
    for draft in drafts.iter().filter(|draft| draft.active) {
        let Some(replicas) = draft.service.replicas.as_ref().filter(|one| one.count > 1) else {
            continue;
        };
        if let Some(span) = draft.container_name {
            let count = replicas.count;
            let message = format!("{count} containers cannot all have one `container_name`");
            let diagnostic = file.decoder.error(span, message);
            let place = replicas.place.clone();
            let related = (place, format!("{count} containers are asked for here"));
            diagnostic.related.push(related);
            diagnostic.help =
                Some("remove `container_name`: each gets a name with its number".to_owned());
        }
    }
}

fn host_ports(file: &mut File<'_>, drafts: &[Draft]) {
    let mut seen: BTreeMap<(u16, Protocol), Addresses> = BTreeMap::new();
    let active = drafts.iter().filter(|draft| draft.active);
    for (port, span) in active.flat_map(|draft| &draft.published) {
        let Some(host) = port.published.filter(|host| host.first == host.last) else {
            continue;
        };
        let others = seen.entry((host.first, port.protocol)).or_default();
        if let Some(first) = clash(others, port.host_ip) {
            let protocol = port.protocol.as_str();
            let message = format!("The host port {}/{protocol} is published twice", host.first);
            let help = "publish each container's port on a host port of its own";
            twice(file, (first, *span), message, help);
        }
        others.entry(port.host_ip).or_insert(*span);
    }
}

/// The addresses that one port is published on; none at all is the environment's own.
type Addresses = BTreeMap<Option<IpAddr>, Span>;

/// The publication that collides with one on `ip`: the same address, or one that stands for all.
fn clash(others: &Addresses, ip: Option<IpAddr>) -> Option<Span> {
    const EVERYWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let same = others.get(&ip);
    let other = || match ip {
        None => others.get(&Some(EVERYWHERE)),
        Some(EVERYWHERE) => others
            .iter()
            .find(|(ip, _)| ip.is_none_or(|ip| ip.is_ipv4()))
            .map(|(_, span)| span),
        Some(IpAddr::V4(_)) => others.get(&Some(EVERYWHERE)),
        Some(ip) if ip.is_unspecified() => others
            .iter()
            .find(|(ip, _)| ip.is_some_and(|ip| ip.is_ipv6()))
            .map(|(_, span)| span),
        Some(_) => others.get(&Some(IpAddr::V6(Ipv6Addr::UNSPECIFIED))),
    };
    same.or_else(other).copied()
}

/// The dependencies of one service that hold: an inactive optional one is passed over.
fn dependencies<'d>(
    file: &mut File<'_>,
    draft: &Draft,
    find: &dyn Fn(&str) -> Option<&'d Draft>,
) -> Vec<Dependency> {
    let mut settled = Vec::new();
    for needed in &draft.needs {
        let name = &needed.dependency.service;
        let Some(target) = find(name) else {
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
    let test = target
        .service
        .process
        .healthcheck
        .as_ref()
        .map(|check| &check.test);
    if dependency.condition == Condition::Healthy && test == Some(&HealthTest::None) {
        let message = format!(
            "`{}` never gets healthy: its check is disabled",
            dependency.service
        );
        file.fault(span, message, "write `condition: service_started`");
    }
}

#[cfg(test)]
mod tests;
