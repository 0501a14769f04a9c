//! The files of a workload as texts, with the values of their variables in place and every other
//! byte as it was.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Context, compose, pod};
use crate::diagnostic::Diagnostic;
use crate::template::{self, Scope, Segment};
use crate::text::{Source, Span};
use crate::variables::{Reader, Variables};
use crate::yaml::{Node, Value};

/// Texts by the path that messages show.
#[derive(Debug, Clone, Default)]
pub struct Rendered {
    pub files: BTreeMap<PathBuf, String>,
    pub diagnostics: Vec<Diagnostic>,
}

/// Who reads the value at a path of a document of the file.
pub(super) type ReaderAt<'a> = dyn Fn(usize, &[Segment]) -> Reader + 'a;

impl Rendered {
    /// Adds the text of `source`, all of whose `documents` are read with the same variables.
    pub(super) fn add(
        &mut self,
        source: &Source,
        documents: Vec<Node>,
        (variables, reader): (&Variables, &ReaderAt<'_>),
    ) {
        // One tree, so that the changes of all documents go into one text.
        let root = Node {
            span: Span::new(0, source.text.len()),
            tag: None,
            value: Value::Sequence(documents),
        };
        let scope = Scope {
            variables,
            reader: &|path| match path {
                [Segment::Index(document), rest @ ..] => reader(*document, rest),
                _ => Reader::Network,
            },
        };
        let text = match template::expand(source, &root, &scope).text() {
            Ok(text) => text,
            Err(fault) => return self.diagnostics.push(*fault),
        };
        let known = self.files.insert(source.path.clone(), text.clone());
        if known.is_some_and(|known| known != text) {
            let message = "The file is read with different variables, and comes to different texts";
            let fault = Diagnostic::error(message).at(source, Span::at(0));
            self.diagnostics
                .push(fault.help("include it once, or write its values out"));
        }
    }
}

/// The first of `files`, Compose files, the others, and all that they include and extend.
#[must_use]
pub fn render_compose(files: &[(PathBuf, PathBuf)], context: &Context<'_>) -> Rendered {
    compose::render(files, context)
}

/// The Pod file at `path`; messages show it as `shown`.
#[must_use]
pub fn render_pod(path: &Path, shown: &Path, context: &Context<'_>) -> Rendered {
    pod::render(path, shown, context)
}
