//! How many containers a service has, and what of it can be there only once.

use super::Builder;
use crate::diagnostic::Diagnostic;
use crate::workload::model::{Service, ServiceNetwork};

/// How many containers a service has. One with a name of its own has no more than one; that more
/// were asked for is reported by [`Builder::check_replicas`].
pub(super) fn count(service: &Service) -> u32 {
    let wanted = wanted(service);
    match service.container_name {
        Some(_) => wanted.min(1),
        None => wanted,
    }
}

fn wanted(service: &Service) -> u32 {
    service.replicas.as_ref().map_or(1, |one| one.count)
}

impl Builder<'_> {
    /// Reports what several containers of one service would have to share.
    pub(super) fn check_replicas(&mut self, service: &Service) {
        let Some(replicas) = service.replicas.as_ref().filter(|one| one.count > 1) else {
            return;
        };
        let (name, count) = (&service.name, replicas.count);
        let mut faults: Vec<(String, String)> = Vec::new();
        if let Some(container) = &service.container_name {
            faults.push((
                format!("`{name}` cannot have {count} containers: they would all be called `{container}`"),
                "remove `container_name`: each gets a name with its number".to_owned(),
            ));
        }
        for port in &service.process.ports {
            let Some(range) = port.published else {
                continue;
            };
            let enough = u32::from(range.last - range.first) + 1;
            if enough < count {
                let last = u32::from(range.first) + count - 1;
                let (first, target) = (range.first, port.target);
                faults.push((
                    format!("`{name}` cannot have {count} containers on {enough} host port{}", if enough == 1 { "" } else { "s" }),
                    format!("publish a range that is long enough, `{first}-{last}:{target}`, or leave the host port out: `{target}`"),
                ));
            }
        }
        if let ServiceNetwork::Networks(attachments) = &service.network {
            let fixed = attachments
                .iter()
                .flat_map(|one| [&one.ipv4_address, &one.ipv6_address]);
            if let Some(address) = fixed.flatten().next() {
                faults.push((
                    format!("`{name}` cannot have {count} containers with the address `{address}`"),
                    "leave the address out: others find the service by its name".to_owned(),
                ));
            }
        }
        for (message, help) in faults {
            let place = &replicas.place;
            let fault = Diagnostic::error(message)
                .at(&place.source, place.span)
                .help(help);
            self.diagnostics.push(fault);
        }
    }
}
