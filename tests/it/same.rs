//! The same containers as Docker Compose: every file below `tests/compose` is run by Docker Compose
//! and by poststack on one Docker, and by poststack on Podman; what `inspect` then says of every
//! container, network, volume and built image has to agree.
//!
//! What differs is listed in [`explained`] with its reason, and nothing else may. An entry of that
//! list which no file needs fails the test as well.
//!
//! `POSTSTACK_SAME=ports,volumes` runs only the files whose names hold one of these words, and
//! `POSTSTACK_SAME_FOLDER` takes the files of another folder; the check for needless entries is left
//! out then.

mod case;
mod compare;
mod engine;
mod explained;

mod run;
mod snapshot;
mod stand_in;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use case::Case;
use compare::Explained;
use run::Outcome;

/// Files that run at the same time.
const WORKERS: usize = 3;

#[test]
fn every_file_makes_what_docker_compose_makes_and_the_same_on_podman() {
    let (cases, all) = case::chosen();
    assert!(!cases.is_empty(), "no file was chosen");
    let images = stand_in::StandIns::build();
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::new());
    let work = || {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let begun = Instant::now();
            let outcome = catch_unwind(AssertUnwindSafe(|| run::run(case, &images)));
            // What was made is removed by then.
            let outcome = outcome.unwrap_or_else(|_| Outcome::panicked());
            eprintln!(
                "{:>6.1} s  {}",
                begun.elapsed().as_secs_f32(),
                outcome.summary(case)
            );
            outcomes.lock().unwrap().push((case, outcome));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(work);
        }
    });
    report(outcomes.into_inner().unwrap(), all);
}

/// Fails with everything that is not as it should be; prints how often each reason was needed.
fn report(mut outcomes: Vec<(&Case, Outcome)>, all: bool) {
    outcomes.sort_by_key(|(case, _)| case.name.clone());
    let mut wrong: Vec<String> = Vec::new();
    let lists = [("Docker", explained::DOCKER), ("Podman", explained::PODMAN)];
    for (engine, list) in lists {
        for (index, entry) in list.iter().enumerate() {
            let users: BTreeSet<&str> = outcomes
                .iter()
                .filter(|(_, outcome)| outcome.used(engine).contains(&index))
                .map(|(case, _)| case.name.as_str())
                .collect();
            eprintln!("{engine}: {:>3} files  {}", users.len(), describe(entry));
            if all && users.is_empty() {
                wrong.push(format!(
                    "no file needs this entry of {engine}: {}",
                    describe(entry)
                ));
            }
        }
    }
    let mut faults: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (case, outcome) in &outcomes {
        for (fault, object) in &outcome.faults {
            let place = format!("{} {object}", case.name);
            faults.entry(fault).or_default().push(place);
        }
    }
    let told = faults
        .iter()
        .map(|(fault, places)| format!("{fault}\n    in    {}", places.join(", ")));
    wrong.extend(told);
    assert!(
        wrong.is_empty(),
        "{} of {} files\n{}",
        wrong.len(),
        outcomes.len(),
        wrong.join("\n")
    );
}

fn describe(entry: &Explained) -> String {
    format!("{} — {}", entry.at, entry.why)
}
