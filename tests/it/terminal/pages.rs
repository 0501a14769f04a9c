//! Manual pages.

use std::collections::BTreeSet;

use clap::{Command, CommandFactory};
use poststack::cli::Cli;

use crate::database::support::Folder;

/// The file of the page of `command` and of every command below it.
fn pages(command: &Command, name: &str) -> BTreeSet<String> {
    let below = command.get_subcommands().filter(|one| !one.is_hide_set());
    let below = below.flat_map(|one| pages(one, &format!("{name}-{}", one.get_name())));
    below.chain([format!("{name}.1")]).collect()
}

#[test]
fn every_command_has_a_page_with_its_examples() {
    let folder = Folder::new(&[]);
    let told = folder.run(&["man", "--output", "share/man1"]).ok();
    let expected = pages(&Cli::command(), "poststack");
    let written = std::fs::read_dir(folder.path().join("share/man1")).unwrap();
    let written: BTreeSet<String> = written
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(written, expected);
    let count = format!("{} pages in share/man1", expected.len());
    assert_eq!(told.stdout.trim(), count);
    for file in expected {
        let page = std::fs::read_to_string(folder.path().join("share/man1").join(&file)).unwrap();
        for part in [
            ".TH ",
            ".SH NAME",
            ".SH SYNOPSIS",
            ".SH EXAMPLES",
            "poststack",
        ] {
            assert!(page.contains(part), "{file} has no {part}");
        }
    }
}

#[test]
fn one_page_is_written_to_standard_output() {
    let folder = Folder::new(&[]);
    let page = folder.run(&["man", "env", "start"]).ok().stdout;
    assert!(page.contains(".SH EXAMPLES"), "{page}");
    assert!(page.contains("\\-\\-remove\\-orphans"), "{page}");
    let refused = folder.run(&["man", "env", "strat"]).exits(2);
    assert!(
        refused.stderr.contains("did you mean `start`?"),
        "{}",
        refused.stderr
    );
    let unknown = folder.run(&["man", "bogus"]).exits(2).stderr;
    assert!(unknown.contains("hint: poststack --help"), "{unknown}");
}
