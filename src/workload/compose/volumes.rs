//! `volumes` of a service: named and anonymous volumes, folders of the host, memory
//! (<https://github.com/compose-spec/compose-spec/blob/main/05-services.md#volumes>).

pub(super) mod from;
mod long;

use std::collections::BTreeMap;

use super::file::{File, MOST_COMPARED};
use super::paths;
use crate::diagnostic::nearest;
use crate::text::Span;
use crate::workload::model::{Mount, MountSource};
use crate::yaml::{Node, Value};

const PROPAGATION: [&str; 6] = [
    "shared", "rshared", "slave", "rslave", "private", "rprivate",
];

/// Every mount of a service; of two at the same target the later one counts, as in Compose.
pub(super) fn read(file: &mut File<'_>, node: &Node, path: &str) -> Vec<Mount> {
    let Some(items) = file.decoder.sequence(node, path) else {
        return Vec::new();
    };
    let mut mounts: Vec<Mount> = Vec::new();
    let mut targets: BTreeMap<String, (usize, Span)> = BTreeMap::new();
    for item in items {
        let mount = match &item.value {
            Value::Mapping(_) => long::read(file, item, path),
            _ => short(file, item, path),
        };
        let Some(mount) = mount else { continue };
        let (at, first) = *targets
            .entry(mount.target.clone())
            .or_insert((mounts.len(), item.span));
        match mounts.get_mut(at) {
            Some(earlier) => {
                let place = file.decoder.place(first);
                let message = format!("`{}` is mounted twice in `{path}`", mount.target);
                let diagnostic = file.decoder.warning(item.span, message);
                let label = "this one does not count".to_owned();
                diagnostic.related.push((place, label));
                *earlier = mount;
            }
            None => mounts.push(mount),
        }
    }
    mounts
}

/// `[source:]target[:option,…]`; a one-letter source is a volume, not a Windows drive.
fn short(file: &mut File<'_>, item: &Node, path: &str) -> Option<Mount> {
    let text = file.decoder.string(item, path)?;
    if is_windows_path(&text) {
        let message = format!("`{text}` names a path of Windows");
        file.fault(
            item.span,
            message,
            "write a path of this host, such as `./data`",
        );
        return None;
    }
    let mut parts = text.splitn(3, ':');
    let (first, second) = (parts.next().unwrap_or_default(), parts.next());
    let mut options = Options::default();
    let written = parts.next();
    if written.is_some_and(|list| list.is_empty() || list.contains(':')) {
        let message = format!("`{text}` is no volume");
        let help = "write `[source:]target[:option,…]`";
        file.fault(item.span, message, help);
        return None;
    }
    for option in written.into_iter().flat_map(|list| list.split(',')) {
        options.add(file, item.span, option);
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
        file.fault(
            item.span,
            format!("`{text}` has no source"),
            "write `source:target`",
        );
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
    /// An option that Compose does not know either changes nothing.
    fn add(&mut self, file: &mut File<'_>, span: Span, option: &str) {
        match option {
            "" => {}
            "ro" => self.read_only = true,
            "rw" => self.read_only = false,
            "nocopy" | "volume-nocopy" => self.no_copy = true,
            "z" | "Z" => self.selinux = Some(option.to_owned()),
            _ if PROPAGATION.contains(&option) => self.propagation = Some(option.to_owned()),
            "consistent" | "cached" | "delegated" => {
                let message =
                    format!("`{option}` is ignored: it exists on Docker Desktop for Mac only");
                file.decoder.note(span, message);
            }
            _ => {
                let message = format!("The volume option `{option}` is unknown and has no effect");
                let help = "options are ro, rw, z, Z, nocopy, shared, rshared, slave, rslave, \
                            private and rprivate, separated by commas";
                file.decoder.warning(span, message).help = Some(help.to_owned());
            }
        }
    }
}

fn target_of_short(file: &mut File<'_>, span: Span, text: &str, written: &str) -> Option<String> {
    let mut options = Options::default();
    let is_option = matches!(written, "ro" | "rw" | "z" | "Z" | "nocopy");
    if !is_option {
        return target(file, span, written);
    }
    options.add(file, span, written);
    let message = format!("`{text}` has no path in the container");
    file.fault(span, message, format!("write `source:target:{written}`"));
    None
}

fn target(file: &mut File<'_>, span: Span, written: &str) -> Option<String> {
    let target = paths::in_container(file, span, written)?;
    if target == "/" {
        file.fault(
            span,
            "A volume cannot be mounted on `/`",
            "mount it on a folder below",
        );
        return None;
    }
    Some(target)
}

/// A drive letter with a backslash or a slash after it, or the name of a share.
fn is_windows_path(text: &str) -> bool {
    let mut start = text.chars();
    let (first, second, third) = (start.next(), start.next(), start.next());
    match (first, second, third) {
        (Some('\\'), Some('\\'), _) => true,
        (Some(drive), Some(':'), Some('\\')) => drive.is_ascii_alphabetic(),
        (Some(drive), Some(':'), Some('/')) => {
            drive.is_ascii_alphabetic() && start.as_str().contains(':')
        }
        _ => false,
    }
}

/// The key of a volume that the top level declares.
fn named(file: &mut File<'_>, span: Span, name: &str) -> Option<String> {
    if file.declared.volumes.contains_key(name) {
        return Some(name.to_owned());
    }
    if name.contains('/') {
        let message = format!("`{name}` is neither a declared volume nor a path");
        file.fault(
            span,
            message,
            format!("write `./{name}` for a folder beside this file"),
        );
        return None;
    }
    let known = file.declared.volumes.keys().take(MOST_COMPARED);
    let help = match nearest(name, known.map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "declare it under `volumes:` at the top level, or write `./{name}` for a folder beside this file"
        ),
    };
    file.fault(span, format!("There is no volume `{name}`"), help);
    None
}

#[cfg(test)]
mod tests;
