//! One Pod file while it is read: what its parts share, and how an object of it is opened.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::keys::{self, Keys};
use super::objects::Objects;
use crate::diagnostic::nearest;
use crate::secret::Secret;
use crate::text::Span;
use crate::workload::model::Volume;
use crate::yaml::decode::Decoder;
use crate::yaml::{Entry, Mapping, Node};

/// What every reading function gets: where faults go, what may be looked up, what comes together.
pub(super) struct File<'a> {
    pub decoder: Decoder<'a>,
    /// Relative paths start here.
    pub folder: PathBuf,
    pub objects: Objects,
    /// By key in the workload.
    pub volumes: BTreeMap<String, Volume>,
    /// Values that no output may show.
    pub secrets: BTreeSet<Secret>,
}

impl<'a> File<'a> {
    pub fn new(decoder: Decoder<'a>, folder: &Path) -> Self {
        Self {
            decoder,
            folder: folder.to_path_buf(),
            objects: Objects::default(),
            volumes: BTreeMap::new(),
            secrets: BTreeSet::new(),
        }
    }

    /// Records an error with a help.
    pub fn fault(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.decoder.error(span, message).help = Some(help.into());
    }

    /// Records an error with a help and the place that it contradicts.
    pub fn contradiction(
        &mut self,
        span: Span,
        message: impl Into<String>,
        (first, label): (Span, &str),
        help: impl Into<String>,
    ) {
        let first = self.decoder.place(first);
        let fault = self.decoder.error(span, message);
        fault.related.push((first, label.to_owned()));
        fault.help = Some(help.into());
    }

    /// Reports a reference to something that is not there; `known` are those that are.
    pub fn missing<'n>(
        &mut self,
        span: Span,
        message: impl Into<String>,
        name: &str,
        known: impl Iterator<Item = &'n str>,
    ) {
        let known: Vec<&str> = known.collect();
        let help = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "there is none at all in this file".to_owned(),
            None => format!("there are: {}", known.join(", ")),
        };
        self.fault(span, message, help);
    }
}

/// A mapping whose keys are checked, with its dotted path.
#[derive(Debug, Clone)]
pub(super) struct Object<'n> {
    pub mapping: &'n Mapping,
    pub span: Span,
    pub path: String,
}

impl<'n> Object<'n> {
    /// The mapping in `node`, after its keys were checked; nothing for null or another type.
    pub fn open(file: &mut File<'_>, node: &'n Node, path: &str, keys: &Keys) -> Option<Self> {
        let mapping = file.decoder.mapping(node, path)?;
        keys::check(&mut file.decoder, mapping, path, keys);
        Some(Self {
            mapping,
            span: file.decoder.head(node),
            path: path.to_owned(),
        })
    }

    /// The dotted path of `key` in this object.
    pub fn at(&self, key: &str) -> String {
        match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        }
    }

    /// The entry of `key`, unless it is absent or null.
    pub fn entry(&self, key: &str) -> Option<&'n Entry> {
        let entry = self.mapping.entry(key);
        entry.filter(|entry| !entry.value.is_null())
    }

    /// Where the value of `key` stands, or the object without it.
    pub fn place_of(&self, key: &str) -> Span {
        self.entry(key).map_or(self.span, |entry| entry.value.span)
    }

    /// The entry of a `key` that must be there; a fault says what to add.
    pub fn required(&self, file: &mut File<'_>, key: &str, meaning: &str) -> Option<&'n Entry> {
        let entry = self.entry(key);
        if entry.is_none() {
            let owner = match self.path.as_str() {
                "" => "The object".to_owned(),
                path => format!("`{path}`"),
            };
            let help = format!("add `{key}`, {meaning}");
            file.fault(self.span, format!("{owner} has no `{key}`"), help);
        }
        entry
    }

    pub fn child(&self, file: &mut File<'_>, key: &str, keys: &Keys) -> Option<Object<'n>> {
        let entry = self.entry(key)?;
        Self::open(file, &entry.value, &self.at(key), keys)
    }

    /// Every item of the list under `key`, opened.
    pub fn children(&self, file: &mut File<'_>, key: &str, keys: &Keys) -> Vec<Object<'n>> {
        let path = self.at(key);
        let mut found = Vec::new();
        for (index, item) in self.items(file, key).iter().enumerate() {
            let path = format!("{path}[{index}]");
            if item.is_null() {
                file.decoder.wrong_type(item, &path, "a mapping");
            }
            found.extend(Self::open(file, item, &path, keys));
        }
        found
    }

    /// The list under `key`; an absent one is empty.
    pub fn items(&self, file: &mut File<'_>, key: &str) -> &'n [Node] {
        let entry = self.entry(key);
        let items = entry.and_then(|entry| file.decoder.sequence(&entry.value, &self.at(key)));
        items.unwrap_or_default()
    }

    pub fn string(&self, file: &mut File<'_>, key: &str) -> Option<String> {
        let entry = self.entry(key)?;
        file.decoder.string(&entry.value, &self.at(key))
    }

    pub fn strings(&self, file: &mut File<'_>, key: &str) -> Vec<String> {
        let path = self.at(key);
        let mut found = Vec::new();
        for (index, item) in self.items(file, key).iter().enumerate() {
            found.extend(file.decoder.string(item, &format!("{path}[{index}]")));
        }
        found
    }

    pub fn boolean(&self, file: &mut File<'_>, key: &str) -> Option<bool> {
        let entry = self.entry(key)?;
        file.decoder.boolean(&entry.value, &self.at(key))
    }

    /// Whether `key` is there and true.
    pub fn flag(&self, file: &mut File<'_>, key: &str) -> bool {
        self.boolean(file, key).unwrap_or_default()
    }

    pub fn integer(
        &self,
        file: &mut File<'_>,
        key: &str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Option<i64> {
        let entry = self.entry(key)?;
        file.decoder.integer(&entry.value, &self.at(key), range)
    }

    /// As [`Self::integer`], for counts and ids.
    pub fn count(&self, file: &mut File<'_>, key: &str, least: u32) -> Option<u32> {
        let range = i64::from(least)..=i64::from(i32::MAX);
        let found = self.integer(file, key, range)?;
        u32::try_from(found).ok()
    }

    /// One of some words.
    pub fn word<T: Copy>(&self, file: &mut File<'_>, key: &str, words: &[(&str, T)]) -> Option<T> {
        let entry = self.entry(key)?;
        let text = file.decoder.string(&entry.value, &self.at(key))?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let message = format!("`{}` is `{text}`", self.at(key));
            let known = words.iter().map(|(word, _)| *word);
            let known: Vec<&str> = known.filter(|word| !word.is_empty()).collect();
            let help = format!("write one of {}", known.join(", "));
            file.fault(entry.value.span, message, help);
        }
        found.map(|(_, value)| *value)
    }

    /// A mapping of strings.
    pub fn map(&self, file: &mut File<'_>, key: &str) -> BTreeMap<String, String> {
        let path = self.at(key);
        let entry = self.entry(key);
        let mapping = entry.and_then(|entry| file.decoder.mapping(&entry.value, &path));
        let mut found = BTreeMap::new();
        for entry in mapping.into_iter().flat_map(|mapping| &mapping.entries) {
            let path = format!("{path}.{}", entry.key);
            if let Some(text) = file.decoder.string(&entry.value, &path) {
                found.insert(entry.key.to_string(), text);
            }
        }
        found
    }
}
