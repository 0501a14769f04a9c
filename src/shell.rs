//! Words as a shell takes them, for commands that a user copies. poststack itself runs no shell.

/// Single quotes keep everything but a single quote, line breaks too.
#[must_use]
pub fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// As a shell takes `text` for one word; quoted only where it has to be.
#[must_use]
pub fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@,+%".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => quoted(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_only_where_a_shell_would_take_it_apart() {
        assert_eq!(word("/srv/my-shop/.poststack"), "/srv/my-shop/.poststack");
        assert_eq!(word("/srv/my shop"), "'/srv/my shop'");
        assert_eq!(word("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(word(""), "''");
    }
}
