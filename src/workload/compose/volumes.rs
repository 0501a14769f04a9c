//! `volumes` of a service: named and anonymous volumes, folders of the host, memory.
//! (<https://github.com/compose-spec/compose-spec/blob/main/05-services.md#volumes>)

use super::casts;
use super::file::{File, Section};
use super::keys::Keys;
use super::paths;
use crate::text::Span;
use crate::workload::model::{Mount, MountSource};
use crate::yaml::{Node, Value};

const LONG: Keys = Keys {
    read: &["type", "source", "target", "read_only", "bind", "volume", "tmpfs"],
    ignored: &[("consistency", "it exists on Docker Desktop for Mac only")],
    refused: &[("image", ""), ("cluster", "")],
};
const BIND: Keys = Keys {
    read: &["create_host_path", "propagation", "selinux"],
    ignored: &[],
    refused: &[("recursive", "")],
};
const VOLUME: Keys = Keys {
    read: &["nocopy", "subpath"],
    ignored: &[],
    refused: &[("labels", "write them at the volume of the top level")],
};
const TMPFS: Keys = Keys::only(&["size", "mode"]);
const PROPAGATION: [&str; 6] = [
    "shared", "rshared", "slave", "rslave", "private", "rprivate",
];

/// Every mount of a service; two at the same target are a fault.
pub(super) fn read(file: &mut File<'_>, node: &Node, path: &str) -> Vec<Mount> {
    let Some(items) = file.decoder.sequence(node, path) else {
        return Vec::new();
    };
    let mut mounts: Vec<(Mount, Span)> = Vec::new();
    for item in items {
        let mount = match &item.value {
            Value::Mapping(_) => long(file, item, path),
            _ => short(file, item, path),
        };
        let Some(mount) = mount else { continue };
        let earlier = mounts.iter().find(|(other, _)| other.target == mount.target);
        if let Some(&(_, first)) = earlier {
            let source = file.decoder.source.clone();
            let message = format!("`{}` is mounted twice in `{path}`", mount.target);
            let diagnostic = file.decoder.error(item.span, message);
            let place = crate::diagnostic::Place::new(&source, first);
            diagnostic.related.push((place, "first mounted here".to_owned()));
            continue;
        }
        mounts.push((mount, item.span));
    }
    mounts.into_iter().map(|(mount, _)| mount).collect()
}

/// `[source:]target[:option,…]`; a one-letter source is a volume, not a Windows drive.
fn short(file: &mut File<'_>, item: &Node, path: &str) -> Option<Mount> {
    let text = file.decoder.string(item, path)?;
    let mut parts = text.splitn(3, ':');
    let (first, second) = (parts.next().unwrap_or_default(), parts.next());
    let mut options = Options::default();
    for option in parts.next().into_iter().flat_map(|list| list.split(',')) {
        options.add(file, item.span, option)?;
    }
    let Some(target) = second else {
        return Some(Mount {
            target: target(file, item.span, first)?,
            source: MountSource::Anonymous,
            read_only: false,
        });
    };
    let target = target_of_short(file, item.span, &text, target)?;
    let source = if first.is_empty() {
        file.fault(item.span, format!("`{text}` has no source"), "write `source:target`");
        return None;
    } else if first.starts_with(['.', '/', '~']) {
        MountSource::Bind {
            path: paths::resolve(file, item.span, first)?,
            create: true,
            propagation: options.propagation,
            selinux: options.selinux,
        }
    } else {
        MountSource::Volume {
            key: named(file, item.span, first)?,
            no_copy: options.no_copy,
            subpath: None,
        }
    };
    Some(Mount {
        source,
        target,
        read_only: options.read_only,
    })
}

#[derive(Default)]
struct Options {
    read_only: bool,
    no_copy: bool,
    selinux: Option<String>,
    propagation: Option<String>,
}

impl Options {
    fn add(&mut self, file: &mut File<'_>, span: Span, option: &str) -> Option<()> {
        match option {
            "ro" => self.read_only = true,
            "rw" => self.read_only = false,
            "nocopy" | "volume-nocopy" => self.no_copy = true,
            "z" | "Z" => self.selinux = Some(option.to_owned()),
            _ if PROPAGATION.contains(&option) => self.propagation = Some(option.to_owned()),
            "consistent" | "cached" | "delegated" => {
                let message = format!("`{option}` is ignored: it exists on Docker Desktop for Mac only");
                file.decoder.note(span, message);
            }
            _ => {
                let message = format!("Unknown volume option `{option}`");
                let help = "options are ro, rw, z, Z, nocopy, shared, rshared, slave, rslave, \
                            private and rprivate, separated by commas";
                file.fault(span, message, help);
                return None;
            }
        }
        Some(())
    }
}

fn target_of_short(file: &mut File<'_>, span: Span, text: &str, written: &str) -> Option<String> {
    let mut options = Options::default();
    let is_option = matches!(written, "ro" | "rw" | "z" | "Z" | "nocopy");
    if !is_option {
        return target(file, span, written);
    }
    options.add(file, span, written)?;
    let message = format!("`{text}` has no path in the container");
    file.fault(span, message, format!("write `source:target:{written}`"));
    None
}

fn target(file: &mut File<'_>, span: Span, written: &str) -> Option<String> {
    let target = paths::in_container(file, span, written)?;
    if target == "/" {
        file.fault(span, "A volume cannot be mounted on `/`", "mount it on a folder below");
        return None;
    }
    Some(target)
}

