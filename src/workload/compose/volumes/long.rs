//! The long form of a volume: a mapping that names its type.

use std::path::PathBuf;

use super::super::casts;
use super::super::file::{File, Section};
use super::super::keys::Keys;
use super::super::paths;
use super::{PROPAGATION, named, target};
use crate::workload::model::{Mount, MountSource};
use crate::yaml::{Entry, Node};

const LONG: Keys = Keys {
    read: &[
        "type",
        "source",
        "target",
        "read_only",
        "bind",
        "volume",
        "tmpfs",
        "image",
    ],
    ignored: &[("consistency", "it exists on Docker Desktop for Mac only")],
    refused: &[],
};
const BIND: Keys = Keys {
    read: &["create_host_path", "propagation", "selinux"],
    ignored: &[(
        "recursive",
        "what is mounted below the folder is mounted too, as by default",
    )],
    refused: &[],
};
const VOLUME: Keys = Keys {
    read: &["nocopy", "subpath"],
    ignored: &[(
        "labels",
        "a volume has the labels that the top level gives it",
    )],
    refused: &[],
};
const IMAGE: Keys = Keys::only(&["subpath"]);
const TMPFS: Keys = Keys::only(&["size", "mode"]);
const TYPES: [&str; 6] = ["bind", "volume", "tmpfs", "image", "npipe", "cluster"];

pub(super) fn read(file: &mut File<'_>, item: &Node, path: &str) -> Option<Mount> {
    let section = Section::open(file, item, path, &LONG)?;
    section.required(file, item, "type", "one of bind, volume and tmpfs")?;
    let kind = section.read(file, "type", |file, node, path| {
        casts::one_of(file, node, path, &TYPES)
    })?;
    let source = match kind.as_str() {
        "bind" => bind(file, item, &section),
        "volume" => volume(file, &section),
        "tmpfs" => tmpfs(file, &section),
        _ => {
            unsupported(file, &section, &kind);
            None
        }
    };
    warn_of_others(file, &section, &kind);
    let read_only = section.read(file, "read_only", casts::flag);
    let written = section.required(file, item, "target", "a path in the container")?;
    let text = file.decoder.string(&written.value, &section.at("target"))?;
    Some(Mount {
        target: target(file, written.value.span, &text)?,
        source: source?,
        read_only,
    })
}

/// Types that not every engine has; each with the reason, and what does the same.
fn unsupported(file: &mut File<'_>, section: &Section<'_>, kind: &str) {
    let why = match kind {
        "image" => {
            section.read(file, "image", |file, node, path| {
                Section::open(file, node, path, &IMAGE)
            });
            "copy its files into a volume in a service that runs first"
        }
        "npipe" => "pipes with names exist on Windows only",
        _ => "volumes of a cluster exist in a swarm only",
    };
    if let Some(entry) = section.entry("type") {
        let message = format!("Volumes of type `{kind}` are not supported");
        file.fault(entry.value.span, message, why);
    }
}

/// Options of one type of volume say nothing about another.
fn warn_of_others(file: &mut File<'_>, section: &Section<'_>, kind: &str) {
    for option in ["bind", "volume", "tmpfs", "image"] {
        if kind != option
            && let Some(entry) = section.entry(option)
        {
            let message = format!("`{option}` has no effect on a volume of type `{kind}`");
            file.decoder.warning(entry.key_span, message);
        }
    }
}

fn bind(file: &mut File<'_>, item: &Node, section: &Section<'_>) -> Option<MountSource> {
    let options = section.read(file, "bind", |file, node, path| {
        Section::open(file, node, path, &BIND)
    });
    let mut create = true;
    let (mut propagation, mut selinux) = (None, None);
    if let Some(options) = options {
        create = options
            .read(file, "create_host_path", casts::boolean)
            .unwrap_or(true);
        propagation = options.read(file, "propagation", |file, node, path| {
            casts::one_of(file, node, path, &PROPAGATION)
        });
        selinux = options.read(file, "selinux", |file, node, path| {
            casts::one_of(file, node, path, &["z", "Z"])
        });
    }
    let entry = section.required(file, item, "source", "a path of the host")?;
    let path = host_path(file, entry, &section.at("source"))?;
    if !create && file.current.active && !path.exists() {
        let message = format!("There is no `{}` on this host", path.display());
        let help = "create it, or set `create_host_path: true`";
        file.fault(entry.value.span, message, help);
    }
    Some(MountSource::Bind {
        path,
        create,
        propagation,
        selinux,
    })
}

fn host_path(file: &mut File<'_>, entry: &Entry, path: &str) -> Option<PathBuf> {
    let written = file.decoder.string(&entry.value, path)?;
    let span = entry.value.span;
    if written.is_empty() {
        let message = "The source of a bind is empty";
        file.fault(span, message, "write a path of the host");
        return None;
    }
    paths::resolve(file, span, &written)
}

fn volume(file: &mut File<'_>, section: &Section<'_>) -> Option<MountSource> {
    let options = section.read(file, "volume", |file, node, path| {
        Section::open(file, node, path, &VOLUME)
    });
    let (mut no_copy, mut subpath) = (false, None);
    if let Some(options) = options {
        no_copy = options.read(file, "nocopy", casts::flag);
        subpath = options.read(file, "subpath", casts::string);
    }
    let Some(name) = section.read(file, "source", casts::string) else {
        return Some(MountSource::Anonymous);
    };
    let span = section.entry("source")?.value.span;
    Some(MountSource::Volume {
        key: named(file, span, &name)?,
        no_copy,
        subpath,
    })
}

fn tmpfs(file: &mut File<'_>, section: &Section<'_>) -> Option<MountSource> {
    if let Some(entry) = section.entry("source") {
        let message = "A volume of type `tmpfs` has no source";
        file.fault(entry.key_span, message, "drop `source`");
    }
    let options = section.read(file, "tmpfs", |file, node, path| {
        Section::open(file, node, path, &TMPFS)
    });
    let (mut size, mut mode) = (None, None);
    if let Some(options) = options {
        size = options.read(file, "size", casts::bytes);
        mode = options.read(file, "mode", casts::mode);
    }
    Some(MountSource::Tmpfs { size, mode })
}
