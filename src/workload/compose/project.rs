//! The files of one project → one tree: each is read, expanded, completed by what it includes and
//! extends, and merged onto the ones before it, in this order.
//!
//! Knows which file a key comes from, not what a key means.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::merge::{self, Merger};
use super::{extends, include, tree};
use crate::diagnostic::{Diagnostic, Place};
use crate::template::{self, Use};
use crate::text::{Source, Sources, Span};
use crate::variables::{Reader, Variables};
use crate::workload::{Context, reading};
use crate::yaml::{Node, Value};

/// Most files of one project, each counted as often as it is included.
const MOST_FILES: usize = 1_000;
/// Most bytes that the files have together.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// Most values that they stand for together, and most bytes of text in these.
const MOST_VALUES: usize = 1_000_000;
const MOST_TEXT: usize = 128 * 1024 * 1024;

/// A file that is to be read.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub path: PathBuf,
    /// As messages show it.
    pub shown: PathBuf,
    /// Where another file names it.
    pub place: Option<Place>,
}

/// What the text of a file is read with.
#[derive(Clone)]
pub(super) struct Scope {
    /// Absolute; relative paths start here.
    pub folder: Rc<Path>,
    /// The folder as messages show it.
    pub shown: Rc<Path>,
    pub variables: Rc<Variables>,
}

/// One document of a file, expanded; its spans lie in [`Loader::sources`].
pub(super) struct Document {
    pub root: Node,
    pub found: Found,
}

/// What reading a document told besides its tree.
#[derive(Default)]
pub(super) struct Found {
    /// Faults of expansion; others that follow from them are not told.
    pub expansion: Vec<Diagnostic>,
    pub diagnostics: Vec<Diagnostic>,
    pub uses: Vec<Use>,
}

impl Found {
    pub fn extend(&mut self, other: Self) {
        self.expansion.extend(other.expansion);
        self.diagnostics.extend(other.diagnostics);
        self.uses.extend(other.uses);
    }
}

/// The files that are being read, outermost first: a file that is among them again is a cycle.
#[derive(Clone, Default)]
pub(super) struct Chain(pub Vec<Link>);

/// A file, and where the one before it names it.
#[derive(Clone)]
pub(super) struct Link {
    pub path: PathBuf,
    /// Without links, to be compared.
    pub real: PathBuf,
    pub shown: PathBuf,
    pub place: Option<Place>,
}

impl Link {
    pub fn new(file: &Named) -> Self {
        let real = std::fs::canonicalize(&file.path);
        Self {
            path: file.path.clone(),
            real: real.unwrap_or_else(|_| file.path.clone()),
            shown: file.shown.clone(),
            place: file.place.clone(),
        }
    }
}

/// Reads files, within bounds that hold for all of them together.
pub(super) struct Loader<'a> {
    pub context: &'a Context<'a>,
    /// Who reads the values.
    reader: Reader,
    pub sources: Sources,
    /// By the number of the source.
    pub scopes: Vec<Scope>,
    pub found: Found,
    /// Whether every file that is named could be read.
    pub is_whole: bool,
    bytes: usize,
    values: usize,
    text: usize,
}

impl<'a> Loader<'a> {
    pub fn new(context: &'a Context<'a>, reader: Reader) -> Self {
        Self {
            context,
            reader,
            sources: Sources::default(),
            scopes: Vec::new(),
            found: Found::default(),
            is_whole: true,
            bytes: 0,
            values: 0,
            text: 0,
        }
    }

    /// The tree of `files`, later ones merged onto earlier ones; nothing when none holds anything.
    pub fn project(&mut self, files: &[Named], scope: &Scope, chain: &Chain) -> Option<Node> {
        let mut merged: Option<Node> = None;
        for file in files {
            let link = Link::new(file);
            let mut chain = chain.clone();
            chain.0.push(link);
            for document in self.documents(file, scope).unwrap_or_default() {
                self.found.extend(document.found);
                let mut root = document.root;
                if root.as_mapping().is_none() {
                    self.not_a_mapping(&root);
                    continue;
                }
                include::apply(self, &mut root, scope, &chain);
                extends::apply(self, &mut root, scope, &chain);
                let mut whole = match merged.take() {
                    Some(base) => self.merge(&[], base, root),
                    None => root,
                };
                merge::settle(&mut whole);
                merged = Some(whole);
            }
        }
        merged
    }

