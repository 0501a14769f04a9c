//! SQL without its values, for a log: which statements were run, and nothing of what is stored.

/// `text` as one line, with every string in quotes or dollar quotes as `'…'` and without comments;
/// names in double quotes stay. <https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-CONSTANTS>
pub(super) fn without_values(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    // An escape string goes on, with its escapes, in the next quote.
    let mut escapes = false;
    while let Some(first) = rest.chars().next() {
        let after = rest.get(first.len_utf8()..).unwrap_or_default();
        if let Some(rest_after) = after_comment(rest) {
            shown.push(' ');
            rest = rest_after;
            continue;
        }
        let in_words = rest.trim_start_matches(is_part_of_word);
        let word = rest.strip_suffix(in_words).unwrap_or_default();
        if !first.is_whitespace() && first != '\'' {
            escapes = word.eq_ignore_ascii_case("e");
        }
        rest = match first {
            '\'' => {
                shown.push_str("'…'");
                after_string(after, escapes)
            }
            '"' => {
                let in_name = after.split_once('"').map_or("", |(_, rest)| rest);
                shown.push_str(rest.strip_suffix(in_name).unwrap_or(rest));
                in_name
            }
            _ if !word.is_empty() && first != '$' => {
                shown.push_str(word);
                in_words
            }
            '$' => match dollar_tag(rest) {
                Some(tag) => {
                    shown.push_str("'…'");
                    let inside = rest.get(tag.len()..).unwrap_or_default();
                    inside.split_once(tag).map_or("", |(_, rest)| rest)
                }
                None => {
                    shown.push(first);
                    after
                }
            },
            c => {
                shown.push(if c.is_whitespace() { ' ' } else { c });
                after
            }
        };
    }
    let words: Vec<&str> = shown.split(' ').filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// Whether a word goes on with `c`: a quote after it begins no escape string then.
/// <https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS>
fn is_part_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$') || !c.is_ascii()
}

/// What follows the comment that `text` begins with. Those in `/* … */` nest.
fn after_comment(text: &str) -> Option<&str> {
    if text.starts_with("--") {
        let end = text.find(['\n', '\r']).unwrap_or(text.len());
        return text.get(end..);
    }
    let mut rest = text.strip_prefix("/*")?;
    let mut depth = 1_usize;
    while depth > 0 {
        let Some(mark) = rest.find(['/', '*']) else {
            return Some("");
        };
        let at_mark = rest.get(mark..).unwrap_or_default();
        let (length, now) = match at_mark {
            open if open.starts_with("/*") => (2, depth + 1),
            close if close.starts_with("*/") => (2, depth - 1),
            _ => (1, depth),
        };
        depth = now;
        rest = at_mark.get(length..).unwrap_or_default();
    }
    Some(rest)
}

/// What follows the string that `text` begins inside of. Two quotes are one in it.
fn after_string(text: &str, escapes: bool) -> &str {
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match (character, characters.peek()) {
            ('\'', Some((_, '\''))) => drop(characters.next()),
            ('\'', _) => return text.get(at + 1..).unwrap_or_default(),
            ('\\', _) if escapes => drop(characters.next()),
            _ => {}
        }
    }
    ""
}

/// `$$` or `$name$` that `text` begins with.
fn dollar_tag(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('$')?;
    let name = inside.split('$').next()?;
    let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    let closed = inside.len() > name.len();
    (is_name && closed).then(|| text.get(..name.len() + 2))?
}

#[cfg(test)]
mod tests {
    use super::without_values;

    #[test]
    fn values_are_left_out_and_names_stay() {
        let cases = [
            ("SELECT  1,\n'a b'", "SELECT 1, '…'"),
            (
                "ALTER USER x PASSWORD 'it''s' VALID",
                "ALTER USER x PASSWORD '…' VALID",
            ),
            (
                r"SELECT E'a\'canary' AS b, 'x\' AS c",
                "SELECT E'…' AS b, '…' AS c",
            ),
            (
                "DO $$ canary $$; SELECT $1, $b$ can'ary $b$ FROM \"T\"",
                "DO '…'; SELECT $1, '…' FROM \"T\"",
            ),
            ("SELECT 'canary", "SELECT '…'"),
            ("SELECT $x$ canary", "SELECT '…'"),
            ("SELECT a$b, $", "SELECT a$b, $"),
            ("SELECT 1 -- it's a note\n, 'canary'", "SELECT 1 , '…'"),
            (
                "/* don't /* nest's */ */ SELECT 'canary', 'x'",
                "SELECT '…', '…'",
            ),
            ("SELECT 1 /* canary", "SELECT 1"),
            (
                "SELECT 1 AS \"it's\", 'canary'",
                "SELECT 1 AS \"it's\", '…'",
            ),
            (
                "SELECT 1 AS \"a\"\"b's\", 'canary'",
                "SELECT 1 AS \"a\"\"b's\", '…'",
            ),
            (r"SELECT date'\', 'canary'", "SELECT date'…', '…'"),
            ("SELECT E'a'\n-- b\n'c\\'canary', 1", "SELECT E'…' '…', 1"),
            ("SELECT 'größe', größe$1, 'x'", "SELECT '…', größe$1, '…'"),
        ];
        for (sql, shown) in cases {
            assert_eq!(without_values(sql), shown);
        }
    }
}
