//! `secrets` and `configs`: what the top level declares, and as which files a service sees them
//! (<https://github.com/compose-spec/compose-spec/blob/main/09-secrets.md>).

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::casts;
use super::file::{File, Section};
use super::keys::Keys;
use super::paths;
use crate::secret::Secret;
use crate::text::Span;
use crate::workload::model::{FileContent, FileMount};
use crate::yaml::{Node, Value};

const DECLARED: Keys = Keys {
    read: &["file", "content", "environment"],
    ignored: &[
        ("name", "it names the object of a swarm"),
        ("labels", "there is no object to label, only a file"),
        ("driver", "it exists in a swarm only"),
        ("driver_opts", "it exists in a swarm only"),
        ("template_driver", "it exists in a swarm only"),
    ],
    refused: &[(
        "external",
        "poststack has no store of its own; write `file` or `environment`",
    )],
};
const MOUNTED: Keys = Keys::only(&["source", "target", "uid", "gid", "mode"]);

/// Where the content of a secret or config comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum FileSource {
    /// What is wrong with it has been said already.
    #[default]
    Faulty,
    Path(PathBuf, Span),
    Content(Secret),
    /// The value of a variable.
    Variable(String, Span),
}

/// Which of the two kinds; they differ in where the file appears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Secret,
    Config,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Config => "config",
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Secret => "/run/secrets/",
            Self::Config => "/",
        }
    }
}

/// One entry of the top level; exactly one source.
pub(super) fn declared(file: &mut File<'_>, _: &str, node: &Node, path: &str) -> FileSource {
    let Some(section) = Section::open(file, node, path, &DECLARED) else {
        if node.is_null() {
            no_source(file, node.span, path);
        }
        return FileSource::Faulty;
    };
    let given: Vec<_> = ["file", "content", "environment"]
        .into_iter()
        .filter_map(|key| section.entry(key))
        .collect();
    if let [_, second, ..] = given.as_slice() {
        let message = format!("`{path}` has more than one source");
        let help = "keep one of `file`, `content` and `environment`";
        file.fault(second.key_span, message, help);
        return FileSource::Faulty;
    }
    let Some(entry) = given.first() else {
        if !section.at_fault {
            no_source(file, node.span, path);
        }
        return FileSource::Faulty;
    };
    let span = entry.value.span;
    let Some(text) = file.decoder.string(&entry.value, &section.at(&entry.key)) else {
        return FileSource::Faulty;
    };
    match &*entry.key {
        "content" => FileSource::Content(Secret::new(text)),
        "environment" => FileSource::Variable(text, span),
        _ => match paths::resolve(file, span, &text) {
            Some(path) => FileSource::Path(path, span),
            None => FileSource::Faulty,
        },
    }
}

fn no_source(file: &mut File<'_>, span: Span, path: &str) {
    let message = format!("`{path}` has no source");
    file.fault(
        span,
        message,
        "add one of `file`, `content` and `environment`",
    );
}

/// The files that a service sees under `secrets` or `configs`.
pub(super) fn mounted(file: &mut File<'_>, node: &Node, path: &str, kind: Kind) -> Vec<FileMount> {
    let items = file.decoder.sequence(node, path).unwrap_or_default();
    items
        .iter()
        .filter_map(|item| match &item.value {
            Value::Mapping(_) => long(file, item, path, kind),
            _ => {
                let name = file.decoder.string(item, path)?;
                let content = content(file, item.span, &name, kind)?;
                Some(mount(content, target_of(&name, kind)))
            }
        })
        .collect()
}

