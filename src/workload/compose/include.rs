//! `include`: other projects whose services, networks and volumes become part of this one
//! (<https://github.com/compose-spec/compose-spec/blob/main/14-include.md>).

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::paths;
use super::project::{Chain, Link, Loader, Named, Scope};
use super::remote;
use crate::diagnostic::{Diagnostic, Place};
use crate::text::{self, ReadError, Source, Span};
use crate::yaml::decode::Decoder;
use crate::yaml::{Entry, Mapping, Node, Value};

/// The sections of a file that an include brings.
const SECTIONS: [&str; 5] = ["services", "networks", "volumes", "secrets", "configs"];
const KEYS: [&str; 3] = ["path", "project_directory", "env_file"];

/// Longest row of files that include one another.
const MOST_DEEP: usize = 50;
/// Most files of a cycle that a message names.
const MOST_NAMED: usize = 10;

/// A text with its place.
type Text = (String, Span);

/// One entry of `include`.
struct Included {
    /// The first one is the file, the others are merged onto it.
    paths: Vec<Text>,
    folder: Option<Text>,
    /// In place of the `.env` in the folder.
    env_files: Option<Vec<Text>>,
}

/// Takes `include` out of `root` and adds what it names.
pub(super) fn apply(loader: &mut Loader<'_>, root: &mut Node, scope: &Scope, chain: &Chain) {
    let Value::Mapping(mapping) = &mut root.value else {
        return;
    };
    let Some(at) = mapping
        .entries
        .iter()
        .position(|one| &*one.key == "include")
    else {
        return;
    };
    let entry = mapping.entries.remove(at);
    let mut decoder = Decoder::new(&loader.sources);
    let included = entries(&mut decoder, &entry.value);
    let mut faults = std::mem::take(&mut decoder.diagnostics);
    loader.is_whole &= faults.is_empty();
    loader.found.diagnostics.append(&mut faults);
    for one in &included {
        if let Some(imported) = one.read(loader, scope, chain) {
            import(loader, mapping, imported, &entry);
        }
    }
}

fn entries(decoder: &mut Decoder<'_>, node: &Node) -> Vec<Included> {
    if node.is_null() {
        return Vec::new();
    }
    let Value::Sequence(items) = &node.value else {
        let help = "write a list, for instance `include: [other.yml]`";
        decoder.wrong_type(node, "include", "a list").help = Some(help.to_owned());
        return Vec::new();
    };
    let included = items.iter().filter_map(|item| match &item.value {
        Value::Mapping(mapping) => long(decoder, item, mapping),
        _ => Some(Included {
            paths: texts(decoder, item, "include"),
            folder: None,
            env_files: None,
        }),
    });
    included.collect()
}

fn long(decoder: &mut Decoder<'_>, item: &Node, mapping: &Mapping) -> Option<Included> {
    decoder.only_keys(mapping, "include", &KEYS);
    let value = |key: &str| mapping.get(key).filter(|node| !node.is_null());
    let Some(path) = value("path") else {
        let head = decoder.head(item);
        let fault = decoder.error(head, "An entry of `include` names no file");
        fault.help = Some("add `path`, a file or a list of files".to_owned());
        return None;
    };
    let folder = value("project_directory");
    let env_files = value("env_file");
    Some(Included {
        paths: texts(decoder, path, "include.path"),
        folder: folder.and_then(|node| text(decoder, node, "include.project_directory")),
        env_files: env_files.map(|node| texts(decoder, node, "include.env_file")),
    })
}

fn texts(decoder: &mut Decoder<'_>, node: &Node, path: &str) -> Vec<Text> {
    let items = node.as_sequence().unwrap_or(std::slice::from_ref(node));
    let texts = items.iter().filter_map(|item| text(decoder, item, path));
    texts.collect()
}

fn text(decoder: &mut Decoder<'_>, node: &Node, path: &str) -> Option<Text> {
    let text = decoder.string(node, path)?;
    if text.is_empty() {
        let fault = decoder.error(node.span, format!("`{path}` is empty"));
        fault.help = Some("name a file or drop the line".to_owned());
        return None;
    }
    Some((text, node.span))
}