    fn not_a_mapping(&mut self, root: &Node) {
        let message = format!("A Compose file is a mapping, this is {}", root.kind());
        let fault = Diagnostic::error(message).help("start with `services:`");
        self.fault(root.span, fault);
        self.is_whole = false;
    }

    /// Records `fault` at `span`.
    pub fn fault(&mut self, span: Span, fault: Diagnostic) {
        let place = Place::within(&self.sources, span);
        self.found.diagnostics.push(fault.at_place(place));
    }

    /// Merges values at `path`.
    pub fn merge(&mut self, path: &[&str], base: Node, over: Node) -> Node {
        let mut merger = Merger::new((&self.sources, &self.scopes), path);
        let merged = merger.merge(base, over);
        self.found.diagnostics.append(&mut merger.diagnostics);
        merged
    }

    /// The documents of a file, expanded, with tags settled; nothing when it cannot be read, which
    /// is reported.
    pub fn documents(&mut self, file: &Named, scope: &Scope) -> Option<Vec<Document>> {
        let read = match self.is_full(0) {
            true => Err(Vec::new()),
            false => reading::documents(&file.path, &file.shown),
        };
        let (source, documents) = match read {
            Ok(read) => read,
            Err(mut faults) => {
                self.is_whole = false;
                if let Some(place) = &file.place {
                    for fault in faults.iter_mut().filter(|fault| fault.place.is_none()) {
                        fault.place = Some(place.clone());
                        fault.help = Some(format!("looked for `{}`", file.path.display()));
                    }
                }
                self.found.diagnostics.append(&mut faults);
                return None;
            }
        };
        self.bytes += source.text.len();
        let start = self.sources.add(source.clone());
        self.scopes.push(scope.clone());
        let documents = documents.iter();
        Some(
            documents
                .map(|document| self.document(&source, document, scope, start))
                .collect(),
        )
    }

    fn document(&mut self, source: &Source, root: &Node, scope: &Scope, start: usize) -> Document {
        let reader = self.reader;
        let mut expanded = template::expand(
            source,
            root,
            &template::Scope {
                variables: &scope.variables,
                reader: &|_| reader,
            },
        );
        let expansion = reading::faults(&expanded, self.context);
        let diagnostics = tree::prepare(source, &mut expanded.root);
        expanded.root.shift(start);
        self.count(&expanded.root);
        Document {
            root: expanded.root,
            found: Found {
                expansion,
                diagnostics,
                uses: expanded.uses,
            },
        }
    }

    /// Counts the values below `node` as read.
    pub fn count(&mut self, node: &Node) {
        self.values += 1;
        match &node.value {
            Value::Scalar(scalar) => self.text += scalar.text.len(),
            Value::Sequence(items) => items.iter().for_each(|item| self.count(item)),
            Value::Mapping(mapping) => {
                for entry in &mapping.entries {
                    self.text += entry.key.len();
                    self.count(&entry.value);
                }
            }
        }
    }

    /// Whether the files are too many, or stand for too much; told the first time.
    pub fn is_full(&mut self, more_files: usize) -> bool {
        let too_much = if self.scopes.len() + more_files >= MOST_FILES {
            format!("The project reads more than {MOST_FILES} files")
        } else if self.bytes > MOST_BYTES {
            format!("The files of the project have more than {MOST_BYTES} bytes")
        } else if self.values > MOST_VALUES || self.text > MOST_TEXT {
            format!("The files of the project stand for more than {MOST_VALUES} values")
        } else {
            return false;
        };
        let known = |one: &Diagnostic| one.message == too_much;
        if !self.found.diagnostics.iter().any(known) {
            let help = "includes and extends multiply what they name; write fewer of them";
            let fault = Diagnostic::error(too_much).help(help);
            self.found.diagnostics.push(fault);
        }
        self.is_whole = false;
        true
    }
}
