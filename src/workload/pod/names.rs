//! Names as Kubernetes takes them
//! (<https://kubernetes.io/docs/concepts/overview/working-with-objects/names/>).

use super::file::{File, Object};
use crate::text::Span;

/// Longest name of a label, in characters.
const LABEL: usize = 63;
/// Longest name of an object, in characters.
const SUBDOMAIN: usize = 253;

/// The `key` of `object`, a name that may hold dots, such as that of a pod.
pub(super) fn subdomain(
    file: &mut File<'_>,
    object: &Object<'_>,
    key: &str,
) -> Option<(String, Span)> {
    read(file, object, key, is_subdomain, ", `-` and `.`")
}

/// The `key` of `object`, a name without dots, such as that of a container.
pub(super) fn label(file: &mut File<'_>, object: &Object<'_>, key: &str) -> Option<(String, Span)> {
    read(file, object, key, is_label, " and `-`")
}

fn read(
    file: &mut File<'_>,
    object: &Object<'_>,
    key: &str,
    is_name: fn(&str) -> bool,
    allowed: &str,
) -> Option<(String, Span)> {
    let entry = object.required(file, key, "its name")?;
    let span = entry.value.span;
    let name = file.decoder.string(&entry.value, &object.at(key))?;
    if !is_name(&name) {
        let message = format!("`{}` is no name: `{name}`", object.at(key));
        let help = format!(
            "use lower-case letters, digits{allowed}, with a letter or a digit at both ends"
        );
        file.fault(span, message, help);
        return None;
    }
    Some((name, span))
}

pub(super) fn is_label(name: &str) -> bool {
    let inner = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-');
    let ends = |c: char| c != '-';
    name.len() <= LABEL && name.chars().all(inner) && name.starts_with(ends) && name.ends_with(ends)
}

fn is_subdomain(name: &str) -> bool {
    name.len() <= SUBDOMAIN && name.split('.').all(is_label)
}

/// The host name that a pod of this name has: a label of it.
pub(super) fn host_name(pod: &str) -> String {
    let short: String = pod.chars().take(LABEL).collect();
    short.trim_end_matches(['-', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_rfc_1123() {
        for name in ["a", "web-1", "0", &"a".repeat(63)] {
            assert!(is_label(name), "{name}");
        }
        for name in ["", "-a", "a-", "A", "a_b", "a.b", "é", &"a".repeat(64)] {
            assert!(!is_label(name), "{name}");
        }
        assert!(is_subdomain("a.b-c.d"));
        assert!(!is_subdomain("a..b") && !is_subdomain(".a"));
    }

    #[test]
    fn a_long_name_is_cut_to_a_host_name() {
        let name = format!("{}-.{}", "a".repeat(61), "b".repeat(10));
        assert_eq!(host_name(&name), "a".repeat(61));
    }
}
