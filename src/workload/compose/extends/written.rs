//! The key `extends` as it is written: a service, or a mapping that names a file too.

use crate::text::Span;
use crate::yaml::decode::Decoder;
use crate::yaml::{Node, Value};

const KEYS: [&str; 2] = ["service", "file"];

/// What one service extends.
pub(super) struct Extends {
    pub service: String,
    pub file: Option<(String, Span)>,
    pub span: Span,
}

/// Reads the `extends` of `service`; a faulty one is reported.
pub(super) fn read(decoder: &mut Decoder<'_>, service: &str, node: &Node) -> Option<Extends> {
    let path = format!("services.{service}.extends");
    let Value::Mapping(mapping) = &node.value else {
        if node.as_scalar().is_none() {
            let help = "write the name of a service, or {file: …, service: …}";
            decoder.wrong_type(node, &path, "a service").help = Some(help.to_owned());
            return None;
        }
        return Some(Extends {
            service: decoder.string(node, &path)?,
            file: None,
            span: node.span,
        });
    };
    decoder.only_keys(mapping, &path, &KEYS);
    let Some(base) = mapping.get("service").filter(|node| !node.is_null()) else {
        let head = decoder.head(node);
        let fault = decoder.error(head, format!("`{path}` names no service"));
        fault.help = Some("add `service`, the name of the service to start from".to_owned());
        return None;
    };
    let file = mapping.get("file").filter(|node| !node.is_null());
    let file = match file {
        Some(node) => Some((decoder.string(node, &format!("{path}.file"))?, node.span)),
        None => None,
    };
    Some(Extends {
        service: decoder.string(base, &format!("{path}.service"))?,
        file,
        span: base.span,
    })
}
