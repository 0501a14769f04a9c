//! The references in `docs/`: that of the commands is what the program says of itself, that of the
//! configuration names every key and no other.
//!
//! `UPDATE_DOCS=1 cargo test --test it reference` writes `docs/commands.md` anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Arg, Command, CommandFactory};
use poststack::cli::{Cli, help};
use poststack::config::keys;

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn read(file: &str) -> String {
    std::fs::read_to_string(path(file)).unwrap_or_default()
}

// --- Commands -------------------------------------------------------------------------------------

const COMMANDS: &str = "docs/commands.md";

const INTRODUCTION: &str = "\
# Commands

What `poststack COMMAND --help` says, of every command. This file is written by a test out of the
program itself: `UPDATE_DOCS=1 cargo test --test it reference`; another test runs every example.

`poststack man COMMAND | man -l -` shows the same as a manual page, `poststack completions SHELL` makes
the shell complete commands, options, and the names of environments, services and migrations.

";

#[test]
fn the_command_reference_is_what_the_program_says() {
    let commands = commands();
    let mut text = INTRODUCTION.to_owned();
    for listed in &commands {
        let name = listed.name();
        let about = { listed.command.get_about() }.map(ToString::to_string);
        let anchor = name.replace(' ', "-");
        let about = about.unwrap_or_default();
        writeln!(text, "- [`{name}`](#{anchor}): {about}").unwrap();
    }
    for listed in &commands {
        text.push_str(&section(listed));
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path(COMMANDS), &text).unwrap();
    }
    let written = read(COMMANDS);
    let differing = written
        .lines()
        .zip(text.lines())
        .find(|(written, said)| written != said);
    assert!(
        written == text,
        "{COMMANDS} is not up to date, first at {differing:?}: \
         UPDATE_DOCS=1 cargo test --test it reference"
    );
}

/// A command that is not hidden.
pub struct Listed {
    pub command: Command,
    /// Its options that were listed of a command above.
    known: BTreeSet<String>,
}

impl Listed {
    fn name(&self) -> &str {
        self.command.get_bin_name().unwrap_or("poststack")
    }
}

/// Every command, those below one after it.
pub fn commands() -> Vec<Listed> {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    let mut listed = Vec::new();
    list(root, BTreeSet::new(), &mut listed);
    listed
}

fn list(command: Command, known: BTreeSet<String>, listed: &mut Vec<Listed>) {
    let global = command.get_arguments().filter(|arg| arg.is_global_set());
    let global = global.map(|arg| arg.get_id().to_string());
    let known_below: BTreeSet<String> = known.iter().cloned().chain(global).collect();
    let below: Vec<Command> = command.get_subcommands().cloned().collect();
    listed.push(Listed { command, known });
    for command in below.into_iter().filter(|one| !one.is_hide_set()) {
        list(command, known_below.clone(), listed);
    }
}

/// How it is called: one form, or several.
fn synopsis(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    let forms = usage.trim_start_matches("Usage: ").lines();
    let forms: Vec<String> = forms.map(|form| format!("`{}`", form.trim())).collect();
    format!("Usage: {}", forms.join(" or "))
}

