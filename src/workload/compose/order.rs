//! Start order: a service follows its dependencies, otherwise the order of the file.

use std::collections::BTreeSet;

use super::file::File;
use super::service::Draft;
use crate::diagnostic::Place;

/// Reports every cycle of dependencies; whether there was one.
pub(super) fn cycles(file: &mut File<'_>, drafts: &[Draft]) -> bool {
    let mut done = BTreeSet::new();
    let mut found = false;
    for draft in drafts {
        let mut path = Vec::new();
        if let Some(cycle) = cycle(drafts, draft, &mut path, &mut done) {
            report(file, drafts, &cycle);
            found = true;
        }
    }
    found
}

/// The names along the first cycle that is reached from `draft`. The search keeps its own stack of
/// open services, because a file may chain a great many of them.
fn cycle<'d>(
    drafts: &'d [Draft],
    draft: &'d Draft,
    open: &mut Vec<(&'d Draft, usize)>,
    done: &mut BTreeSet<&'d str>,
) -> Option<Vec<&'d str>> {
    if done.contains(draft.service.name.as_str()) {
        return None;
    }
    open.push((draft, 0));
    while let Some((current, next)) = open.last_mut() {
        let current: &'d Draft = current;
        let Some(needed) = current.needs.get(*next) else {
            done.insert(&current.service.name);
            open.pop();
            continue;
        };
        *next += 1;
        let name = needed.dependency.service.as_str();
        if let Some(start) = open.iter().position(|(one, _)| one.service.name == name) {
            let names: Vec<&str> = open.iter().map(|(one, _)| one.service.name.as_str()).collect();
            done.extend(names.iter().copied());
            return names.get(start..).map(<[&str]>::to_vec);
        }
        let target = drafts.iter().find(|one| one.service.name == name);
        if let Some(target) = target.filter(|_| !done.contains(name)) {
            open.push((target, 0));
        }
    }
    None
}

fn report(file: &mut File<'_>, drafts: &[Draft], names: &[&str]) {
    let source = file.decoder.source;
    let next = names.iter().cycle().skip(1);
    let mut places = names.iter().zip(next).filter_map(|(from, to)| {
        let draft = drafts.iter().find(|one| one.service.name == *from)?;
        let needed = draft.needs.iter().find(|one| one.dependency.service == **to)?;
        Some((needed.span, format!("`{from}` waits for `{to}`")))
    });
    let Some((span, label)) = places.next() else {
        return;
    };
    let related = places.map(|(span, label)| (Place::new(source, span), label)).collect();
    let first = names.first().copied().unwrap_or_default();
    let message = format!("Services wait for each other: {} → {first}", names.join(" → "));
    let diagnostic = file.decoder.error(span, message);
    diagnostic.label = Some(label);
    diagnostic.related = related;
    diagnostic.help = Some("remove one of these dependencies".to_owned());
}

/// Sorts services without cycles: always the first of the file whose dependencies have come.
pub(super) fn sort(mut drafts: Vec<Draft>) -> Vec<Draft> {
    let mut sorted = Vec::with_capacity(drafts.len());
    let mut waiting: BTreeSet<String> = drafts.iter().map(|one| one.service.name.clone()).collect();
    while !drafts.is_empty() {
        let ready = drafts.iter().position(|draft| {
            let needs = &draft.service.depends_on;
            !needs.iter().any(|needed| waiting.contains(&needed.service))
        });
        let draft = drafts.remove(ready.unwrap_or_default());
        waiting.remove(&draft.service.name);
        sorted.push(draft);
    }
    sorted
}