/// The key of a volume that the top level declares.
fn named(file: &mut File<'_>, span: Span, name: &str) -> Option<String> {
    if file.declared.volumes.contains_key(name) {
        return Some(name.to_owned());
    }
    if name.contains('/') {
        let message = format!("`{name}` is neither a declared volume nor a path");
        file.fault(span, message, format!("write `./{name}` for a folder beside this file"));
        return None;
    }
    let known: Vec<String> = file.declared.volumes.keys().cloned().collect();
    let near = crate::diagnostic::nearest(name, known.iter().map(String::as_str));
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "declare it under `volumes:` at the top level, or write `./{name}` for a folder beside this file"
        ),
    };
    file.fault(span, format!("There is no volume `{name}`"), help);
    None
}

fn long(file: &mut File<'_>, item: &Node, path: &str) -> Option<Mount> {
    let section = Section::open(file, item, path, &LONG)?;
    let kind = section.read(file, "type", casts::string);
    let Some(kind) = kind else {
        file.fault(item.span, format!("`{path}` has an entry without `type`"), "add `type`: bind, volume or tmpfs");
        return None;
    };
    let source = match kind.as_str() {
        "bind" => bind(file, item, &section),
        "volume" => volume(file, &section),
        "tmpfs" => tmpfs(file, &section),
        "npipe" | "cluster" | "image" => {
            let span = section.entry("type").map_or(item.span, |entry| entry.value.span);
            file.decoder.error(span, format!("Volumes of type `{kind}` are not supported yet"));
            None
        }
        _ => {
            let span = section.entry("type").map_or(item.span, |entry| entry.value.span);
            file.fault(span, format!("Unknown type of volume `{kind}`"), "types are bind, volume and tmpfs");
            None
        }
    };
    for (option, owner) in [("bind", "bind"), ("volume", "volume"), ("tmpfs", "tmpfs")] {
        if kind != owner && let Some(entry) = section.entry(option) {
            let message = format!("`{option}` has no effect on a volume of type `{kind}`");
            file.decoder.warning(entry.key_span, message);
        }
    }
    let read_only = section.read(file, "read_only", casts::flag);
    let Some(written) = section.entry("target") else {
        file.fault(item.span, format!("`{path}` has an entry without `target`"), "add `target`, a path in the container");
        return None;
    };
    let text = file.decoder.string(&written.value, &section.at("target"))?;
    Some(Mount {
        target: target(file, written.value.span, &text)?,
        source: source?,
        read_only,
    })
}

fn bind(file: &mut File<'_>, item: &Node, section: &Section<'_>) -> Option<MountSource> {
    let options = section
        .entry("bind")
        .and_then(|entry| Section::open(file, &entry.value, &section.at("bind"), &BIND));
    let mut create = true;
    let (mut propagation, mut selinux) = (None, None);
    if let Some(options) = options {
        create = options
            .read(file, "create_host_path", casts::boolean)
            .unwrap_or(true);
        propagation = options.read(file, "propagation", |file, node, path| {
            one_of(file, node, path, &PROPAGATION)
        });
        selinux = options.read(file, "selinux", |file, node, path| {
            one_of(file, node, path, &["z", "Z"])
        });
    }
    let Some(entry) = section.entry("source") else {
        file.fault(item.span, format!("`{}` has a bind without `source`", section.path), "add `source`, a path of the host");
        return None;
    };
    let written = file.decoder.string(&entry.value, &section.at("source"))?;
    if written.is_empty() {
        file.fault(entry.value.span, "The source of a bind is empty", "write a path of the host");
        return None;
    }
    let path = paths::resolve(file, entry.value.span, &written)?;
    if !create && file.current.active && !path.exists() {
        let message = format!("There is no `{}` on this host", path.display());
        file.fault(entry.value.span, message, "create it, or set `create_host_path: true`");
    }
    Some(MountSource::Bind {
        path,
        create,
        propagation,
        selinux,
    })
}

fn volume(file: &mut File<'_>, section: &Section<'_>) -> Option<MountSource> {
    let options = section
        .entry("volume")
        .and_then(|entry| Section::open(file, &entry.value, &section.at("volume"), &VOLUME));
    let (mut no_copy, mut subpath) = (false, None);
    if let Some(options) = options {
        no_copy = options.read(file, "nocopy", casts::flag);
        subpath = options.read(file, "subpath", casts::string);
    }
    let Some(entry) = section.entry("source") else {
        return Some(MountSource::Anonymous);
    };
    let name = file.decoder.string(&entry.value, &section.at("source"))?;
    if name.is_empty() {
        return Some(MountSource::Anonymous);
    }
    Some(MountSource::Volume {
        key: named(file, entry.value.span, &name)?,
        no_copy,
        subpath,
    })
}

fn tmpfs(file: &mut File<'_>, section: &Section<'_>) -> Option<MountSource> {
    if let Some(entry) = section.entry("source") {
        file.fault(entry.key_span, "A volume of type `tmpfs` has no source", "drop `source`");
    }
    let options = section
        .entry("tmpfs")
        .and_then(|entry| Section::open(file, &entry.value, &section.at("tmpfs"), &TMPFS));
    let (mut size, mut mode) = (None, None);
    if let Some(options) = options {
        size = options.read(file, "size", casts::bytes);
        mode = options.read(file, "mode", casts::mode);
    }
    Some(MountSource::Tmpfs { size, mode })
}

fn one_of(file: &mut File<'_>, node: &Node, path: &str, known: &[&str]) -> Option<String> {
    let text = casts::string(file, node, path)?;
    if known.contains(&text.as_str()) {
        return Some(text);
    }
    let message = format!("`{path}` is `{text}`");
    file.fault(node.span, message, format!("write one of {}", known.join(", ")));
    None
}

#[cfg(test)]
mod tests;
