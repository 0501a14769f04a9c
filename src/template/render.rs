//! A text → a YAML scalar that reads as exactly this text, in the style it had where that can be.

use std::fmt::Write;

use crate::text::{Source, Span};
use crate::yaml::Style;

/// Unquoted where that is safe everywhere, in flow collections too, else in double quotes.
pub fn plain(text: &str) -> String {
    if is_safe_plain(text) {
        text.to_owned()
    } else {
        double_quoted(text)
    }
}

pub fn single_quoted(text: &str) -> String {
    if text.chars().any(needs_escape) {
        double_quoted(text)
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

pub fn double_quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            other if needs_escape(other) => {
                // Writing to a string cannot fail.
                let _ = write!(quoted, "\\U{:08X}", u32::from(other));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether the character cannot stand for itself in a one-line scalar, or is better not to.
fn needs_escape(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}

/// Whether the text, unquoted, is read back as itself by every YAML reader and in every context.
fn is_safe_plain(text: &str) -> bool {
    let first = text.chars().next();
    let starts_badly = match first {
        None => true,
        Some('-') => {
            let second = text.chars().nth(1);
            !second.is_some_and(|c| c.is_alphanumeric() || c == '/' || c == '.')
        }
        Some(c) => "?:#&*!|>'\"%@`=<~".contains(c) || c.is_whitespace(),
    };
    let is_doubtful = text.contains([',', '[', ']', '{', '}'])
        || text.contains(": ")
        || text.contains(":?")
        || text.contains(" #")
        || text.ends_with(':')
        || text.starts_with("...")
        || text.ends_with(char::is_whitespace)
        || text.chars().any(needs_escape);
    !starts_badly && !is_doubtful && !is_other_type(text)
}

/// Whether an unquoted text is read as something other than this text by some YAML reader: null,
/// YAML 1.1 booleans, dates, base 60, octal and odd numbers. Plain numbers, `true` and `false` are
/// what their author meant them to be.
fn is_other_type(text: &str) -> bool {
    const WORDS: [&str; 9] = ["null", "yes", "no", "on", "off", "y", "n", ".inf", ".nan"];
    let unsigned = text.trim_start_matches(['-', '+']);
    let lower = unsigned.to_ascii_lowercase();
    if matches!(lower.as_str(), "true" | "false") {
        return text != lower;
    }
    let numeric = |c: char| c.is_ascii_hexdigit() || "xo_.:+-tz ".contains(c);
    let looks_numeric = lower.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && lower.chars().all(numeric)
        && lower.contains(|c: char| c.is_ascii_digit());
    WORDS.contains(&lower.as_str()) || looks_numeric && !is_ordinary_number(text)
}

/// A decimal number that has only one way to be written.
fn is_ordinary_number(text: &str) -> bool {
    const MOST_DIGITS: usize = 15;
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "1"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    all_digits(whole)
        && all_digits(fraction)
        && digits.len() <= MOST_DIGITS
        && (whole == "0" || !whole.starts_with('0'))
        && !fraction.ends_with('0')
        && text != "-0"
}

/// A block scalar in the file: its header line and the lines of its content.
pub struct Block<'a> {
    /// From `|` or `>` up to the end of the content with its line break.
    pub span: Span,
    /// `|` or `>` with its indicators.
    header: &'a str,
    /// What stands after it on its line: blanks and a comment.
    after_header: &'a str,
    indentation: &'a str,
    line_break: &'static str,
}

impl<'a> Block<'a> {
    /// Finds the block whose content starts at `content`, after the key at `key`.
    pub fn find(source: &'a Source, content: Span, key: Option<Span>) -> Option<Self> {
        let text = source.text.as_str();
        let before = text.get(..content.start)?;
        let first_line = before.rfind('\n')? + 1;
        let header_end = text.get(..first_line)?.trim_end().len();
        let header_line = text.get(..header_end)?.rfind('\n').map_or(0, |at| at + 1);
        let search_from = match key {
            Some(key) if (header_line..header_end).contains(&key.end) => key.end,
            _ => header_line,
        };
        let (start, header) = find_header(text.get(search_from..header_end)?)?;
        let start = search_from + start;
        let after = start + header.len();
        let line_end = after + text.get(after..)?.find('\n')?;
        let after_header = text.get(after..line_end)?;
        let indentation = text.get(first_line..content.start)?;
        let keep = header.contains('+');
        let end = content_end(text, first_line, content.end, indentation, keep)?;
        Some(Self {
            span: Span::new(start, end),
            header,
            after_header: after_header.trim_end_matches('\r'),
            indentation,
            line_break: if after_header.ends_with('\r') {
                "\r\n"
            } else {
                "\n"
            },
        })
    }

    /// The block with the new text; a quoted scalar where a block cannot hold the text.
    pub fn render(&self, style: Style, text: &str) -> String {
        let body = self.body(style, text);
        let Self {
            header,
            after_header,
            line_break,
            ..
        } = self;
        match body {
            Some(body) => format!("{header}{after_header}{line_break}{body}"),
            None => format!("{}{after_header}{line_break}", double_quoted(text)),
        }
    }

    /// The lines of the content, when a block with this header can hold the text.
    fn body(&self, style: Style, text: &str) -> Option<String> {
        let content = text.trim_end_matches('\n');
        let line_breaks = text.len() - content.len();
        let chomped_right = match () {
            () if self.header.contains('-') => line_breaks == 0,
            () if self.header.contains('+') => line_breaks > 0,
            () => line_breaks == 1,
        };
        let explicit = self.header.contains(|c: char| c.is_ascii_digit());
        let first = content.trim_start_matches('\n');
        let starts_with_blank = first.starts_with([' ', '\t']) && !explicit;
        let odd = |c: char| needs_escape(c) && c != '\n' && c != '\t';
        let folds_badly = style == Style::Folded
            && content
                .split('\n')
                .any(|line| line.starts_with([' ', '\t']) || line.ends_with([' ', '\t']));
        if !chomped_right
            || first.is_empty()
            || starts_with_blank
            || folds_badly
            || self.indentation.is_empty()
            || content.contains(odd)
        {
            return None;
        }
        let mut body = String::new();
        let mut after_text = false;
        for line in content.split('\n') {
            if style == Style::Folded && after_text && !line.is_empty() {
                body.push_str(self.line_break);
            }
            if !line.is_empty() {
                body.push_str(self.indentation);
                body.push_str(line);
                after_text = true;
            }
            body.push_str(self.line_break);
        }
        for _ in 1..line_breaks {
            body.push_str(self.line_break);
        }
        Some(body)
    }
}

/// The header of a block in what follows its key on the line: where it starts, and `|` or `>` with
/// its indicators.
fn find_header(line: &str) -> Option<(usize, &str)> {
    line.match_indices(['|', '>']).find_map(|(at, _)| {
        let before = line.get(..at)?;
        let rest = line.get(at..)?;
        let indicators = |c: char| c.is_ascii_digit() || c == '+' || c == '-';
        let after = rest.get(1..)?.trim_start_matches(indicators);
        let header = rest.get(..rest.len() - after.len())?;
        let stands_alone = before.is_empty() || before.ends_with([' ', '\t']);
        let ends = after.trim().is_empty()
            || after.starts_with([' ', '\t']) && after.trim_start().starts_with('#');
        (stands_alone && ends).then_some((at, header))
    })
}

/// Where the content ends that starts with the line at `at`: blank lines at its end belong to it
/// only when they are kept.
fn content_end(
    text: &str,
    mut at: usize,
    limit: usize,
    indentation: &str,
    keep: bool,
) -> Option<usize> {
    let mut end = at;
    while at < limit {
        let line = text.get(at..)?.split_inclusive('\n').next()?;
        let is_blank = line.trim().is_empty();
        if !is_blank && !line.starts_with(indentation) {
            break;
        }
        at += line.len();
        if !is_blank || keep {
            end = at;
        }
    }
    Some(end)
}
