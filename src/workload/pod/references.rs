//! `$(NAME)` in commands, arguments and values of variables
//! (<https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/>).

use std::sync::Arc;

use crate::yaml::{Mapping, Node, Value};

/// `text` with every `$(NAME)` that `lookup` knows replaced; `$$` is a `$` that begins nothing.
pub(super) fn expand<'v>(text: &str, lookup: &dyn Fn(&str) -> Option<&'v str>) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            expanded.push('$');
            rest = after;
            continue;
        }
        match rest
            .strip_prefix('(')
            .and_then(|inner| inner.split_once(')'))
        {
            Some((name, after)) => {
                match lookup(name) {
                    Some(value) => expanded.push_str(value),
                    None => expanded.extend(["$(", name, ")"]),
                }
                rest = after;
            }
            None => expanded.push('$'),
        }
    }
    expanded.push_str(rest);
    expanded
}

/// Doubles the `$` of every `$(` and `$$(` in the scalars below, so that the expansion of `${NAME}`,
/// which takes `$$` for one, leaves them for Kubernetes to read.
pub(super) fn protect(node: &mut Node) {
    match &mut node.value {
        Value::Scalar(scalar) => {
            if scalar.text.contains("$(") {
                scalar.text = Arc::from(protected(&scalar.text));
            }
        }
        Value::Sequence(items) => items.iter_mut().for_each(protect),
        Value::Mapping(Mapping { entries }) => {
            entries
                .iter_mut()
                .for_each(|entry| protect(&mut entry.value));
        }
    }
}

fn protected(text: &str) -> String {
    let mut doubled = String::with_capacity(text.len() + 8);
    let mut run = 0;
    for character in text.chars() {
        if character == '$' {
            run += 1;
            continue;
        }
        let times = if character == '(' { 2 * run } else { run };
        doubled.extend(std::iter::repeat_n('$', times));
        doubled.push(character);
        run = 0;
    }
    doubled.extend(std::iter::repeat_n('$', run));
    doubled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_replaced_once_and_an_unknown_one_stays() {
        let lookup = |name: &str| match name {
            "A" => Some("a"),
            "R" => Some("$(A)"),
            "E" => Some(""),
            _ => None,
        };
        for (text, expected) in [
            ("$(A)", "a"),
            ("x$(A)y$(A)", "xaya"),
            ("$(R)", "$(A)"),
            ("[$(E)]", "[]"),
            ("$(MISSING)", "$(MISSING)"),
            ("$$(A)", "$(A)"),
            ("$$$(A)", "$a"),
            ("$$$$(A)", "$$(A)"),
            ("$A ${A} $", "$A ${A} $"),
            ("$(A", "$(A"),
            ("a)$(A)", "a)a"),
            ("$()", "$()"),
            ("$(echo $(A))", "$(echo $(A))"),
            ("$$", "$"),
        ] {
            assert_eq!(expand(text, &lookup), expected, "{text}");
        }
    }

    #[test]
    fn only_dollars_before_a_parenthesis_are_protected() {
        for (text, expected) in [
            ("$(A)", "$$(A)"),
            ("$$(A)", "$$$$(A)"),
            ("${A} $$ $(B) $C$", "${A} $$ $$(B) $C$"),
            ("no (dollar)", "no (dollar)"),
        ] {
            assert_eq!(protected(text), expected, "{text}");
        }
    }
}
