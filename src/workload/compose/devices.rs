//! Devices: files of the host by name, and those that a driver of the engine chooses
//! (<https://github.com/compose-spec/compose-spec/blob/main/05-services.md#devices>).

use super::casts;
use super::file::{File, Section};
use super::keys::Keys;
use super::pairs;
use crate::workload::model::{Device, DeviceRequest};
use crate::yaml::{Node, Value};

const DEVICE: Keys = Keys::only(&["source", "target", "permissions"]);
const REQUEST: Keys = Keys::only(&["driver", "count", "device_ids", "capabilities", "options"]);

/// A device of the list `devices`.
pub(super) enum Named {
    File(Device),
    /// A name of the Container Device Interface, `vendor.com/class=name`.
    Interface(String),
}

/// Files of the host, and one request for all devices with a name of the Container Device
/// Interface, as Compose makes it.
pub(super) fn read(
    file: &mut File<'_>,
    node: &Node,
    path: &str,
) -> (Vec<Device>, Vec<DeviceRequest>) {
    let (mut files, mut ids) = (Vec::new(), Vec::new());
    let items = file.decoder.sequence(node, path).unwrap_or_default();
    for item in items {
        let named = match &item.value {
            Value::Mapping(_) => long(file, item, path),
            _ => short(file, item, path),
        };
        match named {
            Some(Named::File(device)) => files.push(device),
            Some(Named::Interface(name)) => ids.push(name),
            None => {}
        }
    }
    let request = DeviceRequest {
        driver: Some(DeviceRequest::CDI.to_owned()),
        ids,
        ..DeviceRequest::default()
    };
    let requests = if request.ids.is_empty() {
        Vec::new()
    } else {
        vec![request]
    };
    (files, requests)
}

/// `host:container:permissions`, each but the first with a default.
fn short(file: &mut File<'_>, item: &Node, path: &str) -> Option<Named> {
    let text = file.decoder.string(item, path)?;
    let mut parts = text.split(':');
    let host = parts.next().unwrap_or_default().to_owned();
    let container = parts.next().map_or_else(|| host.clone(), str::to_owned);
    let permissions = parts.next().unwrap_or("rwm").to_owned();
    if parts.next().is_some() {
        let message = format!("`{text}` has too many parts for a device");
        file.fault(item.span, message, "write `host[:container[:permissions]]`");
        return None;
    }
    device(file, item, host, container, permissions)
}

fn long(file: &mut File<'_>, item: &Node, path: &str) -> Option<Named> {
    let section = Section::open(file, item, path, &DEVICE)?;
    section.required(file, item, "source", "a device of the host")?;
    let host = section.read(file, "source", casts::string)?;
    let container = section
        .read(file, "target", casts::string)
        .unwrap_or_else(|| host.clone());
    let permissions = section
        .read(file, "permissions", casts::string)
        .unwrap_or_else(|| "rwm".to_owned());
    device(file, item, host, container, permissions)
}

fn device(
    file: &mut File<'_>,
    item: &Node,
    host: String,
    container: String,
    permissions: String,
) -> Option<Named> {
    if host == container && is_interface_name(&host) {
        return Some(Named::Interface(host));
    }
    if !host.starts_with('/') || !container.starts_with('/') {
        let message = format!("`{host}:{container}` is no device");
        file.fault(item.span, message, "both sides are absolute paths");
        return None;
    }
    if permissions.is_empty() || !permissions.chars().all(|c| "rwm".contains(c)) {
        let message = format!("`{permissions}` are no permissions of a device");
        file.fault(item.span, message, "write some of the letters `rwm`");
        return None;
    }
    Some(Named::File(Device {
        host,
        container,
        permissions,
    }))
}

/// `vendor.com/class=name`
/// (<https://github.com/cncf-tags/container-device-interface/blob/main/SPEC.md>).
fn is_interface_name(text: &str) -> bool {
    let parts = text
        .split_once('/')
        .and_then(|(vendor, rest)| Some((vendor, rest.split_once('=')?)));
    matches!(parts, Some((vendor, (class, name)))
        if !vendor.is_empty() && !class.is_empty() && !name.is_empty())
}

