//! `extends`: a service that starts from another one, of this file or of another
//! (<https://github.com/compose-spec/compose-spec/blob/main/05-services.md#extends>).
//!
//! Everything is inherited, references to other services too. What the extended file holds besides
//! the services that are asked for is neither read nor reported.

mod home;
mod written;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use self::home::{Home, indexed};
use self::written::Extends;
use super::include::named;
use super::merge;
use super::paths;
use super::project::{Chain, Found, Link, Loader, Named, Scope};
use crate::diagnostic::{Diagnostic, Place, nearest};
use crate::text::Span;
use crate::yaml::decode::Decoder;
use crate::yaml::{Mapping, Node, Value};

/// Longest row of services that extend one another.
const MOST_IN_A_ROW: usize = 100;
/// Most members of a cycle that a message names.
const MOST_NAMED: usize = 10;
/// Most names that a mistyped one is compared with.
const MOST_COMPARED: usize = 100;

/// Completes every service of `root` by what it extends. One that cannot be completed keeps its
/// `extends`.
pub(super) fn apply(loader: &mut Loader<'_>, root: &mut Node, scope: &Scope, chain: &Chain) {
    let Value::Mapping(mapping) = &mut root.value else {
        return;
    };
    let mut sections = mapping.entries.iter_mut();
    let services = sections.find(|section| &*section.key == "services");
    let Some(Value::Mapping(services)) = services.map(|section| &mut section.value.value) else {
        return;
    };
    let extends = |node: &Node| node.get("extends").is_some();
    if !services.entries.iter().any(|one| extends(&one.value)) {
        return;
    }
    let own = chain.0.last().cloned();
    let mut extender = Extender {
        loader,
        scope,
        homes: vec![Home {
            link: own,
            services: indexed(services.clone()),
            found: Found::default(),
            resolved: HashMap::new(),
        }],
        files: BTreeMap::new(),
        way: Vec::new(),
    };
    for entry in &mut services.entries {
        if extends(&entry.value)
            && let Some(complete) = extender.resolve(0, &entry.key)
        {
            entry.value = complete;
        }
    }
}

/// A service that is being completed, and where the one before it names it.
#[derive(Clone)]
struct Step {
    home: usize,
    service: String,
    extends: Span,
}

struct Extender<'l, 'a> {
    loader: &'l mut Loader<'a>,
    scope: &'l Scope,
    /// The first one is the file itself.
    homes: Vec<Home>,
    /// The number of the home of each file that was read for it; nothing for a faulty one.
    files: BTreeMap<PathBuf, Option<usize>>,
    way: Vec<Step>,
}

impl Extender<'_, '_> {
    /// The service with what it extends merged in; as it is written when that fails.
    fn resolve(&mut self, home: usize, service: &str) -> Option<Node> {
        let found = self.homes.get(home)?;
        if let Some(resolved) = found.resolved.get(service) {
            return Some(resolved.clone());
        }
        let own = found.services.get(service)?.clone();
        let node = match self.base(home, service, &own) {
            Some(base) => self.merged(service, base, own),
            None => own,
        };
        if !self.loader.is_full(0)
            && let Some(found) = self.homes.get_mut(home)
        {
            found.resolved.insert(service.to_owned(), node.clone());
        }
        Some(node)
    }

    fn merged(&mut self, service: &str, mut base: Node, mut own: Node) -> Node {
        merge::settle(&mut base);
        if let Value::Mapping(mapping) = &mut own.value {
            mapping.entries.retain(|entry| &*entry.key != "extends");
        }
        let merged = self.loader.merge(&["services", service], base, own);
        self.loader.count(&merged);
        merged
    }

    /// What the service extends, completed itself; nothing when there is no such thing.
    fn base(&mut self, home: usize, service: &str, own: &Node) -> Option<Node> {
        let extends = own.get("extends").filter(|node| !node.is_null())?;
        let mut decoder = Decoder::new(&self.loader.sources);
        let wanted = written::read(&mut decoder, service, extends);
        let faults = std::mem::take(&mut decoder.diagnostics);
        self.loader.found.diagnostics.extend(faults);
        let wanted = wanted?;
        if self.loader.is_full(0) {
            return None;
        }
        let target = match &wanted.file {
            Some(file) => self.file(home, file)?,
            None => home,
        };
        if !self.has(target, service, &wanted) {
            return None;
        }
        self.way.push(Step {
            home,
            service: service.to_owned(),
            extends: wanted.span,
        });
        let base = match self.is_end(target, &wanted) {
            true => None,
            false => self.resolve(target, &wanted.service),
        };
        self.way.pop();
        if target != 0 {
            self.take_over(target, &wanted.service);
        }
        self.usable(base?, &wanted)
    }

    /// The service that is extended, when it is one and complete itself.
    fn usable(&mut self, base: Node, wanted: &Extends) -> Option<Node> {
        if base.is_null() {
            let nothing = Value::Mapping(Mapping::default());
            return Some(Node {
                value: nothing,
                ..base
            });
        }
        let Some(mapping) = base.as_mapping() else {
            let message = format!("`{}` is no service, but {}", wanted.service, base.kind());
            let fault = Diagnostic::error(message).help("a service is a mapping");
            self.loader.fault(wanted.span, fault);
            return None;
        };
        is_complete(mapping).then_some(base)
    }

    /// The number of the home of a file; it is read when it was not yet.
    fn file(&mut self, home: usize, written: &(String, Span)) -> Option<usize> {
        let scope = self.scope_of(home);
        let file = named(self.loader, &scope, written)?;
        let link = Link::new(&file);
        if let Some(known) = self.files.get(&link.real) {
            return *known;
        }
        let number = self.open(&file, &link);
        self.files.insert(link.real, number);
        number
    }

