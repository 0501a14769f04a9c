//! Volumes that hold files made from objects: `configMap`, `secret`, `downwardAPI`, `projected`
//! (<https://kubernetes.io/docs/concepts/storage/projected-volumes/>).

use std::collections::BTreeMap;
use std::path::{Component, Path};

use super::environment;
use super::fields;
use super::file::{File, Object};
use super::keys::{self, Keys};
use super::member::Ground;
use super::objects::{Data, DataKind};
use super::volumes::{self, Source};
use crate::secret::{Secret, SecretBytes};
use crate::text::Span;
use crate::workload::model::{VolumeContent, VolumeFile};

const CONFIG_MAP: Keys = Keys::only(&["name", "items", "defaultMode", "optional"]);
const SECRET: Keys = Keys::only(&["secretName", "items", "defaultMode", "optional"]);
const PROJECTED: Keys = Keys::only(&["sources", "defaultMode"]);
const PROJECTED_OBJECT: Keys = Keys::only(&["name", "items", "optional"]);
const PROJECTION: Keys = Keys {
    read: &["configMap", "secret", "downwardAPI"],
    ignored: &[],
    refused: &[
        (
            "clusterTrustBundle",
            "there is no cluster that would give it",
        ),
        ("podCertificate", "there is no cluster that would give it"),
        (
            "serviceAccountToken",
            "there is no cluster that would give it",
        ),
    ],
};
const DOWNWARD: Keys = Keys::only(&["items", "defaultMode"]);
const ITEM: Keys = Keys::only(&["key", "path", "mode"]);
const DOWNWARD_ITEM: Keys = Keys::only(&["path", "fieldRef", "resourceFieldRef", "mode"]);

/// <https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/volume/>
const DEFAULT_MODE: u32 = 0o644;
const FOLDER_MODE: u32 = 0o755;

/// What the group of the pod may do beyond the mode: it reads files, and new files in folders are its.
const GROUP_FILE: u32 = 0o440;
const GROUP_FOLDER: u32 = 0o2550;

/// The files of one volume, while they are gathered.
#[derive(Default)]
struct Files {
    files: BTreeMap<String, (VolumeFile, Span)>,
    sources: BTreeMap<String, Secret>,
}

/// The volume in `object`, of a kind that holds files.
pub(super) fn read(
    file: &mut File<'_>,
    object: &Object<'_>,
    name: &str,
    ground: &Ground<'_>,
) -> Option<Source> {
    let mut files = Files::default();
    if let Some(source) = object.child(file, "configMap", &CONFIG_MAP) {
        let of = (DataKind::ConfigMap, "name");
        let mode = default_mode(file, &source);
        of_object(file, &source, of, mode, &mut files);
    } else if let Some(source) = object.child(file, "secret", &SECRET) {
        let of = (DataKind::Secret, "secretName");
        let mode = default_mode(file, &source);
        of_object(file, &source, of, mode, &mut files);
    } else if let Some(source) = object.child(file, "downwardAPI", &DOWNWARD) {
        let mode = default_mode(file, &source);
        downward(file, &source, mode, ground, &mut files);
    } else if let Some(source) = object.child(file, "projected", &PROJECTED) {
        let mode = default_mode(file, &source);
        projected(file, &source, mode, ground, &mut files);
    } else {
        file.fault(
            object.span,
            format!("Volume `{name}` has an empty source"),
            "say which object it holds",
        );
        return None;
    }
    let (file_mask, folder_mask) = match ground.fs_group {
        Some(_) => (GROUP_FILE, GROUP_FOLDER),
        None => (0, 0),
    };
    let files_of = files.files.into_values().map(|(mut one, _)| {
        one.mode |= file_mask;
        one
    });
    let content = VolumeContent {
        files: files_of.collect(),
        mode: FOLDER_MODE | folder_mask,
        group: ground.fs_group.unwrap_or_default(),
    };
    Some(volumes::filled(
        &volumes::key(ground, name),
        content,
        files.sources,
    ))
}

fn projected(
    file: &mut File<'_>,
    source: &Object<'_>,
    mode: u32,
    ground: &Ground<'_>,
    files: &mut Files,
) {
    for projection in source.children(file, "sources", &PROJECTION) {
        if let Some(object) = projection.child(file, "configMap", &PROJECTED_OBJECT) {
            of_object(file, &object, (DataKind::ConfigMap, "name"), mode, files);
        }
        if let Some(object) = projection.child(file, "secret", &PROJECTED_OBJECT) {
            of_object(file, &object, (DataKind::Secret, "name"), mode, files);
        }
        if let Some(object) = projection.child(file, "downwardAPI", &DOWNWARD) {
            downward(file, &object, mode, ground, files);
        }
    }
}

