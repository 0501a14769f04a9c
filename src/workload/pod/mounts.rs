//! `volumeMounts` of a container
//! (<https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#volumes-1>).

use std::collections::BTreeMap;

use super::contents::is_inside;
use super::environment::Environment;
use super::file::{File, Object};
use super::keys::Keys;
use super::volumes::{PodVolume, Source};
use crate::text::Span;
use crate::workload::model::{HostPathKind, Mount, MountSource};

const MOUNT: Keys = Keys {
    read: &[
        "mountPath",
        "mountPropagation",
        "name",
        "readOnly",
        "subPath",
        "subPathExpr",
    ],
    ignored: &[("recursiveReadOnly", "a read-only mount is read-only")],
    refused: &[],
};

/// Mounts what the container asks for; what its definition is made of goes into `environment`'s
/// sources.
pub(super) fn read(
    file: &mut File<'_>,
    container: &Object<'_>,
    volumes: &BTreeMap<String, PodVolume>,
    environment: &mut Environment,
) -> Vec<Mount> {
    let mut seen: BTreeMap<String, Span> = BTreeMap::new();
    let mut mounts = Vec::new();
    for object in container.children(file, "volumeMounts", &MOUNT) {
        let target = target(file, &object);
        if let Some((target, span)) = &target {
            if let Some(first) = seen.get(target) {
                let message = format!("Two volumes are mounted at `{target}`");
                file.contradiction(
                    *span,
                    message,
                    (*first, "the first one"),
                    "mount one elsewhere",
                );
            }
            seen.insert(target.clone(), *span);
        }
        let Some(entry) = object.required(file, "name", "that of the volume") else {
            continue;
        };
        let Some(name) = file.decoder.string(&entry.value, &object.at("name")) else {
            continue;
        };
        let part = part(file, &object, environment);
        let Some(volume) = volumes.get(&name) else {
            let known = volumes.keys().map(String::as_str);
            file.missing(entry.value.span, "volume", &name, known);
            continue;
        };
        if let Some((target, _)) = target {
            mounts.extend(mount(file, &object, (volume, target, part), environment));
        }
    }
    mounts
}

fn target(file: &mut File<'_>, object: &Object<'_>) -> Option<(String, Span)> {
    let entry = object.required(file, "mountPath", "where the container finds it")?;
    let path = file.decoder.string(&entry.value, &object.at("mountPath"))?;
    let span = entry.value.span;
    if !path.starts_with('/') || path.contains(':') {
        let message = format!("`{}` is `{path}`", object.at("mountPath"));
        file.fault(span, message, "write an absolute path without `:`");
        return None;
    }
    let trimmed = path.trim_end_matches('/');
    let path = if trimmed.is_empty() { "/" } else { trimmed };
    if path == "/" {
        let help = "mount it at a folder below";
        file.fault(
            span,
            "A volume cannot take the place of the whole root",
            help,
        );
        return None;
    }
    Some((path.to_owned(), span))
}

/// The part of the volume that is mounted, and where it is written.
fn part(
    file: &mut File<'_>,
    object: &Object<'_>,
    environment: &Environment,
) -> Option<(String, Span)> {
    let plain = object
        .string(file, "subPath")
        .filter(|path| !path.is_empty());
    let expression = object
        .string(file, "subPathExpr")
        .filter(|path| !path.is_empty());
    if plain.is_some() && expression.is_some() {
        let message = format!("`{}` has a `subPath` and a `subPathExpr`", object.path);
        file.fault(
            object.place_of("subPathExpr"),
            message,
            "remove one of the two",
        );
    }
    let key = if plain.is_some() {
        "subPath"
    } else {
        "subPathExpr"
    };
    let expanded = expression.map(|text| environment.expand(&text));
    let span = object.place_of(key);
    if expanded.as_ref().is_some_and(|path| path.contains("$(")) {
        let message = format!(
            "`{}` refers to a variable that is not there",
            object.at(key)
        );
        file.fault(
            span,
            message,
            "refer to variables of the container's own `env`",
        );
        return None;
    }
    let path = plain.or(expanded)?;
    if !is_inside(&path) {
        let message = format!("`{}` leads out of the volume: `{path}`", object.at(key));
        file.fault(span, message, "write a path relative to the volume");
        return None;
    }
    Some((path.trim_end_matches('/').to_owned(), span))
}

fn mount(
    file: &mut File<'_>,
    object: &Object<'_>,
    (volume, target, part): (&PodVolume, String, Option<(String, Span)>),
    environment: &mut Environment,
) -> Option<Mount> {
    let words = [
        ("None", None),
        ("HostToContainer", Some("rslave")),
        ("Bidirectional", Some("rshared")),
    ];
    let propagation = object.word(file, "mountPropagation", &words).flatten();
    let asked = object.flag(file, "readOnly");
    let (source, read_only) = match &volume.source {
        Source::HostPath { path, kind } => {
            let (path, kind) = match part {
                Some((part, _)) => (path.join(part), HostPathKind::Any),
                None => (path.clone(), *kind),
            };
            let propagation = propagation.map(str::to_owned);
            let source = MountSource::HostPath {
                path,
                kind,
                propagation,
            };
            (source, false)
        }
        Source::Kept {
            key,
            volume: kept,
            read_only,
            sources,
            in_memory,
        } => {
            if let Some((part, span)) = &part {
                check_part(file, volume, (part, *span), *in_memory)?;
            }
            environment.sources.extend(sources.clone());
            file.volumes.insert(key.clone(), kept.clone());
            let source = MountSource::Volume {
                key: key.clone(),
                no_copy: true,
                subpath: part.map(|(part, _)| part),
            };
            (source, *read_only)
        }
    };
    Some(Mount {
        source,
        target,
        read_only: asked || read_only,
    })
}

fn check_part(
    file: &mut File<'_>,
    volume: &PodVolume,
    (part, span): (&str, Span),
    in_memory: bool,
) -> Option<()> {
    if in_memory {
        let message = "A part of a volume in memory cannot be mounted";
        file.fault(
            span,
            message,
            "mount the whole volume, or leave out `medium: Memory`",
        );
        return None;
    }
    let Some(files) = volume.files() else {
        return Some(());
    };
    let below = format!("{part}/");
    if files
        .iter()
        .any(|path| *path == part || path.starts_with(&below))
    {
        return Some(());
    }
    file.missing(span, "file in the volume called", part, files.into_iter());
    None
}
