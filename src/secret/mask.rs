//! Hides the secrets in a user's text, so that a snippet of it can be shown, and in lines of logs. Goes
//! by the names of keys and by the shape of URLs, not by grammar: a faulty file is the one that is
//! shown.

use std::ops::Range;

/// Ends of key names, in lower case, whose values are not shown.
const SECRET_ENDS: &[&str] = &["password", "passwd", "_pass", "secret", "token", "api_key"];

/// What a text is, which decides where a value ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Log,
}

/// `text` of a file with the values of keys such as `password`, and the passwords in URLs, as `*`.
///
/// Every byte offset and line stays what it is, so spans of `text` hold in the result. A value in a
/// block scalar (`|`) is not found.
#[must_use]
pub fn masked(text: &str) -> String {
    masked_as(Kind::File, text)
}

/// [`masked`] for a log, whose lines hold values among other words: one without quotes ends where a
/// shell, a URL or a sentence goes on.
#[must_use]
pub fn masked_log(text: &str) -> String {
    masked_as(Kind::Log, text)
}

fn masked_as(kind: Kind, text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let mut ranges: Vec<_> = url_passwords(line).chain(values(kind, line)).collect();
        ranges.sort_by_key(|range| (range.start, range.end));
        let mut at = 0;
        for range in ranges {
            let start = range.start.max(at);
            let end = range.end.max(start);
            masked.push_str(line.get(at..start).unwrap_or_default());
            masked.extend(std::iter::repeat_n('*', end - start));
            at = end;
        }
        masked.push_str(line.get(at..).unwrap_or_default());
    }
    masked
}

/// Where the values of secret keys stand in `line`.
fn values(kind: Kind, line: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, sign) in line.match_indices([':', '=']) {
        // What lies within a value is no key, and looking at it again would take quadratic time.
        let is_within = found.last().is_some_and(|range| at < range.end);
        let (Some(key), Some(after)) = (line.get(..at), line.get(at + sign.len()..)) else {
            continue;
        };
        if is_within || !is_secret(key) {
            continue;
        }
        if let Some(value) = value(kind, after.trim_end()) {
            let start = line.len() - after.len();
            found.push(start + value.start..start + value.end);
        }
    }
    found
}

fn is_secret(key: &str) -> bool {
    let key = key.trim_end_matches([' ', '"', '\'']).as_bytes();
    SECRET_ENDS.iter().any(|end| {
        let tail = key.len().checked_sub(end.len());
        tail.and_then(|tail| key.get(tail..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
    })
}

/// The scalar that `text` begins with, without its quotes, unless there is nothing to hide.
fn value(kind: Kind, text: &str) -> Option<Range<usize>> {
    let trimmed = text.trim_start();
    let start = text.len() - trimmed.len();
    let quote = trimmed.chars().next()?;
    let (start, scalar) = match quote {
        '"' | '\'' => {
            let inner = trimmed.strip_prefix(quote)?;
            let rest = match kind {
                Kind::File => inner,
                Kind::Log => word(inner),
            };
            (start + 1, quoted(kind, inner, quote).unwrap_or(rest))
        }
        '{' | '[' | '|' | '>' | '*' => return None,
        _ if kind == Kind::Log => (start, word(trimmed)),
        _ => (start, plain(trimmed)),
    };
    let is_hidden = !scalar.is_empty() && scalar != "auto_generated" && !is_reference(scalar);
    is_hidden.then(|| start..start + scalar.len())
}

/// What stands before the closing quote. One that is doubled or escaped closes nothing, and neither
/// does one in a file that a letter follows: there somebody forgot to double or to escape it.
fn quoted(kind: Kind, inner: &str, quote: char) -> Option<&str> {
    let mut characters = inner.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        let is_pair = match quote {
            '\'' => c == quote && next == Some(quote),
            _ => c == '\\',
        };
        let goes_on = kind == Kind::File && next.is_some_and(char::is_alphanumeric);
        if is_pair {
            characters.next();
        } else if c == quote && !goes_on {
            return inner.get(..at);
        }
    }
    None
}

fn word(text: &str) -> &str {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '&');
    text.split(is_end).next().unwrap_or(text)
}

