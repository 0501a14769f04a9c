use clap::{Command, CommandFactory, Parser};

use super::{Cli, help};

#[test]
fn the_command_line_is_without_contradictions() {
    Cli::command().debug_assert();
}

/// `command` and everything below it, each with the words that lead to it.
fn all(command: &Command, path: &str) -> Vec<(String, Command)> {
    let path = format!("{path} {}", command.get_name());
    let below = command.get_subcommands();
    let below = below.filter(|one| one.get_name() != "help");
    let mut found: Vec<_> = below.flat_map(|one| all(one, &path)).collect();
    found.push((path.trim().to_owned(), command.clone()));
    found
}

#[test]
fn the_help_of_every_command_has_an_example() {
    let without = all(&Cli::command(), "").into_iter();
    let without = without.filter(|(_, command)| help::after(command).examples.is_empty());
    let without: Vec<String> = without.map(|(path, _)| path).collect();
    assert!(without.is_empty(), "without an `Example:` {without:#?}");
}

/// The words with which a line for the shell calls poststack.
fn own_words(line: &str) -> Vec<String> {
    let inside = line
        .split_once("$(")
        .and_then(|(_, rest)| rest.split_once(')'));
    let line = inside.map_or(line, |(inside, _)| inside);
    let words = shlex::split(line).unwrap_or_default();
    let own = words.into_iter().skip_while(|word| word != "poststack");
    own.take_while(|word| !["|", ">", "<", "&&"].contains(&word.as_str()))
        .collect()
}

#[test]
fn every_example_is_a_command_line_that_poststack_takes() {
    let mut faults = Vec::new();
    for (path, command) in all(&Cli::command(), "") {
        for example in help::after(&command).examples {
            let words = own_words(&example);
            if words.is_empty() {
                faults.push(format!("{path}: `{example}` does not call poststack"));
            } else if let Err(error) = Cli::try_parse_from(words) {
                faults.push(format!("{path}: `{example}`: {error}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