impl Included {
    /// The tree of the included files.
    fn read(&self, loader: &mut Loader<'_>, scope: &Scope, chain: &Chain) -> Option<Node> {
        let files: Vec<Named> = self
            .paths
            .iter()
            .filter_map(|path| named(loader, scope, path))
            .collect();
        if files.len() < self.paths.len() || loader.is_full(files.len()) {
            loader.is_whole = false;
            return None;
        }
        let first = files.first()?;
        if files.iter().any(|file| is_cycle(loader, chain, file)) {
            loader.is_whole = false;
            return None;
        }
        let folder = match &self.folder {
            Some((written, span)) => resolved(loader, scope, written, *span)?,
            None => paths::folder_of(&first.path),
        };
        let shown = match &self.folder {
            Some((written, _)) => paths::shown(&scope.shown, written),
            None => first.shown.parent().unwrap_or(Path::new("")).to_path_buf(),
        };
        let env_files = match &self.env_files {
            Some(named) => self.named_env_files(loader, scope, named),
            None => dot_env(loader, &folder, &shown),
        };
        let (variables, faults) = scope.variables.over(&env_files);
        loader.found.diagnostics.extend(faults);
        let scope = Scope {
            folder: folder.into(),
            shown: shown.into(),
            variables: Rc::new(variables),
        };
        loader.project(&files, &scope, chain)
    }

    fn named_env_files(
        &self,
        loader: &mut Loader<'_>,
        scope: &Scope,
        named_files: &[Text],
    ) -> Vec<Source> {
        let mut sources = Vec::new();
        for path in named_files.iter().filter(|(path, _)| path != "/dev/null") {
            let Some(file) = named(loader, scope, path) else {
                continue;
            };
            match text::read(&file.path, &file.shown) {
                Ok(source) => sources.push(source),
                Err(error) => loader.fault(path.1, error.into()),
            }
        }
        sources
    }
}

/// The `.env` of a folder, when there is one.
pub(super) fn dot_env(loader: &mut Loader<'_>, folder: &Path, shown: &Path) -> Vec<Source> {
    let path = folder.join(".env");
    if path.is_dir() {
        return Vec::new();
    }
    match text::read(&path, &shown.join(".env")) {
        Ok(source) => vec![source],
        Err(ReadError::Missing(_)) => Vec::new(),
        Err(error) => {
            loader.found.diagnostics.push(error.into());
            Vec::new()
        }
    }
}

/// The file that a text of another file names; a remote one is refused.
pub(super) fn named(
    loader: &mut Loader<'_>,
    scope: &Scope,
    (written, span): &Text,
) -> Option<Named> {
    if remote::is_remote(written) {
        let fault = Diagnostic::error(format!("`{written}` is not a file of this machine"));
        let help =
            "fetch it first and name the file: what another server gives may change at any time";
        loader.fault(*span, fault.help(help));
        return None;
    }
    let path = resolved(loader, scope, written, *span)?;
    Some(Named {
        path,
        shown: paths::shown(&scope.shown, written),
        place: Some(Place::within(&loader.sources, *span)),
    })
}

fn resolved(loader: &mut Loader<'_>, scope: &Scope, written: &str, span: Span) -> Option<PathBuf> {
    match paths::absolute(&scope.folder, written) {
        Ok(path) => Some(path),
        Err(fault) => {
            loader.fault(span, *fault);
            None
        }
    }
}

/// Reports a file that is being read already.
fn is_cycle(loader: &mut Loader<'_>, chain: &Chain, file: &Named) -> bool {
    let link = Link::new(file);
    let Some(first) = chain.0.iter().position(|one| one.real == link.real) else {
        return is_too_deep(loader, chain, &link);
    };
    let mut cycle: Vec<&Link> = chain.0.iter().skip(first).collect();
    cycle.push(&link);
    let mut names: Vec<String> = cycle
        .iter()
        .take(MOST_NAMED)
        .map(|one| format!("`{}`", one.shown.display()))
        .collect();
    if cycle.len() > MOST_NAMED {
        names.push("…".to_owned());
        names.push(format!("`{}`", link.shown.display()));
    }
    let message = format!("Files include each other: {}", names.join(" → "));
    let mut fault = Diagnostic::error(message).help("remove one of these includes");
    fault.place.clone_from(&link.place);
    let others = cycle.iter().skip(1).take(cycle.len().saturating_sub(2));
    for one in others.take(MOST_NAMED) {
        let label = format!("`{}` is included here", one.shown.display());
        fault
            .related
            .extend(one.place.clone().map(|place| (place, label)));
    }
    loader.found.diagnostics.push(fault);
    true
}