/// The files of a ConfigMap or a Secret: all of its keys, or its `items`.
fn of_object(
    file: &mut File<'_>,
    source: &Object<'_>,
    (kind, name_key): (DataKind, &str),
    mode: u32,
    files: &mut Files,
) {
    let Some((data, optional)) = environment::referred(file, source, kind, name_key) else {
        return;
    };
    files
        .sources
        .insert(format!("{} {}", kind.word(), data.name), data.state());
    let span = source.place_of(name_key);
    if source.entry("items").is_none() {
        for (key, content) in &data.values {
            add(file, files, span, (key.clone(), content.clone(), mode));
        }
        return;
    }
    for item in source.children(file, "items", &ITEM) {
        item_of(file, &item, (&data, optional), mode, files);
    }
}

fn item_of(
    file: &mut File<'_>,
    item: &Object<'_>,
    (data, optional): (&Data, bool),
    mode: u32,
    files: &mut Files,
) {
    let mode = self::mode(file, item, "mode").unwrap_or(mode);
    let key = item.required(file, "key", "that of the value");
    let key = key.and_then(|entry| {
        let key = file.decoder.string(&entry.value, &item.at("key"))?;
        Some((key, entry.value.span))
    });
    let path = path(file, item);
    let (Some((key, span)), Some(path)) = (key, path) else {
        return;
    };
    match data.values.get(&key) {
        Some(content) => add(
            file,
            files,
            item.place_of("path"),
            (path, content.clone(), mode),
        ),
        None if optional => {}
        None => {
            let message = data.no_key(&key);
            file.missing(span, message, &key, data.values.keys().map(String::as_str));
        }
    }
}

fn downward(
    file: &mut File<'_>,
    source: &Object<'_>,
    mode: u32,
    ground: &Ground<'_>,
    files: &mut Files,
) {
    for item in source.children(file, "items", &DOWNWARD_ITEM) {
        let mode = self::mode(file, &item, "mode").unwrap_or(mode);
        let path = path(file, &item);
        let owner = ground.owner("");
        let value = match item.child(file, "fieldRef", &keys::FIELD_REF) {
            Some(field) => fields::whole(file, &field, &owner).map(Secret::new),
            None => {
                let field = item.child(file, "resourceFieldRef", &keys::RESOURCE_REF);
                if field.is_none() {
                    let help = "add `fieldRef` or `resourceFieldRef`";
                    file.fault(item.span, format!("`{}` has no source", item.path), help);
                }
                field.and_then(|field| {
                    environment::of_resource(file, &field, &owner, &ground.declared)
                })
            }
        };
        if let (Some(path), Some(value)) = (path, value) {
            let content = SecretBytes::new(value.expose());
            add(file, files, item.place_of("path"), (path, content, mode));
        }
    }
}

fn add(
    file: &mut File<'_>,
    files: &mut Files,
    span: Span,
    (path, content, mode): (String, SecretBytes, u32),
) {
    if let Some((_, first)) = files.files.get(&path) {
        let message = format!("Two files of the volume are called `{path}`");
        file.contradiction(
            span,
            message,
            (*first, "the first one"),
            "give one another `path`",
        );
        return;
    }
    let made = VolumeFile {
        path: path.clone(),
        content,
        mode,
    };
    files.files.insert(path, (made, span));
}

/// The `path` of a file within its volume.
fn path(file: &mut File<'_>, item: &Object<'_>) -> Option<String> {
    let entry = item.required(file, "path", "that of the file in the volume")?;
    let path = file.decoder.string(&entry.value, &item.at("path"))?;
    if !is_inside(&path) {
        let message = format!("`{}` leads out of the volume: `{path}`", item.at("path"));
        file.fault(
            entry.value.span,
            message,
            "write a path relative to the volume",
        );
        return None;
    }
    Some(path)
}

/// Whether a relative path stays below the folder that it starts at.
pub(super) fn is_inside(path: &str) -> bool {
    let inner = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    !path.is_empty() && Path::new(path).components().all(inner)
}

/// The mode of files that name none of their own.
fn default_mode(file: &mut File<'_>, source: &Object<'_>) -> u32 {
    mode(file, source, "defaultMode").unwrap_or(DEFAULT_MODE)
}

/// A mode such as `0400`; without a leading zero it is decimal, as in YAML.
fn mode(file: &mut File<'_>, object: &Object<'_>, key: &str) -> Option<u32> {
    let entry = object.entry(key)?;
    let text = file.decoder.text(&entry.value, &object.at(key))?;
    let octal = text.strip_prefix("0o").or_else(|| text.strip_prefix('0'));
    let parsed = match octal {
        Some("") => Some(0),
        Some(digits) => u32::from_str_radix(digits, 8).ok(),
        None => text.parse().ok(),
    };
    let mode = parsed.filter(|mode| *mode <= 0o777);
    if mode.is_none() {
        let message = format!("`{}` is no mode of a file: `{text}`", object.at(key));
        file.fault(entry.value.span, message, "write for instance `0400`");
    }
    mode
}