    /// Relative paths in the file of `home` start at its own folder.
    fn scope_of(&self, home: usize) -> Scope {
        let link = self.homes.get(home).and_then(|home| home.link.as_ref());
        match link {
            Some(link) if home != 0 => self.beside(&link.path, &link.shown),
            _ => self.scope.clone(),
        }
    }

    /// With the variables of the service that is completed, and the folder of an extended file.
    fn beside(&self, file: &Path, shown: &Path) -> Scope {
        Scope {
            folder: paths::folder_of(file).into(),
            shown: shown.parent().unwrap_or(Path::new("")).into(),
            variables: self.scope.variables.clone(),
        }
    }

    fn open(&mut self, file: &Named, link: &Link) -> Option<usize> {
        let scope = self.beside(&file.path, &file.shown);
        let documents = self.loader.documents(file, &scope)?;
        let mut services: Option<Node> = None;
        let mut found = Found::default();
        for document in documents {
            found.extend(document.found);
            let Some(own) = document.root.get("services").cloned() else {
                continue;
            };
            services = Some(match services {
                Some(base) => self.loader.merge(&["services"], base, own),
                None => own,
            });
        }
        let services = match services {
            Some(Node {
                value: Value::Mapping(services),
                ..
            }) => services,
            _ => {
                let message = format!("`{}` has no services", file.shown.display());
                let fault = Diagnostic::error(message).help("name a Compose file with `services:`");
                self.loader.found.diagnostics.push(Diagnostic {
                    place: file.place.clone(),
                    ..fault
                });
                return None;
            }
        };
        self.homes.push(Home {
            link: Some(link.clone()),
            services: indexed(services),
            found,
            resolved: HashMap::new(),
        });
        Some(self.homes.len() - 1)
    }

    /// Whether the home has the service that is wanted; a missing one is reported.
    fn has(&mut self, target: usize, service: &str, wanted: &Extends) -> bool {
        let Some(home) = self.homes.get(target) else {
            return false;
        };
        if home.services.contains_key(&wanted.service) {
            return true;
        }
        let mut names: Vec<&str> = home.services.keys().map(String::as_str).collect();
        names.sort_unstable();
        names.truncate(MOST_COMPARED);
        let name = &wanted.service;
        let file = home
            .link
            .as_ref()
            .map(|link| link.shown.display().to_string());
        let file = file.unwrap_or_default();
        let message = format!("`{service}` extends `{name}`, which `{file}` does not have");
        let help = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("its services: {}", names.join(", ")),
        };
        self.loader
            .fault(wanted.span, Diagnostic::error(message).help(help));
        false
    }

    /// Whether the way ends here: in a circle, or because it is too long. Both are reported.
    fn is_end(&mut self, target: usize, wanted: &Extends) -> bool {
        let key = |home: usize, service: &str| {
            let link = self.homes.get(home).and_then(|home| home.link.as_ref());
            (link.map(|link| link.real.clone()), service.to_owned())
        };
        let next = key(target, &wanted.service);
        let mut way = self.way.iter();
        if let Some(first) = way.position(|step| key(step.home, &step.service) == next) {
            self.report_cycle(first);
            return true;
        }
        if self.way.len() > MOST_IN_A_ROW {
            let message = format!("More than {MOST_IN_A_ROW} services extend one another in a row");
            self.loader.fault(wanted.span, Diagnostic::error(message));
            return true;
        }
        false
    }

    fn report_cycle(&mut self, first: usize) {
        let cycle: Vec<Step> = self.way.iter().skip(first).cloned().collect();
        let mut names: Vec<String> = cycle.iter().map(|step| self.name(step, &cycle)).collect();
        names.extend(names.first().cloned());
        let labels: Vec<String> = names
            .iter()
            .zip(names.iter().skip(1))
            .map(|(from, to)| format!("{from} extends {to}"))
            .collect();
        if names.len() > MOST_NAMED + 1 {
            names.splice(MOST_NAMED.., ["…".to_owned()]);
        }
        let message = format!("Services extend each other: {}", names.join(" → "));
        let place = |step: &Step| Place::within(&self.loader.sources, step.extends);
        let mut places = cycle.iter().map(place).zip(labels);
        let Some((place, label)) = places.next() else {
            return;
        };
        let mut fault = Diagnostic::error(message)
            .at_place(place)
            .label(label)
            .help("remove one of these `extends`");
        fault.related = places.take(MOST_NAMED).collect();
        self.loader.found.diagnostics.push(fault);
    }

    /// A service of the cycle, with its file where there are several.
    fn name(&self, step: &Step, cycle: &[Step]) -> String {
        let service = &step.service;
        let link = self.homes.get(step.home).and_then(|it| it.link.as_ref());
        match link {
            Some(link) if cycle.iter().any(|other| other.home != step.home) => {
                format!("`{service}` of `{}`", link.shown.display())
            }
            _ => format!("`{service}`"),
        }
    }

    /// Keeps what was told of the service of another file.
    fn take_over(&mut self, home: usize, service: &str) {
        if let Some(home) = self.homes.get_mut(home) {
            let told = home.told_of(service, &self.loader.sources);
            self.loader.found.extend(told);
        }
    }
}

/// Whether everything that the service extends was found.
fn is_complete(service: &Mapping) -> bool {
    service.get("extends").is_none_or(Node::is_null)
}

#[cfg(test)]
mod tests;