fn is_too_deep(loader: &mut Loader<'_>, chain: &Chain, link: &Link) -> bool {
    let is_too_deep = chain.0.len() > MOST_DEEP;
    if is_too_deep {
        let message = format!("More than {MOST_DEEP} files include one another in a row");
        let mut fault = Diagnostic::error(message);
        fault.place.clone_from(&link.place);
        loader.found.diagnostics.push(fault);
    }
    is_too_deep
}

/// Adds the sections of `imported` to those of the file. What both have must be the same.
fn import(loader: &mut Loader<'_>, own: &mut Mapping, imported: Node, include: &Entry) {
    let Value::Mapping(imported) = imported.value else {
        return;
    };
    for entry in imported.entries {
        let known = own.entries.iter_mut().find(|one| one.key == entry.key);
        let is_section = SECTIONS.contains(&&*entry.key);
        match known {
            None if is_section || !entry.key.starts_with("x-") => own.entries.push(entry),
            Some(known) if is_section => section(loader, known, entry, include),
            // The keys of the outer file count, for instance `name`.
            _ => {}
        }
    }
}

fn section(loader: &mut Loader<'_>, own: &mut Entry, imported: Entry, include: &Entry) {
    if own.value.is_null() {
        own.value = imported.value;
        return;
    }
    let (Value::Mapping(known), Value::Mapping(added)) =
        (&mut own.value.value, imported.value.value)
    else {
        return;
    };
    let names = known.entries.iter().enumerate();
    let names: std::collections::HashMap<_, _> =
        names.map(|(at, one)| (one.key.clone(), at)).collect();
    for entry in added.entries {
        let same = names.get(&entry.key).and_then(|at| known.entries.get(*at));
        match same {
            None => known.entries.push(entry),
            Some(same) if is_same(loader, &own.key, &same.value, &entry.value) => {}
            Some(same) => conflict(loader, &own.key, same, &entry, include),
        }
    }
}

fn conflict(loader: &mut Loader<'_>, section: &str, own: &Entry, other: &Entry, include: &Entry) {
    let place = |span: Span| Place::within(&loader.sources, span);
    let kind = section.strip_suffix('s').unwrap_or(section);
    let name = &own.key;
    let message = format!("The {kind} `{name}` is declared twice, and differently");
    let mut fault = Diagnostic::error(message).help(
        "rename one of them; to change what is included, write the change in a file of its own and \
         include both: `path: [included.yml, changes.yml]`",
    );
    fault.related = vec![
        (place(other.key_span), "the included one".to_owned()),
        (place(include.key_span), "included from here".to_owned()),
    ];
    loader.fault(own.key_span, fault);
}

/// Whether two declarations come to the same. Those with paths in them must start at one folder.
fn is_same(loader: &Loader<'_>, section: &str, one: &Node, other: &Node) -> bool {
    let folder = |node: &Node| {
        let scope = loader.scopes.get(loader.sources.index(node.span));
        scope.map(|scope| scope.folder.clone())
    };
    let has_paths = !matches!(section, "networks" | "volumes");
    has_same_text(one, other) && (!has_paths || folder(one) == folder(other))
}

fn has_same_text(one: &Node, other: &Node) -> bool {
    let is_empty = |node: &Node| {
        let is_empty = |mapping: &Mapping| mapping.entries.is_empty();
        node.is_null() || node.as_mapping().is_some_and(is_empty)
    };
    match (&one.value, &other.value) {
        (Value::Scalar(one), Value::Scalar(other)) => one.text == other.text,
        (Value::Sequence(one), Value::Sequence(other)) => {
            let mut pairs = one.iter().zip(other);
            one.len() == other.len() && pairs.all(|(one, other)| has_same_text(one, other))
        }
        (Value::Mapping(one), Value::Mapping(other)) => {
            let mut entries = one.entries.iter();
            one.entries.len() == other.entries.len()
                && entries.all(|entry| {
                    let same = other.get(&entry.key);
                    same.is_some_and(|other| has_same_text(&entry.value, other))
                })
        }
        _ => is_empty(one) && is_empty(other),
    }
}

#[cfg(test)]
mod tests;
