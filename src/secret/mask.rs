//! Hides the secrets in a user's text, so that a snippet of it can be shown. Goes by the names of
//! keys and by the shape of URLs, not by grammar: a faulty file is the one that is shown.

use std::ops::Range;

/// Ends of key names, in lower case, whose values are not shown.
const SECRET_ENDS: &[&str] = &["password", "passwd", "_pass", "secret", "token", "api_key"];

/// `text` with the values of keys such as `password`, and the passwords in URLs, as `*`.
///
/// Every byte offset and line stays what it is, so spans of `text` hold in the result. A value in a
/// block scalar (`|`) is not found.
#[must_use]
pub fn masked(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let mut ranges: Vec<_> = url_passwords(line).chain(values(line)).collect();
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
fn values(line: &str) -> Vec<Range<usize>> {
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
        if let Some(value) = value(after.trim_end()) {
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
fn value(text: &str) -> Option<Range<usize>> {
    let trimmed = text.trim_start();
    let start = text.len() - trimmed.len();
    let quote = trimmed.chars().next()?;
    let (start, scalar) = match quote {
        '"' | '\'' => {
            let inner = trimmed.strip_prefix(quote)?;
            (start + 1, inner.split(quote).next()?)
        }
        '{' | '[' | '|' | '>' | '*' => return None,
        _ => (start, plain(trimmed)),
    };
    let is_hidden = !scalar.is_empty() && scalar != "auto_generated" && !is_reference(scalar);
    is_hidden.then(|| start..start + scalar.len())
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
    use super::{masked, values_of_secrets};
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
        fn any_text_keeps_its_bytes_and_lines(text in "(?s)(password: |://a:|[@}'\", =:é]|\\PC|\n)*") {
            let masked = masked(&text);
            prop_assert_eq!(masked.len(), text.len());
            prop_assert_eq!(masked.lines().count(), text.lines().count());
        }
    }
}
