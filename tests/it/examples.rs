//! Every example that stands in the help of a command, and so in `docs/commands.md`, run as it stands
//! there. A module per story: its lines, in their order, in one project on a real engine.

mod adopting;
mod beginning;
mod containers;
mod databases;
mod environments;
mod ledgers;
mod stage;

use std::collections::BTreeSet;

use poststack::cli::help;

use crate::reference::commands;
use stage::Example;

const STORIES: &[&[Example]] = &[
    adopting::LINES,
    beginning::LINES,
    containers::LINES,
    databases::LINES,
    environments::LINES,
    ledgers::LINES,
];

/// The lines that the stories run.
pub fn lines() -> impl Iterator<Item = String> {
    let examples = STORIES.iter().copied().flatten();
    examples.map(|example| example.line.to_owned())
}

#[test]
fn every_example_in_the_help_of_a_command_is_run_and_only_those() {
    let said = commands().into_iter();
    let said = said.flat_map(|listed| help::after(&listed.command).examples);
    let said: BTreeSet<String> = said.collect();
    let run: BTreeSet<String> = lines().collect();
    let missing: Vec<_> = said.difference(&run).collect();
    assert!(missing.is_empty(), "in no story: {missing:#?}");
    let unknown: Vec<_> = run.difference(&said).collect();
    assert!(unknown.is_empty(), "in no help: {unknown:#?}");
    assert_eq!(lines().count(), run.len(), "a line is run twice");
}
