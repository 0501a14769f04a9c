//! What pods refer to: ConfigMaps, Secrets and claims of volumes
//! (<https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/>).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::file::{File, Object};
use super::keys::{self, Keys};
use super::metadata;
use crate::secret::{Secret, SecretBytes};
use crate::text::Span;
use crate::yaml::Node;

/// Everything of one file that pods may refer to, by name.
#[derive(Default)]
pub(super) struct Objects {
    pub config_maps: BTreeMap<String, Data>,
    pub secrets: BTreeMap<String, Data>,
    pub claims: BTreeMap<String, Span>,
}

/// The keys and values of a ConfigMap or a Secret.
#[derive(Clone)]
pub(super) struct Data {
    pub kind: DataKind,
    pub name: String,
    pub name_span: Span,
    pub values: BTreeMap<String, SecretBytes>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DataKind {
    ConfigMap,
    Secret,
}

impl DataKind {
    pub fn word(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
        }
    }
}

impl Objects {
    pub fn of(&self, kind: DataKind) -> &BTreeMap<String, Data> {
        match kind {
            DataKind::ConfigMap => &self.config_maps,
            DataKind::Secret => &self.secrets,
        }
    }
}

impl Data {
    /// A text that changes when any of its values does.
    pub fn state(&self) -> Secret {
        let mut state = String::new();
        for (key, value) in &self.values {
            let bytes: Vec<String> = value.expose().iter().map(u8::to_string).collect();
            state.push_str(&format!("{key}={}\n", bytes.join(".")));
        }
        Secret::new(state)
    }
}

/// Reads a ConfigMap or a Secret into the file's objects.
pub(super) fn data(file: &mut File<'_>, node: &Node, kind: DataKind) {
    let fields: &Keys = match kind {
        DataKind::ConfigMap => &keys::CONFIG_MAP,
        DataKind::Secret => &keys::SECRET,
    };
    let Some(object) = Object::open(file, node, "", fields) else {
        return;
    };
    let values = match kind {
        DataKind::ConfigMap => {
            let mut values = texts(file, &object, "data");
            for (key, (value, span)) in encoded(file, &object, "binaryData") {
                if values.contains_key(&key) {
                    let message = format!("`{key}` stands in `data` and in `binaryData`");
                    file.fault(span, message, "remove one of the two");
                }
                values.insert(key, value);
            }
            values
        }
        DataKind::Secret => {
            let data = encoded(file, &object, "data");
            let mut values: BTreeMap<_, _> = data
                .into_iter()
                .map(|(key, (value, _))| (key, value))
                .collect();
            values.extend(texts(file, &object, "stringData"));
            hide(file, &values);
            values
        }
    };
    let Some(metadata) = metadata::read(file, &object) else {
        return;
    };
    let data = Data {
        kind,
        name_span: metadata.name_span,
        name: metadata.name,
        values,
    };
    if let Some(first) = file.objects.of(kind).get(&data.name) {
        let (first, what) = (first.name_span, kind.word());
        let message = format!("Two objects of kind {what} are called `{}`", data.name);
        file.contradiction(
            data.name_span,
            message,
            (first, "the first one"),
            "rename one of them",
        );
        return;
    }
    let known = match kind {
        DataKind::ConfigMap => &mut file.objects.config_maps,
        DataKind::Secret => &mut file.objects.secrets,
    };
    known.insert(data.name.clone(), data);
}

fn texts(file: &mut File<'_>, object: &Object<'_>, key: &str) -> BTreeMap<String, SecretBytes> {
    let mut values = BTreeMap::new();
    for (key, node) in entries(file, object, key) {
        let path = object.at(&key);
        if let Some(text) = file.decoder.string(node, &path) {
            values.insert(key, SecretBytes::new(text));
        }
    }
    values
}

type Encoded = BTreeMap<String, (SecretBytes, Span)>;

fn encoded(file: &mut File<'_>, object: &Object<'_>, key: &str) -> Encoded {
    let mut values = BTreeMap::new();
    for (key, node) in entries(file, object, key) {
        let path = object.at(&key);
        let Some(text) = file.decoder.string(node, &path) else {
            continue;
        };
        if text.len() >= SHORTEST_HIDDEN {
            file.secrets.insert(Secret::new(text.trim()));
        }
        let letters: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        match STANDARD.decode(letters) {
            Ok(bytes) => {
                values.insert(key, (SecretBytes::new(bytes), node.span));
            }
            Err(_) => {
                let message = format!("`{key}` is no base64");
                let help = match object.mapping.get("kind").and_then(Node::as_scalar) {
                    Some(kind) if &*kind.text == "Secret" => {
                        "write the value itself under `stringData`, or encode it: \
                         printf %s VALUE | base64 -w0"
                    }
                    _ => "write the value itself under `data`, or encode it: base64 -w0 FILE",
                };
                file.fault(node.span, message, help);
            }
        }
    }
    values
}

/// The entries of the mapping under `key` whose own keys may be names of files.
fn entries<'n>(file: &mut File<'_>, object: &Object<'n>, key: &str) -> Vec<(String, &'n Node)> {
    let entry = object.entry(key);
    let mapping = entry.and_then(|entry| file.decoder.mapping(&entry.value, &object.at(key)));
    let mut found = Vec::new();
    for entry in mapping.into_iter().flat_map(|mapping| &mapping.entries) {
        let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let name = &*entry.key;
        if name.is_empty() || !name.chars().all(inner) || name == "." || name.starts_with("..") {
            let message = format!("`{name}` cannot be a key of `{}`", object.at(key));
            file.fault(
                entry.key_span,
                message,
                "use letters, digits, `-`, `_` and `.`",
            );
            continue;
        }
        found.push((name.to_owned(), &entry.value));
    }
    found
}

/// Shortest line of a secret that is looked for in output, in characters.
const SHORTEST_HIDDEN: usize = 8;

/// Notes the values, and their longer lines, as what no output may show.
fn hide(file: &mut File<'_>, values: &BTreeMap<String, SecretBytes>) {
    for value in values.values() {
        let Ok(text) = std::str::from_utf8(value.expose()) else {
            continue;
        };
        file.secrets.insert(Secret::new(text.trim()));
        if text.trim().contains('\n') {
            let lines = text.lines().map(str::trim);
            let long = lines.filter(|line| line.chars().count() >= SHORTEST_HIDDEN);
            file.secrets.extend(long.map(Secret::from));
        }
    }
}
