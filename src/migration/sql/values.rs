//! SQL of other sessions as messages may show it: its words, not its values.

use super::Lexer;
use crate::text::Span;

/// `text` in one line, with `…` for strings, numbers and what is quoted in dollars, and without
/// comments; up to where a quote is never closed.
pub(in crate::migration) fn without_values(text: &str) -> String {
    let mut lexer = Lexer::new(text);
    let (mut shown, mut end) = (String::new(), 0);
    loop {
        let next = lexer.next();
        let is_open = next.is_err();
        let span = match next {
            Ok(None) => return shown,
            Ok(Some((_, span))) => span,
            Err(_) => Span::new(lexer.at, text.len()),
        };
        if span.start > end && !shown.is_empty() {
            shown.push(' ');
        }
        let token = text.get(span.start..span.end).unwrap_or_default();
        // Where quotes follow other rules, the string may not end here.
        let is_doubtful = is_open || token.ends_with("\\'");
        if is_doubtful || is_value(token) {
            let goes_on = span.start == end && shown.ends_with('…');
            shown.push_str(if goes_on { "" } else { "…" });
        } else {
            shown.push_str(token);
        }
        if is_doubtful {
            return shown;
        }
        end = span.end;
    }
}

fn is_value(token: &str) -> bool {
    let is_string = token.contains('\'') && !token.starts_with('"');
    let is_dollar_quoted = token.len() > 1 && token.starts_with('$');
    is_string || is_dollar_quoted || token.starts_with(|c: char| c.is_ascii_digit())
}
