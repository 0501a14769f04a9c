//! `env` and `envFrom` of a container
//! (<https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#environment-variables>).

use std::collections::BTreeMap;

use super::file::{File, Object};
use super::keys;
use super::member::Owner;
use super::objects::{Data, DataKind};
use super::quantity::Quantity;
use super::references;
use super::resources::Declared;
use crate::secret::Secret;
use crate::text::Span;

/// What each container of the pod declares, by name.
type Resources = BTreeMap<String, Declared>;

/// The variables of a container, and which objects they come from.
#[derive(Debug, Clone, Default)]
pub(super) struct Environment {
    pub values: BTreeMap<String, Secret>,
    pub sources: BTreeMap<String, Secret>,
}

impl Environment {
    /// `text` with its `$(NAME)` replaced.
    pub fn expand(&self, text: &str) -> String {
        references::expand(text, &|name| self.values.get(name).map(Secret::expose))
    }

    fn note(&mut self, data: &Data) {
        let name = format!("{} {}", data.kind.word(), data.name);
        self.sources.insert(name, data.state());
    }
}

/// Reads `envFrom`, then `env`, which overrides it.
pub(super) fn read(
    file: &mut File<'_>,
    container: &Object<'_>,
    owner: &Owner<'_>,
    resources: &Resources,
) -> Environment {
    let mut environment = Environment::default();
    for source in container.children(file, "envFrom", &keys::ENV_FROM) {
        from_object(file, &source, &mut environment);
    }
    for variable in container.children(file, "env", &keys::ENV) {
        let entry = variable.required(file, "name", "that of the variable");
        let name = entry.and_then(|entry| {
            let name = file.decoder.string(&entry.value, &variable.at("name"))?;
            check_name(file, entry.value.span, &name).then_some(name)
        });
        let value = value(file, &variable, &mut environment, owner, resources);
        if let (Some(name), Some(value)) = (name, value) {
            environment.values.insert(name, value);
        }
    }
    environment
}

fn check_name(file: &mut File<'_>, span: Span, name: &str) -> bool {
    let fits = |c: char| c.is_ascii_graphic() && c != '=';
    let good = !name.is_empty() && name.chars().all(fits);
    if !good {
        let message = format!("`{name}` cannot be the name of a variable");
        file.fault(span, message, "use letters, digits and `_`");
    }
    good
}

fn from_object(file: &mut File<'_>, source: &Object<'_>, environment: &mut Environment) {
    let prefix = source.string(file, "prefix").unwrap_or_default();
    let kinds = [
        ("configMapRef", DataKind::ConfigMap),
        ("secretRef", DataKind::Secret),
    ];
    let kinds = kinds
        .into_iter()
        .filter(|(key, _)| source.entry(key).is_some());
    let kinds: Vec<_> = kinds.collect();
    let [(key, kind)] = kinds.as_slice() else {
        let message = format!("`{}` names {} sources", source.path, kinds.len());
        file.fault(
            source.span,
            message,
            "name one: `configMapRef` or `secretRef`",
        );
        return;
    };
    let Some(reference) = source.child(file, key, &keys::OBJECT_REF) else {
        return;
    };
    let Some((data, _)) = referred(file, &reference, *kind, "name") else {
        return;
    };
    environment.note(&data);
    for (key, value) in &data.values {
        let span = reference.place_of("name");
        if let Some(text) = text(file, span, &data, key, value.expose()) {
            environment.values.insert(format!("{prefix}{key}"), text);
        }
    }
}

/// The object that `reference` names under `key`, unless it is optional and not there; and whether
/// it is optional.
pub(super) fn referred(
    file: &mut File<'_>,
    reference: &Object<'_>,
    kind: DataKind,
    key: &str,
) -> Option<(Data, bool)> {
    let optional = reference.flag(file, "optional");
    let entry = reference.required(file, key, &format!("that of the {}", kind.word()))?;
    let name = file.decoder.string(&entry.value, &reference.at(key))?;
    let found = file.objects.of(kind).get(&name).cloned();
    if found.is_none() && !optional {
        let names: Vec<String> = file.objects.of(kind).keys().cloned().collect();
        let known = names.iter().map(String::as_str);
        file.missing(entry.value.span, kind.word(), &name, known);
    }
    found.map(|data| (data, optional))
}

fn text(file: &mut File<'_>, span: Span, data: &Data, key: &str, value: &[u8]) -> Option<Secret> {
    match std::str::from_utf8(value) {
        Ok(text) if !text.contains('\0') => Some(Secret::from(text)),
        _ => {
            let (what, name) = (data.kind.word(), &data.name);
            let message = format!("`{key}` of {what} `{name}` is no text, and a variable is");
            file.fault(span, message, "mount it as a file");
            None
        }
    }
}

