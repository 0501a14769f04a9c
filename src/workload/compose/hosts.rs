//! `extra_hosts`: names and addresses for `/etc/hosts`.

use super::file::File;
use crate::text::Span;
use crate::yaml::{Node, Value};

/// `host:ip` or `host=ip` in a list, or a mapping; one name may have several addresses.
pub(super) fn read(file: &mut File<'_>, node: &Node, path: &str) -> Vec<(String, String)> {
    let mut hosts = Vec::new();
    match &node.value {
        Value::Sequence(items) => {
            for item in items {
                let Some(text) = file.decoder.string(item, path) else {
                    continue;
                };
                let pair = text.split_once('=').or_else(|| text.split_once(':'));
                let (host, address) = pair.unwrap_or((&text, ""));
                hosts.extend(checked(file, item.span, host, address));
            }
        }
        Value::Mapping(mapping) => {
            for entry in &mapping.entries {
                for address in file.decoder.strings(&entry.value, path) {
                    hosts.extend(checked(file, entry.value.span, &entry.key, &address));
                }
            }
        }
        Value::Scalar(_) => {
            let what = "a mapping or a list of `host=address`";
            file.decoder.wrong_type(node, path, what);
        }
    }
    hosts
}

fn checked(file: &mut File<'_>, span: Span, host: &str, address: &str) -> Option<(String, String)> {
    let address = address.trim();
    let bare = address
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(address);
    let known = bare == "host-gateway" || bare.parse::<std::net::IpAddr>().is_ok();
    if host.is_empty() || !known {
        let message = format!("`{host}={address}` is no host with an address");
        file.fault(
            span,
            message,
            "write `host=address`; `host-gateway` stands for this host",
        );
        return None;
    }
    Some((host.to_owned(), bare.to_owned()))
}
