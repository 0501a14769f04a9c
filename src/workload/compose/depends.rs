//! `depends_on` (<https://github.com/compose-spec/compose-spec/blob/main/05-services.md#depends_on>).

use std::collections::BTreeSet;

use super::casts;
use super::file::{File, Section};
use super::keys::Keys;
use crate::text::Span;
use crate::workload::model::{Condition, Dependency};
use crate::yaml::{Node, Value};

const LONG: Keys = Keys::only(&["condition", "required", "restart"]);

/// A dependency with the place that names it.
#[derive(Debug, Clone)]
pub(super) struct Needed {
    pub dependency: Dependency,
    pub span: Span,
}

impl Needed {
    /// A dependency that says no more than the service.
    pub fn plain(service: &str, span: Span) -> Self {
        let dependency = Dependency {
            service: service.to_owned(),
            condition: Condition::Started,
            required: true,
            restart: false,
        };
        Self { dependency, span }
    }

    /// A dependency that follows from a shared namespace or a link: the service has to follow when
    /// the other one restarts, as in Compose.
    pub fn implied(service: &str, span: Span) -> Self {
        let mut implied = Self::plain(service, span);
        implied.dependency.restart = true;
        implied
    }
}

pub(super) fn read(file: &mut File<'_>, node: &Node, path: &str) -> Vec<Needed> {
    let mut needed: Vec<Needed> = Vec::new();
    let mut seen = BTreeSet::new();
    match &node.value {
        Value::Sequence(items) => {
            for item in items {
                let name = file.decoder.string(item, path);
                let known = name.filter(|name| file.has_service(item.span, name));
                let Some(name) = known else { continue };
                if seen.insert(name.clone()) {
                    needed.push(Needed::plain(&name, item.span));
                } else {
                    let message = format!("`{path}` names `{name}` twice");
                    file.fault(item.span, message, "drop one of the two");
                }
            }
        }
        Value::Mapping(mapping) => {
            for entry in &mapping.entries {
                if !file.has_service(entry.key_span, &entry.key) {
                    continue;
                }
                let mut one = Needed::plain(&entry.key, entry.key_span);
                let path = format!("{path}.{}", entry.key);
                if entry.value.is_null() {
                    let message = format!("`{path}` has no value");
                    let help = "write {condition: service_started}, or a list of services";
                    file.fault(entry.key_span, message, help);
                }
                if let Some(section) = Section::open(file, &entry.value, &path, &LONG) {
                    let dependency = &mut one.dependency;
                    dependency.condition = section
                        .read(file, "condition", condition)
                        .unwrap_or(Condition::Started);
                    dependency.required = section
                        .read(file, "required", casts::boolean)
                        .unwrap_or(true);
                    dependency.restart = section.read(file, "restart", casts::flag);
                }
                needed.push(one);
            }
        }
        Value::Scalar(_) => {
            let what = "a list of services or a mapping";
            file.decoder.wrong_type(node, path, what);
        }
    }
    needed
}

fn condition(file: &mut File<'_>, node: &Node, path: &str) -> Option<Condition> {
    let text = casts::string(file, node, path)?;
    match text.as_str() {
        "service_started" => Some(Condition::Started),
        "service_healthy" => Some(Condition::Healthy),
        "service_completed_successfully" => Some(Condition::CompletedSuccessfully),
        _ => {
            let help = "write `service_started`, `service_healthy` or \
                        `service_completed_successfully`";
            file.fault(node.span, format!("`{path}` is `{text}`"), help);
            None
        }
    }
}
