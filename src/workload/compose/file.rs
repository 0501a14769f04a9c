//! One Compose file while it is read: what its parts share, and how a section of it is opened.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::files::FileSource;
use super::keys::{self, Keys};
use super::project::Scope;
use crate::diagnostic::nearest;
use crate::template::Use;
use crate::text::Span;
use crate::variables::{Reader, Variables};
use crate::workload::Context;
use crate::workload::keys::MOST_LISTED;
use crate::workload::model::{Network, Volume};
use crate::yaml::decode::Decoder;
use crate::yaml::{Entry, Mapping, Node};

/// Most ports of one file, ranges counted by their length.
const MOST_PORTS: usize = 65_536;

/// Most names that a mistyped one is compared with.
pub(super) const MOST_COMPARED: usize = 100;

/// What every reading function gets: where faults go, what may be looked up.
pub(super) struct File<'a> {
    pub decoder: Decoder<'a>,
    pub context: &'a Context<'a>,
    /// By the number of the source.
    scopes: &'a [Scope],
    pub declared: Declared,
    /// Mentions of variables that are no `${…}`, such as `environment: [NAME]`.
    pub uses: Vec<Use>,
    pub current: Current,
    /// How many ports the file may still name; short ranges stand for a great many of them.
    ports_left: usize,
}

/// The service that is read right now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Current {
    pub reader: Reader,
    /// Whether it is going to run; files of inactive services need not exist.
    pub active: bool,
}

/// What the top level of the file declares, for references to it.
#[derive(Debug, Default)]
pub(super) struct Declared {
    pub services: BTreeSet<String>,
    pub networks: BTreeMap<String, Network>,
    pub volumes: BTreeMap<String, Volume>,
    pub secrets: BTreeMap<String, FileSource>,
    pub configs: BTreeMap<String, FileSource>,
}

impl<'a> File<'a> {
    pub fn new(decoder: Decoder<'a>, context: &'a Context<'a>, scopes: &'a [Scope]) -> Self {
        Self {
            decoder,
            context,
            scopes,
            declared: Declared::default(),
            uses: Vec::new(),
            current: Current {
                reader: Reader::Network,
                active: true,
            },
            ports_left: MOST_PORTS,
        }
    }

    /// Where relative paths in the text at `span` start; absolute.
    pub fn folder(&self, span: Span) -> &'a Path {
        self.scope(span)
            .map_or(Path::new(""), |scope| &*scope.folder)
    }

    /// As [`Self::folder`], as messages show it.
    pub fn shown_folder(&self, span: Span) -> &'a Path {
        self.scope(span)
            .map_or(Path::new(""), |scope| &*scope.shown)
    }

    /// The variables that the text at `span` is read with.
    pub fn variables(&self, span: Span) -> &'a Variables {
        self.scope(span)
            .map_or(self.context.variables, |scope| &*scope.variables)
    }

    fn scope(&self, span: Span) -> Option<&'a Scope> {
        self.scopes.get(self.decoder.sources.index(span))
    }

    /// Records an error with a help.
    pub fn fault(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.decoder.error(span, message).help = Some(help.into());
    }

    /// Reports a reference to something that the file does not declare.
    pub fn undeclared<'n>(
        &mut self,
        span: Span,
        kind: &str,
        name: &str,
        known: impl Iterator<Item = &'n String>,
    ) {
        let known: Vec<&str> = known.take(MOST_COMPARED).map(String::as_str).collect();
        let help = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => format!("declare it: the file has no {kind} at all"),
            None if known.len() > MOST_LISTED => format!("declare the {kind} in this file"),
            None => format!("declared: {}", known.join(", ")),
        };
        self.fault(span, format!("There is no {kind} `{name}`"), help);
    }

    /// Takes `count` ports from those that the file may name, or reports that there are too many.
    pub fn take_ports(&mut self, span: Span, count: usize) -> bool {
        let enough = self.ports_left >= count;
        if enough {
            self.ports_left -= count;
        } else {
            let message = format!("The file names more than {MOST_PORTS} ports");
            self.fault(span, message, "write shorter ranges");
        }
        enough
    }

    /// Whether the file has the service; a missing one is reported.
    pub fn has_service(&mut self, span: Span, name: &str) -> bool {
        let services = std::mem::take(&mut self.declared.services);
        let known = services.contains(name);
        if !known {
            self.undeclared(span, "service", name, services.iter());
        }
        self.declared.services = services;
        known
    }
}

/// A mapping whose keys are checked, with its dotted path.
pub(super) struct Section<'m> {
    pub mapping: &'m Mapping,
    pub path: String,
    /// Whether a key of it is at fault: what is missing then may only be mistyped.
    pub at_fault: bool,
}

impl<'m> Section<'m> {
    /// The mapping in `node`, after its keys were checked; nothing for null or another type.
    pub fn open(
        file: &mut File<'_>,
        node: &'m Node,
        path: &str,
        keys: &Keys,
    ) -> Option<Section<'m>> {
        let mapping = file.decoder.mapping(node, path)?;
        let at_fault = !keys::check(file, mapping, path, keys);
        Some(Self {
            mapping,
            path: path.to_owned(),
            at_fault,
        })
    }

    /// The entry of `key`, unless it is absent or null.
    pub fn entry(&self, key: &str) -> Option<&'m Entry> {
        self.mapping
            .entry(key)
            .filter(|entry| !entry.value.is_null())
    }

    /// The entry of a `key` that the mapping `owner` must have; a fault says what to add, unless
    /// another key is at fault already.
    pub fn required(
        &self,
        file: &mut File<'_>,
        owner: &Node,
        key: &str,
        meaning: &str,
    ) -> Option<&'m Entry> {
        let entry = self.entry(key);
        if entry.is_none() && !self.at_fault {
            let message = format!("`{}` has an entry without `{key}`", self.path);
            file.fault(owner.span, message, format!("add `{key}`, {meaning}"));
        }
        entry
    }

    /// Reads the value of `key`; the default of `T` stands for absent and for null.
    pub fn read<'a, T: Default>(
        &self,
        file: &mut File<'a>,
        key: &str,
        read: impl FnOnce(&mut File<'a>, &'m Node, &str) -> T,
    ) -> T {
        match self.entry(key) {
            Some(entry) => read(file, &entry.value, &self.at(key)),
            None => T::default(),
        }
    }

    /// The dotted path of `key` in this section.
    pub fn at(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }
}