/// A scalar without quotes ends before a comment and where a flow collection goes on.
fn plain(text: &str) -> &str {
    let ends = [", ", " }", " #"];
    let end = ends.iter().filter_map(|end| text.find(end)).min();
    let scalar = end.and_then(|end| text.get(..end)).unwrap_or(text);
    match scalar.starts_with("${") {
        true => scalar,
        false => scalar.trim_end_matches(['}', ',']),
    }
}

/// Whether `text` is `${NAME}` and nothing else.
fn is_reference(text: &str) -> bool {
    let name = text.strip_prefix("${").and_then(|it| it.split_once('}'));
    name.is_some_and(|(name, rest)| {
        rest.trim_end_matches('}').is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// Where the values of objects of kind `Secret` stand in a file of Kubernetes' objects. Goes by the
/// shape of lines as well.
#[must_use]
pub fn values_of_secrets(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for document in text.split_inclusive("\n---") {
        if is_secret_object(document) {
            let ranges = values_of_data(document).into_iter();
            found.extend(ranges.map(|range| start + range.start..start + range.end));
        }
        start += document.len();
    }
    found
}

fn is_secret_object(document: &str) -> bool {
    document.match_indices("Secret").any(|(at, word)| {
        let before = document.get(..at).unwrap_or_default();
        let before = before.trim_end_matches([' ', '"', '\'']);
        let after = document.get(at + word.len()..).unwrap_or_default();
        let key = before
            .strip_suffix(':')
            .map(|key| key.trim_end_matches([' ', '"', '\'']));
        key.is_some_and(|key| key.ends_with("kind")) && !after.starts_with(char::is_alphanumeric)
    })
}

/// What follows `data:` and `stringData:`, on the line and on those further in; names of keys are
/// left readable.
fn values_of_data(document: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    // How far in the key stands, and its own keys below.
    let mut within: Option<(usize, Option<usize>)> = None;
    let mut start = 0;
    for line in document.split_inclusive('\n') {
        let trimmed = line.trim_start();
        let indent = line.len() - trimmed.len();
        let end = start + line.trim_end().len();
        let is_blank = trimmed.trim_end().is_empty();
        if let Some((outer, inner)) = within
            && (is_blank || indent > outer)
        {
            let level = inner.unwrap_or(indent);
            let key = (indent == level).then(|| trimmed.find(':')).flatten();
            found.push(start + indent + key.map_or(0, |at| at + 1)..end);
            if !is_blank {
                within = Some((outer, Some(level)));
            }
        } else {
            within = data_key(line).map(|(column, value)| {
                found.push(start + value..end);
                (column, None)
            });
        }
        start += line.len();
    }
    found.retain(|range| range.start < range.end);
    found
}

/// Where `data:` or `stringData:` stands in the line, and where its value begins.
fn data_key(line: &str) -> Option<(usize, usize)> {
    let (at, _) = line
        .match_indices("data")
        .chain(line.match_indices("stringData"))
        .find(|(at, word)| {
            let before = line.get(..*at).unwrap_or_default();
            let after = line.get(at + word.len()..).unwrap_or_default();
            let starts = before.is_empty() || before.ends_with([' ', '{', ',', '"', '\'']);
            starts && after.trim_start_matches(['"', '\'', ' ']).starts_with(':')
        })?;
    let colon = line.get(at..)?.find(':')?;
    Some((at, at + colon + 1))
}

/// Where the passwords of `scheme://user:password@host` stand in `line`.
fn url_passwords(line: &str) -> impl Iterator<Item = Range<usize>> {
    line.match_indices("://").filter_map(|(at, sign)| {
        let start = at + sign.len();
        let after = line.get(start..)?;
        let is_end = |c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'');
        let authority = after.split(is_end).next()?;
        let (login, _) = authority.rsplit_once('@')?;
        let (user, password) = login.split_once(':')?;
        let start = start + user.len() + 1;
        (!is_reference(password)).then(|| start..start + password.len())
    })
}

#[cfg(test)]
mod tests {
    use super::{masked, masked_log, values_of_secrets};
    use proptest::prelude::*;

    #[test]
    fn values_of_secret_keys_are_hidden_and_nothing_moves() {
        let cases = [
            ("password: canary", "password: ******"),
            (
                "postgres: { port: 1, password: canary }",
                "postgres: { port: 1, password: ****** }",
            ),
            (
                "{ password: canary, port: 1 }",
                "{ password: ******, port: 1 }",
            ),
            ("{password: canary}", "{password: ******}"),
            ("password: \"a b, c\" # why", "password: \"******\" # why"),
            ("\"password\": 'canary'", "\"password\": '******'"),
            ("API_TOKEN=canary\n", "API_TOKEN=******\n"),
            ("DB_PASSWORD: 12,3 # why", "DB_PASSWORD: **** # why"),
            ("password: ${A:-canary}", "password: ************"),
            ("password: é", "password: **"),
            ("password: 'it''s-$x' # y", "password: '********' # y"),
            (
                r#"{"password": "p'a\"w\\", "port": 1}"#,
                r#"{"password": "********", "port": 1}"#,
            ),
            ("password: 'it's mine', a", "password: '*********', a"),
            ("password: \"a, b #", "password: \"******"),
            (
                "url: postgres://me:canary@db/x",
                "url: postgres://me:******@db/x",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(masked(text), expected);
            assert_eq!(masked(text).len(), text.len());
        }
    }

    #[test]
    fn a_line_of_a_log_goes_on_after_a_value() {
        let cases = [
            (
                "RUN echo token=$TOK; exit 7` failed: exit code 7",
                "RUN echo token=****; exit 7` failed: exit code 7",
            ),
            ("RUN echo \"token=\"$X; exit", "RUN echo \"token=\"**; exit"),
            ("token=\"a b\"; exit 7", "token=\"***\"; exit 7"),
            ("'password=ab' is bad", "'password=**' is bad"),
            ("GET /?token=ab&page=2 200", "GET /?token=**&page=2 200"),
            ("password: ab, api_key: cd }", "password: *** api_key: ** }"),
        ];
        for (text, expected) in cases {
            assert_eq!(masked_log(text), expected);
        }
    }

    #[test]
    fn what_is_no_secret_stays_readable() {
        for text in [
            "password: auto_generated",
            "{ password: auto_generated }",
            "password: ${PASSWORD}",
            "{password: ${PASSWORD}}",
            "password:",
            "password: { a: b }",
            "port: 5433 # password",
            "url: http://localhost:80/a@b",
            "url: postgres://me:${PASSWORD}@db/x",
        ] {
            assert_eq!(masked(text), text);
        }
    }

    fn hidden(text: &str) -> String {
        let mut shown = text.to_owned();
        for range in values_of_secrets(text) {
            let stars = "*".repeat(range.len());
            shown.replace_range(range, &stars);
        }
        shown
    }

    #[test]
    fn values_of_secret_objects_are_found_in_any_shape() {
        for text in [
            "kind: Secret\nmetadata: {name: s}\nstringData:\n  a: canary\n  b: |\n    canary\n    x: canary\ntype: Opaque\n",
            "stringData: {a: canary}\nkind: 'Secret'\n",
            "{kind: Secret, metadata: {name: s}, data: {a: canary, b: canary}}\n",
            "kind: Secret\ndata:\n  a: canary\n\n  b: [canary\n",
            "items:\n- kind: Secret\n  data:\n    a: canary\n",
        ] {
            let shown = hidden(text);
            assert!(!shown.contains("canary"), "{shown}");
            assert_eq!(shown.len(), text.len());
        }
        let shown =
            hidden("kind: Secret\nmetadata:\n  name: s\ndata:\n  key: canary\ntype: Opaque\n");
        assert_eq!(
            shown,
            "kind: Secret\nmetadata:\n  name: s\ndata:\n  key:*******\ntype: Opaque\n"
        );
    }

    #[test]
    fn other_objects_stay_readable() {
        let text = "kind: ConfigMap\ndata: {a: shown}\n---\nkind: SecretList\ndata: {a: shown}\n";
        assert_eq!(hidden(text), text);
    }

    proptest! {
        #[test]
        fn any_text_has_ranges_of_whole_characters(text in "(?s)(kind: Secret|data:|  a: é|---|\n|\\PC)*") {
            for range in values_of_secrets(&text) {
                prop_assert!(text.get(range).is_some());
            }
        }

        #[test]
        fn any_text_keeps_its_bytes_and_lines(text in "(?s)(password: |://a:|[@}'\"\\\\, =:é]|\\PC|\n)*") {
            for masked in [masked(&text), masked_log(&text)] {
                prop_assert_eq!(masked.len(), text.len());
                prop_assert_eq!(masked.lines().count(), text.lines().count());
            }
        }
    }
}
