//! Start order: a service follows its dependencies, otherwise the order of the file.

use std::collections::{BTreeMap, BTreeSet};

use super::file::File;
use super::service::Draft;

/// The position of every service by its name.
pub(super) fn index(drafts: &[Draft]) -> BTreeMap<&str, usize> {
    let names = drafts.iter().map(|draft| draft.service.name.as_str());
    names.enumerate().map(|(at, name)| (name, at)).collect()
}

/// Reports the cycles of dependencies; whether there was one.
pub(super) fn cycles(file: &mut File<'_>, drafts: &[Draft]) -> bool {
    let mut search = Search {
        drafts,
        index: index(drafts),
        open: Vec::new(),
        is_open: BTreeSet::new(),
        done: BTreeSet::new(),
    };
    let mut found = false;
    for start in 0..drafts.len() {
        if let Some(cycle) = search.from(start) {
            report(file, &cycle);
            found = true;
        }
    }
    found
}

/// A depth-first search. It keeps its own stack, because a file may chain a great many services.
struct Search<'d> {
    drafts: &'d [Draft],
    index: BTreeMap<&'d str, usize>,
    /// The services on the way, each with the number of its dependencies that were looked at.
    open: Vec<(usize, usize)>,
    is_open: BTreeSet<usize>,
    done: BTreeSet<usize>,
}

impl<'d> Search<'d> {
    /// The services along the first cycle that is reached from `start`.
    fn from(&mut self, start: usize) -> Option<Vec<&'d Draft>> {
        self.enter(start);
        while let Some((at, looked_at)) = self.open.last_mut() {
            let at = *at;
            let needed = self
                .drafts
                .get(at)
                .and_then(|one| one.needs.get(*looked_at));
            *looked_at += 1;
            let Some(needed) = needed else {
                self.open.pop();
                self.is_open.remove(&at);
                self.done.insert(at);
                continue;
            };
            let Some(&next) = self.index.get(needed.dependency.service.as_str()) else {
                continue;
            };
            if self.is_open.contains(&next) {
                return Some(self.close(next));
            }
            self.enter(next);
        }
        None
    }

    fn enter(&mut self, at: usize) {
        if !self.done.contains(&at) {
            self.open.push((at, 0));
            self.is_open.insert(at);
        }
    }

    /// Ends the search; the open services from `first` on are the cycle.
    fn close(&mut self, first: usize) -> Vec<&'d Draft> {
        self.is_open.clear();
        let way: Vec<usize> = self.open.drain(..).map(|(at, _)| at).collect();
        self.done.extend(way.iter().copied());
        let cycle = way.into_iter().skip_while(|at| *at != first);
        cycle.filter_map(|at| self.drafts.get(at)).collect()
    }
}

fn report(file: &mut File<'_>, cycle: &[&Draft]) {
    const MOST_NAMED: usize = 10;
    let name = |draft: &Draft| draft.service.name.clone();
    let next = cycle.iter().cycle().skip(1);
    let mut places = cycle.iter().zip(next).filter_map(|(from, to)| {
        let to = name(to);
        let needed = from.needs.iter().find(|one| one.dependency.service == to)?;
        Some((needed.span, format!("`{}` waits for `{to}`", name(from))))
    });
    let Some((span, label)) = places.next() else {
        return;
    };
    let places = places.take(MOST_NAMED);
    let related = places.map(|(span, label)| (file.decoder.place(span), label));
    let related = related.collect();
    let mut names: Vec<String> = cycle.iter().take(MOST_NAMED).map(|one| name(one)).collect();
    if cycle.len() > MOST_NAMED {
        names.push("…".to_owned());
    }
    names.extend(cycle.first().map(|first| name(first)));
    let message = format!("Services wait for each other: {}", names.join(" → "));
    let diagnostic = file.decoder.error(span, message);
    diagnostic.label = Some(label);
    diagnostic.related = related;
    diagnostic.help = Some("remove one of these dependencies".to_owned());
}

/// Sorts services without cycles: always the first of the file whose dependencies have come.
pub(super) fn sort(drafts: Vec<Draft>) -> Vec<Draft> {
    let index = index(&drafts);
    let mut missing = vec![0_usize; drafts.len()];
    let mut dependents: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, draft) in drafts.iter().enumerate() {
        for needed in &draft.service.depends_on {
            if let (Some(&first), Some(count)) =
                (index.get(needed.service.as_str()), missing.get_mut(at))
            {
                *count += 1;
                dependents.entry(first).or_default().push(at);
            }
        }
    }
    let ready = missing.iter().enumerate().filter(|(_, count)| **count == 0);
    let mut ready: BTreeSet<usize> = ready.map(|(at, _)| at).collect();
    let mut drafts: Vec<Option<Draft>> = drafts.into_iter().map(Some).collect();
    let mut sorted = Vec::with_capacity(drafts.len());
    while let Some(at) = ready.pop_first() {
        sorted.extend(drafts.get_mut(at).and_then(Option::take));
        for dependent in dependents.remove(&at).unwrap_or_default() {
            if let Some(count) = missing.get_mut(dependent) {
                *count -= 1;
                if *count == 0 {
                    ready.insert(dependent);
                }
            }
        }
    }
    sorted
}