fn long(file: &mut File<'_>, item: &Node, path: &str, kind: Kind) -> Option<FileMount> {
    let section = Section::open(file, item, path, &MOUNTED)?;
    let meaning = format!("the name of a {}", kind.word());
    let source = section.required(file, item, "source", &meaning)?;
    let name = file.decoder.string(&source.value, &section.at("source"))?;
    let target = section.read(file, "target", casts::string);
    let uid = section.read(file, "uid", owner);
    let gid = section.read(file, "gid", owner);
    let mode = section.read(file, "mode", casts::mode);
    let content = content(file, source.value.span, &name, kind)?;
    if let (FileContent::Path(_), Some(entry)) = (
        &content,
        ["uid", "gid", "mode"]
            .iter()
            .find_map(|key| section.entry(key)),
    ) {
        let message = format!(
            "`{}` is ignored: a {} from a file is mounted as the file is",
            entry.key,
            kind.word()
        );
        file.decoder.note(entry.key_span, message);
    }
    let mut mount = mount(content, target_of(&target.unwrap_or(name), kind));
    mount.uid = uid.unwrap_or_default();
    mount.gid = gid.unwrap_or_default();
    mount.mode = mode.unwrap_or(mount.mode);
    Some(mount)
}

/// The secrets of a build, each by its id: the target, or the name it is declared under.
pub(super) fn of_build(
    file: &mut File<'_>,
    node: &Node,
    path: &str,
) -> BTreeMap<String, FileContent> {
    let items = file.decoder.sequence(node, path).unwrap_or_default();
    let mut found = BTreeMap::new();
    for item in items {
        let (source, target) = match &item.value {
            Value::Mapping(_) => {
                let Some(section) = Section::open(file, item, path, &MOUNTED) else {
                    continue;
                };
                let source = section.required(file, item, "source", "the name of a secret");
                (
                    source.map(|entry| &entry.value),
                    section.read(file, "target", casts::string),
                )
            }
            _ => (Some(item), None),
        };
        let Some(source) = source else { continue };
        let Some(name) = file.decoder.string(source, path) else {
            continue;
        };
        if let Some(content) = content(file, source.span, &name, Kind::Secret) {
            found.insert(target.unwrap_or(name), content);
        }
    }
    found
}

fn owner(file: &mut File<'_>, node: &Node, path: &str) -> Option<u32> {
    let id = file.decoder.integer(node, path, 0..=i64::from(u32::MAX))?;
    u32::try_from(id).ok()
}

fn target_of(written: &str, kind: Kind) -> String {
    if written.starts_with('/') {
        written.to_owned()
    } else {
        format!("{}{written}", kind.folder())
    }
}

fn mount(content: FileContent, target: String) -> FileMount {
    FileMount {
        target,
        content,
        mode: 0o444,
        uid: 0,
        gid: 0,
    }
}

/// The content behind a name; what it needs must be there when the service is going to run.
fn content(file: &mut File<'_>, span: Span, name: &str, kind: Kind) -> Option<FileContent> {
    let declared = match kind {
        Kind::Secret => &file.declared.secrets,
        Kind::Config => &file.declared.configs,
    };
    let Some(source) = declared.get(name).cloned() else {
        let known: Vec<String> = declared.keys().cloned().collect();
        file.undeclared(span, kind.word(), name, known.iter());
        return None;
    };
    match source {
        FileSource::Faulty => None,
        FileSource::Content(text) => Some(FileContent::Inline(text)),
        FileSource::Path(path, place) => {
            if file.current.active && !path.exists() {
                let message = format!("There is no file `{}`", path.display());
                let help = "a relative path starts at the folder of the Compose file";
                file.fault(place, message, help);
            }
            Some(FileContent::Path(path))
        }
        FileSource::Variable(variable, place) => {
            let value = file
                .variables(place)
                .get(&variable)
                .map(|variable| variable.value(file.current.reader).to_owned());
            if value.is_none() && file.current.active {
                let message = format!("The variable `{variable}` is not set");
                let help = format!("set it, for instance with `--set {variable}=…`");
                file.fault(place, message, help);
            }
            Some(FileContent::Inline(Secret::new(value?)))
        }
    }
}

#[cfg(test)]
mod tests;
