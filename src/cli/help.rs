//! What stands below the options in the help of a command: examples, then what else is worth knowing.
//! Manual pages and the reference show both in their own way, so here they are told apart.

use clap::Command;

/// The text below the options, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AfterHelp {
    /// Lines to type.
    pub examples: Vec<String>,
    /// Paragraphs.
    pub notes: Vec<String>,
}

/// Reads `Example: …` or `Examples:` with a line each, and every other paragraph.
#[must_use]
pub fn after(command: &Command) -> AfterHelp {
    let text = { command.get_after_long_help() }.or_else(|| command.get_after_help());
    let text = text.map(ToString::to_string).unwrap_or_default();
    let mut after = AfterHelp::default();
    for paragraph in text.split("\n\n").filter(|one| !one.trim().is_empty()) {
        let listed = ["Examples:", "Example:"].iter();
        match listed
            .filter_map(|word| paragraph.strip_prefix(word))
            .next()
        {
            Some(lines) => {
                let lines = lines.lines().map(str::trim);
                let lines = lines.filter(|line| !line.is_empty());
                after.examples.extend(lines.map(str::to_owned));
            }
            None => after.notes.push(paragraph.to_owned()),
        }
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str) -> AfterHelp {
        after(&Command::new("poststack").after_help(text))
    }

    #[test]
    fn one_example_stands_on_the_line_of_its_heading() {
        assert_eq!(read("Example: poststack up").examples, ["poststack up"]);
    }

    #[test]
    fn several_examples_have_a_line_each_and_notes_follow() {
        let after =
            read("Examples:\n  poststack a\n  poststack b\n\nExit codes: 3 no.\n\nAnd so on.");
        assert_eq!(after.examples, ["poststack a", "poststack b"]);
        assert_eq!(after.notes, ["Exit codes: 3 no.", "And so on."]);
    }

    #[test]
    fn a_command_without_such_a_text_has_nothing() {
        assert_eq!(after(&Command::new("poststack")), AfterHelp::default());
    }
}