fn section(listed: &Listed) -> String {
    let Listed { command, known } = listed;
    let name = listed.name();
    let about = command.get_long_about().or_else(|| command.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    let usage = synopsis(command);
    let mut text = format!("\n## {name}\n\n{about}\n\n{usage}\n");
    let aliases: Vec<String> = { command.get_visible_aliases() }
        .map(|alias| format!("`{alias}`"))
        .collect();
    if !aliases.is_empty() {
        writeln!(text, "\nAlso called {}.", aliases.join(", ")).unwrap();
    }
    let is_own = |arg: &&Arg| !arg.is_hide_set() && !known.contains(arg.get_id().as_str());
    let own = command.get_arguments().filter(is_own);
    // Every command has these.
    let own = own.filter(|arg| arg.get_id() != "help" && arg.get_id() != "version");
    let own: Vec<&Arg> = own.collect();
    let heading = |arg: &Arg| match arg.get_help_heading() {
        Some(heading) => heading.to_owned(),
        None if arg.is_positional() => "Arguments".to_owned(),
        None => "Options".to_owned(),
    };
    let mut headings: Vec<String> = Vec::new();
    for arg in &own {
        if !headings.contains(&heading(arg)) {
            headings.push(heading(arg));
        }
    }
    headings.sort_by_key(|heading| heading != "Arguments");
    for listed in headings {
        writeln!(text, "\n{listed}:\n").unwrap();
        for arg in own.iter().filter(|arg| heading(arg) == listed) {
            writeln!(text, "- {}", line(arg)).unwrap();
        }
    }
    let after = help::after(command);
    if !after.examples.is_empty() {
        writeln!(text, "\nExamples:\n\n```sh").unwrap();
        for example in &after.examples {
            writeln!(text, "{example}").unwrap();
        }
        writeln!(text, "```").unwrap();
    }
    for note in &after.notes {
        match note.lines().any(|line| line.starts_with(' ')) {
            true => writeln!(text, "\n```text\n{note}\n```").unwrap(),
            false => writeln!(text, "\n{note}").unwrap(),
        }
    }
    text
}

/// `` `-n`, `--tail <LINES>`: what it does [default: all] ``
fn line(arg: &Arg) -> String {
    let takes_values = arg.get_num_args().is_some_and(|count| count.takes_values());
    let values = arg.get_value_names().unwrap_or_default();
    let values: Vec<String> = values.iter().map(|name| format!("<{name}>")).collect();
    let value = match takes_values && !arg.is_positional() {
        true => format!(" {}", values.join(" ")),
        false => String::new(),
    };
    let short = arg.get_short().map(|short| format!("`-{short}`"));
    let aliases = arg.get_visible_aliases().unwrap_or_default();
    let long = arg.get_long().into_iter().chain(aliases);
    let long = long.map(|long| format!("`--{long}{value}`"));
    let positional = arg
        .is_positional()
        .then(|| format!("`{}`", arg.get_value_names().unwrap_or_default().join(" ")));
    let names: Vec<String> = short.into_iter().chain(long).chain(positional).collect();
    let text = arg.get_long_help().or_else(|| arg.get_help());
    let text = text.map(ToString::to_string).unwrap_or_default();
    let mut line = format!("{}: {}", names.join(", "), text.replace('\n', " "));
    let defaults: Vec<_> = arg
        .get_default_values()
        .iter()
        .map(|one| one.to_string_lossy())
        .collect();
    if takes_values && !defaults.is_empty() && !arg.is_hide_default_value_set() {
        write!(line, " [default: {}]", defaults.join(" ")).unwrap();
    }
    let possible = arg.get_possible_values();
    let possible = possible.iter().filter(|one| !one.is_hide_set());
    let possible: Vec<&str> = possible.map(|one| one.get_name()).collect();
    if takes_values && !possible.is_empty() {
        write!(line, " [one of: {}]", possible.join(", ")).unwrap();
    }
    if let Some(variable) = arg.get_env() {
        write!(line, " [variable: `{}`]", variable.to_string_lossy()).unwrap();
    }
    line
}

// --- Configuration --------------------------------------------------------------------------------

const CONFIGURATION: &str = "docs/configuration.md";

/// Section → the keys that its table explains. A section is a heading that is its path in backticks;
/// the top of the file is `.poststack.yml`.
fn explained() -> BTreeMap<String, BTreeSet<String>> {
    let text = read(CONFIGURATION);
    let mut sections: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut section = None;
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix('#') {
            let heading = heading.trim_start_matches('#').trim();
            let name = heading
                .strip_prefix('`')
                .and_then(|rest| rest.strip_suffix('`'));
            section = name.map(str::to_owned);
            if let Some(name) = name {
                sections.entry(name.to_owned()).or_default();
            }
        }
        let key = line
            .strip_prefix("| `")
            .and_then(|rest| rest.split_once('`'));
        if let (Some(section), Some((key, _))) = (&section, key) {
            sections
                .entry(section.clone())
                .or_default()
                .insert(key.to_owned());
        }
    }
    sections
}

fn set(keys: &[&str]) -> BTreeSet<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

#[test]
fn the_configuration_reference_explains_every_key_and_no_other() {
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (section, keys) in keys::SECTIONS {
        let name = if section.is_empty() {
            ".poststack.yml"
        } else {
            section
        };
        known.insert(name.to_owned(), set(keys));
    }
    // It takes keys of an environment, which are explained there, and says which it does not take.
    known.insert("defaults".to_owned(), BTreeSet::new());
    let text = read(CONFIGURATION);
    let defaults = text
        .split("\n## ")
        .find(|section| section.starts_with("`defaults`"));
    let left_out = set(keys::ENVIRONMENT);
    for key in left_out.difference(&set(keys::DEFAULTS)) {
        let is_said = defaults.is_some_and(|section| section.contains(&format!("`{key}`")));
        assert!(is_said, "`defaults` does not say that it takes no `{key}`");
    }

    let explained = explained();
    let mut faults = Vec::new();
    let nothing = BTreeSet::new();
    let sections: BTreeSet<&String> = known.keys().chain(explained.keys()).collect();
    for section in sections {
        match (known.get(section), explained.get(section)) {
            (Some(_), None) => faults.push(format!("the section `{section}` is not explained")),
            (None, Some(_)) => faults.push(format!("there is no section `{section}`")),
            _ => {}
        }
        let known = known.get(section).unwrap_or(&nothing);
        let explained = explained.get(section).unwrap_or(&nothing);
        let missing = known.difference(explained);
        faults.extend(missing.map(|key| format!("`{key}` of `{section}` is not explained")));
        let unknown = explained.difference(known);
        faults.extend(unknown.map(|key| format!("there is no `{key}` in `{section}`")));
    }
    assert!(faults.is_empty(), "{CONFIGURATION}: {faults:#?}");
}

#[test]
fn the_configuration_reference_names_every_variable_that_poststack_sets() {
    let text = read(CONFIGURATION);
    let named = |word: &&&str| !text.contains(&format!("`{word}`"));
    let missing: Vec<_> = keys::BUILT_IN_VARIABLES.iter().filter(named).collect();
    assert!(missing.is_empty(), "{CONFIGURATION} lacks {missing:?}");
    let reserved = keys::RESERVED_SETTINGS.iter().map(|(name, _)| name);
    let missing: Vec<_> = reserved.filter(named).collect();
    assert!(missing.is_empty(), "{CONFIGURATION} lacks {missing:?}");
}