/// `all`, or a list of requests; GPUs are what each asks for besides.
pub(super) fn gpus(file: &mut File<'_>, node: &Node, path: &str) -> Vec<DeviceRequest> {
    let mut requests = match &node.value {
        Value::Scalar(_) => {
            let all = casts::one_of(file, node, path, &["all"]);
            let request = all.map(|_| DeviceRequest {
                count: Some(ALL),
                ..DeviceRequest::default()
            });
            request.into_iter().collect()
        }
        _ => each(file, node, path),
    };
    for request in &mut requests {
        request.capabilities.push("gpu".to_owned());
    }
    requests
}

/// `deploy.resources.reservations.devices`.
pub(super) fn requests(file: &mut File<'_>, node: &Node, path: &str) -> Vec<DeviceRequest> {
    let requests = each(file, node, path);
    for item in node.as_sequence().into_iter().flatten() {
        if item.as_mapping().is_some() && item.get("capabilities").is_none() {
            let message = format!("`{path}` has an entry without `capabilities`");
            file.fault(item.span, message, "add for instance `capabilities: [gpu]`");
        }
    }
    requests
}

/// The number that stands for every device there is.
const ALL: i64 = -1;

fn each(file: &mut File<'_>, node: &Node, path: &str) -> Vec<DeviceRequest> {
    let items = file.decoder.sequence(node, path).unwrap_or_default();
    items
        .iter()
        .filter_map(|item| {
            let section = Section::open(file, item, path, &REQUEST)?;
            Some(request(file, &section))
        })
        .collect()
}

fn request(file: &mut File<'_>, section: &Section<'_>) -> DeviceRequest {
    let mut request = DeviceRequest {
        driver: section.read(file, "driver", casts::string),
        count: section.read(file, "count", count),
        ids: section.read(file, "device_ids", casts::list),
        capabilities: section.read(file, "capabilities", casts::list),
        options: section.read(file, "options", pairs::map),
    };
    match (section.entry("count"), section.entry("device_ids")) {
        (Some(count), Some(_)) => {
            let message = "`count` and `device_ids` exclude each other";
            file.fault(count.key_span, message, "keep one of the two");
        }
        (None, None) => request.count = Some(ALL),
        _ => {}
    }
    request
}

/// A number, or `all`.
fn count(file: &mut File<'_>, node: &Node, path: &str) -> Option<i64> {
    match node.as_scalar() {
        Some(scalar) if scalar.text.eq_ignore_ascii_case("all") => Some(ALL),
        _ => casts::integer(file, node, path, ALL),
    }
}

/// Rules such as `c 1:3 mr`: kind, numbers, permissions.
pub(super) fn cgroup_rules(file: &mut File<'_>, node: &Node, path: &str) -> Vec<String> {
    let items = file.decoder.sequence(node, path).unwrap_or_default();
    items
        .iter()
        .filter_map(|item| {
            let text = file.decoder.string(item, path)?;
            if is_rule(&text) {
                return Some(text);
            }
            let message = format!("`{text}` is no rule for devices");
            let help = "write kind, numbers and permissions, for instance `c 1:3 mr`";
            file.fault(item.span, message, help);
            None
        })
        .collect()
}

/// `[acb] major:minor [rwm]{1,3}`, each number possibly `*`.
fn is_rule(text: &str) -> bool {
    let parts: Vec<&str> = text.split(' ').collect();
    let number =
        |text: &str| text == "*" || (!text.is_empty() && text.chars().all(|c| c.is_ascii_digit()));
    match parts.as_slice() {
        ["a" | "b" | "c", numbers, permissions] => {
            let both = numbers.split_once(':');
            both.is_some_and(|(major, minor)| number(major) && number(minor))
                && (1..=3).contains(&permissions.len())
                && permissions.chars().all(|c| "rwm".contains(c))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
