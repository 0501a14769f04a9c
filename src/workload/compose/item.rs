//! What tells the items of a list apart when Compose files merge: two mounts at one target are the
//! same mount, written twice (<https://github.com/compose-spec/compose-spec/blob/main/13-merge.md#unique-resources>).

use std::path::Path;

use super::paths::normalise;
use crate::yaml::{Node, Value};

/// Which part of an item it is known by.
#[derive(Debug, Clone, Copy)]
pub(super) enum Key {
    /// All of it.
    Text,
    /// `path:options`: the path.
    BeforeColon,
    /// `source:target:options` or `{target: …}`: the target.
    Target,
    /// A secret or config: `target`, or its name in this folder.
    File { folder: &'static str },
    /// A path, or `{path: …}`; the same one in another folder is another file.
    Path,
}

impl Key {
    /// The key of `item`, whose relative paths start at `folder`; nothing for an item that its
    /// reader will refuse.
    pub fn of(self, item: &Node, folder: &Path) -> Option<String> {
        let field = |name: &str| Some(item.get(name)?.as_scalar()?.text.to_string());
        let text = match &item.value {
            Value::Scalar(scalar) => Some(&*scalar.text),
            _ => None,
        };
        match (self, text) {
            (Self::Text, text) => text.map(str::to_owned),
            (Self::BeforeColon, text) => Some(path(text?.split(':').next()?)),
            (Self::Target, Some(text)) => {
                let mut parts = text.split(':');
                let first = parts.next()?;
                Some(path(parts.next().unwrap_or(first)))
            }
            (Self::Target, None) => Some(path(&field("target")?)),
            (Self::File { folder }, Some(name)) => Some(format!("{folder}{name}")),
            (Self::File { folder }, None) => {
                let target = field("target").or_else(|| field("source"))?;
                let is_absolute = target.starts_with('/');
                Some(if is_absolute {
                    target
                } else {
                    format!("{folder}{target}")
                })
            }
            (Self::Path, text) => {
                let written = text.map(str::to_owned).or_else(|| field("path"))?;
                Some(folder.join(written).to_string_lossy().into_owned())
            }
        }
    }
}

/// `/data/` and `/data` are one target.
fn path(written: &str) -> String {
    let clean = normalise(Path::new(written));
    clean.to_string_lossy().into_owned()
}
