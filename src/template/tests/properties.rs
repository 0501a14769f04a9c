//! What holds for every value and every file.

use proptest::prelude::*;
use proptest::test_runner::Config;

use super::*;

/// Files with `$A` and `$B` where values can do harm.
const CONTEXTS: &[&str] = &[
    "$A",
    "a: $A\nb: 1\n",
    "a: x $A y\nb: ${B}\n",
    "a: '$A'\nb: 'x $B '\n",
    "a: \"$A\"\nb: \"x $B \\n\"\n",
    "a: |\n  $A\nb: 1\n",
    "a: |\n  x\n  $A y\n\n  $B\n# c\nb: 1\n",
    "a:\n  b: |-\n    $A\n  c: |+\n    $B\n\nd: 1\n",
    "a: |1\n  $A\n $B\n",
    "a: >\n  x $A\n  y\n\n  $B\nb: 1\n",
    "a:\n- >-\n  $A\n- >+\n  $B\n\n- x\n",
    "a: {b: $A, c: [$B, '$A', \"$B\"], d: $A }\n",
    "[$A,$B]",
    "- $A\n- - $B\n  - '$A'\n- b: $A\n  c: $B\n",
    "a: &x $A\nb: *x\nc: {<<: {d: $B}}\n",
    "a: one $A\n  two\n  $B three\nb: 1\n",
    "a: $A # $B\n? b\n: $B\n",
    "{\"a\":$A,\"b\":\"$B\"}",
    "--- |\n $A\n...\n",
    "--- $A\n",
];

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ab \\n\\t:#'\"\\\\,\\[\\]{}|>&*!%@`?=~$.\\-0-9é\u{85}\u{2028}\u{feff}\r]{0,12}",
        "(---|\\.\\.\\.|- |: | #|\\n|\\n\\n| |a|# |\"|'){0,6}",
        "[0-9+\\-._:xeo]{1,6}",
    ]
}

/// Whether another YAML reader sees the same texts.
fn reads_alike(other: &serde_yaml::Value, tree: &Tree) -> bool {
    match (other, tree) {
        (serde_yaml::Value::String(other), Tree::Text(text)) => other == text,
        (serde_yaml::Value::Number(other), Tree::Text(text)) => other.to_string() == *text,
        (serde_yaml::Value::Bool(other), Tree::Text(text)) => other.to_string() == *text,
        (serde_yaml::Value::Sequence(others), Tree::List(items)) => {
            others.len() == items.len() && others.iter().zip(items).all(|(a, b)| reads_alike(a, b))
        }
        (serde_yaml::Value::Mapping(other), Tree::Map(entries)) => {
            let same = |(key, value): &(String, Tree)| {
                other
                    .get(key.as_str())
                    .is_some_and(|other| reads_alike(other, value))
            };
            other.len() == entries.len() && entries.iter().all(same)
        }
        _ => false,
    }
}

proptest! {
    #![proptest_config(Config {
        cases: 200,
        failure_persistence: None,
        ..Config::default()
    })]

    #[test]
    fn a_value_never_changes_the_structure_of_a_file(a in value(), b in value()) {
        let variables = variables(&[("A", &a), ("B", &b)]);
        for context in CONTEXTS {
            let expanded = expanded(context, &variables);
            let text = expanded.text().unwrap();
            let read = yaml::parse(&SourceFile::new("f.yml", text.as_str()));
            let read = read.map_err(|faults| TestCaseError::fail(format!("{text:?}: {faults:?}")))?;
            prop_assert_eq!(read.len(), 1, "{:?}", text);
            let tree = plain_tree(&expanded.root);
            prop_assert_eq!(&plain_tree(&read[0]), &tree, "{:?}", text);
            let other = serde_yaml::from_str::<serde_yaml::Value>(&text);
            let mut other = other.map_err(|fault| TestCaseError::fail(format!("{text:?}: {fault}")))?;
            other.apply_merge().unwrap();
            prop_assert!(reads_alike(&other, &tree), "{:?} {:?}", text, other);
        }
    }

    #[test]
    fn a_file_without_variables_stays_as_it_is(value in value()) {
        let value = value.replace('$', "");
        for context in CONTEXTS {
            let text = context.replace("$A", "plain").replace("${B}", "x").replace("$B", "'y'");
            let text = format!("{text}# {}", value.replace(['\n', '\r', '\u{feff}'], ""));
            let source = SourceFile::new("f.yml", text);
            let variables = variables(&[]);
            let scope = Scope { variables: &variables, reader: &reader };
            if let Ok(documents) = yaml::parse(&source) {
                let expanded = expand(&source, &documents[0], &scope);
                prop_assert_eq!(&expanded.root, &documents[0]);
                prop_assert_eq!(&expanded.text().unwrap(), &source.text);
            }
        }
    }
}
