//! The section `verify`: what the container of each service promises.

use std::collections::BTreeMap;

use super::keys;
use super::model::verify::{
    HttpTarget, ListeningPort, Promise, PromiseKind, PromisedAnswer, PromisedFile, PromisedRow,
};
use super::value::{fixed_text, items, only_keys, place};
use crate::diagnostic::brief;
use crate::yaml::decode::Decoder;
use crate::yaml::{Mapping, Node};

/// Service → its promises, in the order of [`keys::VERIFY`].
pub(super) fn services(decoder: &mut Decoder<'_>, top: &Mapping) -> BTreeMap<String, Vec<Promise>> {
    let node = top.get("verify");
    let mapping = node.and_then(|node| decoder.mapping(node, "verify"));
    let mut services = BTreeMap::new();
    for entry in mapping.into_iter().flat_map(|mapping| &mapping.entries) {
        if decoder.is_full() {
            break;
        }
        if !entry.key.starts_with("x-") {
            let promises = service(decoder, &entry.value);
            services.insert(entry.key.to_string(), promises);
        }
    }
    services
}

type Reader = fn(&mut Decoder<'_>, &Node, &str) -> Option<PromiseKind>;

/// The key of each kind of promise with what one of them is, an example, and its reader.
const KINDS: [(&str, &str, Reader); 6] = [
    ("ports", "ports: [8080]", port),
    ("files", "files: [/etc/nginx/nginx.conf]", file),
    ("processes", "processes: [nginx]", process),
    ("http", "http: [/health]", http),
    ("tcp", "tcp: [\"cache:6379\"]", tcp),
    ("sql", "sql: [{ query: select 1, expect: 1 }]", sql),
];

fn service(decoder: &mut Decoder<'_>, node: &Node) -> Vec<Promise> {
    let Some(mapping) = decoder.mapping(node, "verify.<service>") else {
        return Vec::new();
    };
    only_keys(decoder, mapping, "verify.<service>", keys::VERIFY);
    let mut promises = Vec::new();
    for (key, example, read) in KINDS {
        let Some(node) = mapping.get(key) else {
            continue;
        };
        let path = format!("verify.{key}");
        let help = format!("write a list, for instance `{example}`");
        for item in items(decoder, node, &path, &help).unwrap_or_default() {
            if let Some(kind) = read(decoder, item, &path) {
                let place = place(decoder, item);
                promises.push(Promise { place, kind });
            }
        }
    }
    promises
}

fn port(decoder: &mut Decoder<'_>, node: &Node, path: &str) -> Option<PromiseKind> {
    let text = decoder.text(node, path)?;
    let (number, protocol) = text.split_once('/').unwrap_or((&text, "tcp"));
    let number = number.parse::<u16>().ok().filter(|number| *number > 0);
    let udp = match protocol {
        "tcp" => Some(false),
        "udp" => Some(true),
        _ => None,
    };
    let (Some(number), Some(udp)) = (number, udp) else {
        let message = format!("`{path}` holds `{}`, which is no port", brief(&text));
        decoder.error(node.span, message).help =
            Some("write a number such as `8080`, or `53/udp`".to_owned());
        return None;
    };
    Some(PromiseKind::Port(ListeningPort { number, udp }))
}

fn file(decoder: &mut Decoder<'_>, node: &Node, path: &str) -> Option<PromiseKind> {
    let (named, contains) = match node.as_mapping() {
        None => (node, None),
        Some(mapping) => {
            only_keys(decoder, mapping, path, keys::VERIFY_FILE);
            let contains = text_of(decoder, mapping, path, "contains");
            (required(decoder, (node, mapping), path, "path")?, contains)
        }
    };
    let written = fixed_text(decoder, named, path)?;
    if !written.starts_with('/') {
        let message = format!(
            "`{path}` holds `{}`, which is no absolute path",
            brief(&written)
        );
        decoder.error(named.span, message).help =
            Some("write the absolute path in the container".to_owned());
        return None;
    }
    Some(PromiseKind::File(PromisedFile {
        path: written,
        contains,
    }))
}

fn process(decoder: &mut Decoder<'_>, node: &Node, path: &str) -> Option<PromiseKind> {
    fixed_text(decoder, node, path).map(PromiseKind::Process)
}

fn http(decoder: &mut Decoder<'_>, node: &Node, path: &str) -> Option<PromiseKind> {
    let Some(mapping) = node.as_mapping() else {
        let written = fixed_text(decoder, node, path)?;
        return Some(PromiseKind::Http(PromisedAnswer {
            target: target(decoder, node, path, (written, None))?,
            status: None,
            contains: None,
        }));
    };
    only_keys(decoder, mapping, path, keys::VERIFY_HTTP);
    let port = mapping.get("port");
    let port = port.and_then(|node| number(decoder, node, &format!("{path}.port"), 1..=65_535));
    let status = mapping.get("status");
    let status =
        status.and_then(|node| number(decoder, node, &format!("{path}.status"), 100..=599));
    let contains = text_of(decoder, mapping, path, "contains");
    let named = match (mapping.get("url"), mapping.entry("path")) {
        (Some(url), Some(own)) => {
            let message = format!("`{path}` has both `url` and `path`");
            decoder.error(own.key_span, message).help = Some("keep one of the two".to_owned());
            url
        }
        (Some(url), None) => url,
        (None, _) => required(decoder, (node, mapping), path, "path")?,
    };
    let written = fixed_text(decoder, named, path)?;
    Some(PromiseKind::Http(PromisedAnswer {
        target: target(decoder, named, path, (written, port))?,
        status,
        contains,
    }))
}

fn target(
    decoder: &mut Decoder<'_>,
    node: &Node,
    path: &str,
    (written, port): (String, Option<u16>),
) -> Option<HttpTarget> {
    if written.starts_with('/') {
        let path = written;
        return Some(HttpTarget::Path { path, port });
    }
    if written.starts_with("http://") || written.starts_with("https://") {
        return Some(HttpTarget::Url(written));
    }
    let message = format!(
        "`{path}` holds `{}`, which is neither a path nor a URL",
        brief(&written)
    );
    decoder.error(node.span, message).help = Some(
        "write a path of the service such as `/health`, or a URL with `http://` or `https://`"
            .to_owned(),
    );
    None
}

fn tcp(decoder: &mut Decoder<'_>, node: &Node, path: &str) -> Option<PromiseKind> {
    let text = fixed_text(decoder, node, path)?;
    let parts = text.rsplit_once(':');
    let parts = parts.and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
    match parts {
        Some((host, port)) if !host.is_empty() && port > 0 => {
            let host = host.trim_matches(['[', ']']).to_owned();
            Some(PromiseKind::Tcp { host, port })
        }
        _ => {
            let message = format!("`{path}` holds `{}`, which is no address", brief(&text));
            decoder.error(node.span, message).help =
                Some("write `host:port`, for instance `cache:6379`".to_owned());
            None
        }
    }
}

fn sql(decoder: &mut Decoder<'_>, node: &Node, path: &str) -> Option<PromiseKind> {
    let Some(mapping) = node.as_mapping() else {
        let query = decoder.text(node, path)?;
        return Some(PromiseKind::Sql(PromisedRow {
            query,
            expect: None,
        }));
    };
    only_keys(decoder, mapping, path, keys::VERIFY_SQL);
    let expect = text_of(decoder, mapping, path, "expect");
    let query = required(decoder, (node, mapping), path, "query")?;
    let query = decoder.text(query, &format!("{path}.query"))?;
    Some(PromiseKind::Sql(PromisedRow { query, expect }))
}

fn number(
    decoder: &mut Decoder<'_>,
    node: &Node,
    path: &str,
    range: std::ops::RangeInclusive<i64>,
) -> Option<u16> {
    let number = decoder.integer(node, path, range)?;
    u16::try_from(number).ok()
}

fn text_of(decoder: &mut Decoder<'_>, mapping: &Mapping, path: &str, key: &str) -> Option<String> {
    let node = mapping.get(key)?;
    decoder.text(node, &format!("{path}.{key}"))
}

fn required<'n>(
    decoder: &mut Decoder<'_>,
    (node, mapping): (&Node, &'n Mapping),
    path: &str,
    key: &str,
) -> Option<&'n Node> {
    let found = mapping.get(key);
    if found.is_none() {
        let message = format!("`{path}` has no `{key}`");
        decoder.error(decoder.head(node), message).help = Some(format!("add `{key}: …`"));
    }
    found
}