fn value(
    file: &mut File<'_>,
    variable: &Object<'_>,
    environment: &mut Environment,
    owner: &Owner<'_>,
    resources: &Resources,
) -> Option<Secret> {
    let Some(from) = variable.child(file, "valueFrom", &keys::ENV_SOURCE) else {
        let text = variable.string(file, "value").unwrap_or_default();
        return Some(Secret::new(environment.expand(&text)));
    };
    if let Some(entry) = variable.entry("value").filter(|entry| {
        entry
            .value
            .as_scalar()
            .is_none_or(|value| !value.text.is_empty())
    }) {
        let message = format!("`{}` has a `value` and a `valueFrom`", variable.path);
        file.fault(entry.key_span, message, "remove one of the two");
    }
    let given: Vec<&str> = keys::ENV_SOURCE
        .read
        .iter()
        .copied()
        .filter(|key| from.entry(key).is_some())
        .collect();
    let [key] = given.as_slice() else {
        let message = format!("`{}` names {} sources", from.path, given.len());
        let help = format!("name one: {}", keys::ENV_SOURCE.read.join(", "));
        file.fault(from.span, message, help);
        return None;
    };
    match *key {
        "configMapKeyRef" => of_key(file, &from, key, DataKind::ConfigMap, environment),
        "secretKeyRef" => of_key(file, &from, key, DataKind::Secret, environment),
        "fieldRef" => {
            let field = from.child(file, key, &keys::FIELD_REF)?;
            super::fields::value(file, &field, owner).map(Secret::new)
        }
        _ => {
            let field = from.child(file, key, &keys::RESOURCE_REF)?;
            of_resource(file, &field, owner, resources)
        }
    }
}

fn of_key(
    file: &mut File<'_>,
    from: &Object<'_>,
    key: &str,
    kind: DataKind,
    environment: &mut Environment,
) -> Option<Secret> {
    let reference = from.child(file, key, &keys::KEY_REF)?;
    let (data, optional) = referred(file, &reference, kind, "name")?;
    let entry = reference.required(file, "key", "that of the value")?;
    let key = file.decoder.string(&entry.value, &reference.at("key"))?;
    let Some(value) = data.values.get(&key) else {
        if !optional {
            let what = format!("key in {} `{}`", kind.word(), data.name);
            file.missing(
                entry.value.span,
                &what,
                &key,
                data.values.keys().map(String::as_str),
            );
        }
        return None;
    };
    environment.note(&Data {
        values: BTreeMap::from([(key.clone(), value.clone())]),
        ..data.clone()
    });
    text(file, entry.value.span, &data, &key, value.expose())
}

/// A limit or request as a number (<https://kubernetes.io/docs/concepts/workloads/pods/downward-api/>).
pub(super) fn of_resource(
    file: &mut File<'_>,
    field: &Object<'_>,
    owner: &Owner<'_>,
    resources: &Resources,
) -> Option<Secret> {
    let divisor = match field.entry("divisor") {
        Some(entry) => super::resources::quantity(file, &entry.value, &field.at("divisor"))?,
        None => Quantity::ONE,
    };
    let of = field.string(file, "containerName");
    let container = of.as_deref().unwrap_or(owner.container);
    let Some(declared) = resources.get(container) else {
        let known = resources.keys().map(String::as_str);
        file.missing(
            field.place_of("containerName"),
            "container",
            container,
            known,
        );
        return None;
    };
    let entry = field.required(file, "resource", "for instance `limits.memory`")?;
    let resource = file.decoder.string(&entry.value, &field.at("resource"))?;
    let quantity = match resource.as_str() {
        "limits.cpu" => declared.cpu_limit,
        "limits.memory" => declared.memory_limit,
        "requests.cpu" => declared.cpu_request.or(declared.cpu_limit),
        "requests.memory" => declared.memory_request.or(declared.memory_limit),
        _ => {
            let message = format!("`{resource}` is no resource of a container");
            let help = "write limits.cpu, limits.memory, requests.cpu or requests.memory";
            file.fault(entry.value.span, message, help);
            return None;
        }
    };
    let Some(quantity) = quantity else {
        let message = format!("Container `{container}` declares no `{resource}`");
        let help = format!("add it under `resources` of `{container}`");
        file.fault(entry.value.span, message, help);
        return None;
    };
    Some(Secret::new(quantity.divided(divisor).to_string()))
}
