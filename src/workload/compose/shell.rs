//! A command written as one string → its words, by the quoting rules of a POSIX shell.
//!
//! Nothing is run by a shell here: `|`, `&&` and the like are words as any other.

/// Why a string does not split into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum SplitError {
    #[error("a `{0}` is never closed")]
    Unclosed(char),
    #[error("it ends in a backslash")]
    Backslash,
}

/// The words of a command, and the first unquoted operator that only a shell would understand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Words {
    pub words: Vec<String>,
    pub operator: Option<char>,
}

/// Splits `text` at white space outside quotes
/// (<https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02>).
pub(super) fn split(text: &str) -> Result<Words, SplitError> {
    let mut found = Words::default();
    let mut word: Option<String> = None;
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            c if c.is_whitespace() => found.words.extend(word.take()),
            '\'' => quoted(&mut characters, word.get_or_insert_default(), '\'')?,
            '"' => quoted(&mut characters, word.get_or_insert_default(), '"')?,
            '\\' => match characters.next() {
                Some('\n') => {}
                Some(escaped) => word.get_or_insert_default().push(escaped),
                None => return Err(SplitError::Backslash),
            },
            c => {
                if matches!(c, ';' | '&' | '|' | '<' | '>') {
                    found.operator.get_or_insert(c);
                }
                word.get_or_insert_default().push(c);
            }
        }
    }
    found.words.extend(word);
    Ok(found)
}

fn quoted(
    characters: &mut std::str::Chars<'_>,
    word: &mut String,
    quote: char,
) -> Result<(), SplitError> {
    while let Some(c) = characters.next() {
        match c {
            c if c == quote => return Ok(()),
            '\\' if quote == '"' => match characters.next() {
                Some('\n') => {}
                Some(escaped @ ('"' | '\\' | '$' | '`')) => word.push(escaped),
                Some(other) => word.extend(['\\', other]),
                None => return Err(SplitError::Unclosed(quote)),
            },
            c => word.push(c),
        }
    }
    Err(SplitError::Unclosed(quote))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_follow_the_quoting_rules_of_a_shell() {
        for (text, words) in [
            ("", &[][..]),
            (" \n ", &[]),
            ("a  b\tc\n", &["a", "b", "c"]),
            ("sh -c 'a && b'", &["sh", "-c", "a && b"]),
            ("a\"b c\"d", &["ab cd"]),
            ("''", &[""]),
            (r#""a\"b\n\\""#, &[r#"a"b\n\"#]),
            (r"a\ b 'c\d'", &["a b", r"c\d"]),
            ("a \\\n b", &["a", "b"]),
        ] {
            assert_eq!(split(text).unwrap().words, words, "{text:?}");
        }
    }

    #[test]
    fn an_open_quote_and_a_last_backslash_are_faults() {
        assert_eq!(split("a 'b"), Err(SplitError::Unclosed('\'')));
        assert_eq!(split("a \"b\\"), Err(SplitError::Unclosed('"')));
        assert_eq!(split("a \\"), Err(SplitError::Backslash));
    }

    #[test]
    fn an_operator_outside_quotes_is_noticed() {
        assert_eq!(split("a && b").unwrap().operator, Some('&'));
        assert_eq!(split("a '&&' \\| b").unwrap().operator, None);
    }

    proptest! {
        #[test]
        fn a_quoted_word_comes_back_whole(word in "[^']*") {
            prop_assert_eq!(split(&format!("'{word}'")).unwrap().words, vec![word]);
        }
    }
}
