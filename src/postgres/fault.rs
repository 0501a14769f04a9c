//! A server's error as a fault at its place in the text the user wrote.

use super::{Position, ServerMessage};
use crate::diagnostic::Diagnostic;
use crate::text::{Source, Span};

/// SQL as it was sent, and where it stands in what the user wrote.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    pub source: &'a Source,
    /// Byte offset in `source` at which the sent text starts.
    pub offset: usize,
    /// Characters sent before that text.
    pub prefix_characters: usize,
    /// The statement that failed, when it is known. It is marked when the server names no token.
    pub statement: Option<Span>,
    /// Stands at the marked text when the server gives no detail.
    pub label: &'a str,
}

/// The server's `answer` as a fault at its place: the token it names, or the statement's first
/// line. The help holds the server's hint, then `advice`, then where inside the server it happened.
#[must_use]
pub fn diagnose(answer: &ServerMessage, sent: &Sent<'_>, advice: &[String]) -> Diagnostic {
    let message = format!("{} (SQLSTATE {})", sentence(&answer.message), answer.code);
    let span = token(answer, sent)
        .or_else(|| first_line(sent))
        .unwrap_or_default();
    let diagnostic = Diagnostic::error(message)
        .at(sent.source, span)
        .label(answer.detail.as_deref().unwrap_or(sent.label));
    let context = answer.context.as_ref().map(|text| format!("in: {text}"));
    let help: Vec<String> = answer
        .hint
        .iter()
        .chain(advice)
        .chain(&context)
        .cloned()
        .collect();
    if help.is_empty() {
        diagnostic
    } else {
        diagnostic.help(help.join("\n"))
    }
}

/// The token at the position the server gives.
fn token(answer: &ServerMessage, sent: &Sent<'_>) -> Option<Span> {
    match answer.position.as_ref()? {
        Position::Sent(character) => {
            let in_text = character.checked_sub(1 + sent.prefix_characters)?;
            token_at(sent.source, sent.offset, in_text)
        }
        // The body of a `DO` block or function stands in the statement as it was written.
        Position::Internal { character, query } => {
            let statement = sent.statement?;
            let start = statement.start + find(sent.source.slice(statement), query)?;
            token_at(sent.source, start, character.checked_sub(1)?)
        }
    }
}

/// Where `query` begins in `text`. PL/pgSQL makes `SELECT` of `PERFORM`.
fn find(text: &str, query: &str) -> Option<usize> {
    const MADE: &str = "SELECT";
    text.find(query).or_else(|| {
        let rest = query.strip_prefix(MADE)?;
        text.find(rest)?.checked_sub(MADE.len())
    })
}

/// The token that starts `characters` after the byte `offset`.
fn token_at(source: &Source, offset: usize, characters: usize) -> Option<Span> {
    let text = source.text.get(offset..)?;
    let (at, _) = text
        .char_indices()
        .chain([(text.len(), ' ')])
        .nth(characters)?;
    let token = text.get(at..)?;
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let length = token.find(|c| !is_word(c)).unwrap_or(token.len());
    // A quote or an operator: its first character says enough.
    let length = match length {
        0 => token.chars().next().map_or(0, char::len_utf8),
        length => length,
    };
    let start = offset + at;
    Some(Span::new(start, start + length))
}

fn first_line(sent: &Sent<'_>) -> Option<Span> {
    let span = sent.statement?;
    let text = sent.source.slice(span);
    let line = text.lines().next().unwrap_or_default();
    Some(Span::new(span.start, span.start + line.len()))
}

fn sentence(message: &str) -> String {
    let mut characters = message.chars();
    let first = characters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(characters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::SourceFile;

    fn sent(source: &Source) -> Sent<'_> {
        Sent {
            source,
            offset: 0,
            prefix_characters: 0,
            statement: Some(Span::new(0, source.text.len())),
            label: "this statement failed",
        }
    }

    fn answer(position: Option<Position>) -> ServerMessage {
        ServerMessage {
            severity: "ERROR".to_owned(),
            code: "42P01".to_owned(),
            message: "relation \"ünknown\" does not exist".to_owned(),
            position,
            ..ServerMessage::default()
        }
    }

    fn marked(diagnostic: &Diagnostic) -> &str {
        let place = diagnostic.place.as_ref().unwrap();
        place.source.slice(place.span)
    }

    #[test]
    fn the_token_at_the_position_is_marked_whatever_stands_before_it() {
        let source = SourceFile::new("a.sql", "SELECT 'ü' FROM ünknown x");
        let fault = diagnose(&answer(Some(Position::Sent(17))), &sent(&source), &[]);
        assert_eq!(marked(&fault), "ünknown");
        assert_eq!(
            fault.message,
            "Relation \"ünknown\" does not exist (SQLSTATE 42P01)"
        );
        let after_prefix = Sent {
            prefix_characters: 100,
            ..sent(&source)
        };
        let fault = diagnose(&answer(Some(Position::Sent(117))), &after_prefix, &[]);
        assert_eq!(marked(&fault), "ünknown");
    }

    #[test]
    fn without_a_usable_position_the_first_line_is_marked() {
        let source = SourceFile::new("a.sql", "SELECT\n1");
        for position in [None, Some(Position::Sent(0)), Some(Position::Sent(99))] {
            let fault = diagnose(&answer(position), &sent(&source), &[]);
            assert_eq!(marked(&fault), "SELECT");
        }
    }

    #[test]
    fn sql_inside_a_block_is_marked_where_it_was_written() {
        let source = SourceFile::new("a.sql", "DO $$ BEGIN\nPERFORM 1; INSERT INTO nope; END $$");
        let position = Position::Internal {
            character: 13,
            query: "INSERT INTO nope".to_owned(),
        };
        let fault = diagnose(&answer(Some(position)), &sent(&source), &[]);
        assert_eq!(marked(&fault), "nope");
    }

    #[test]
    fn the_help_holds_hint_advice_and_context_in_this_order() {
        let source = SourceFile::new("a.sql", "x");
        let answer = ServerMessage {
            hint: Some("a".to_owned()),
            context: Some("c".to_owned()),
            detail: Some("d".to_owned()),
            ..answer(None)
        };
        let fault = diagnose(&answer, &sent(&source), &["b".to_owned()]);
        assert_eq!(fault.help.as_deref(), Some("a\nb\nin: c"));
        assert_eq!(fault.label.as_deref(), Some("d"));
    }
}
