use std::path::Path;

use super::super::compose::test_variables;
use super::*;

fn load_text(text: &str) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pod.yaml");
    std::fs::write(&path, text).unwrap();
    let variables = test_variables();
    let context = Context {
        variables: &variables,
        profiles: &std::collections::BTreeSet::new(),
        allow_undefined: false,
    };
    load(&path, Path::new("pod.yaml"), &context)
}

fn messages(loaded: &Loaded) -> Vec<String> {
    let shown = |one: &Diagnostic| format!("{} {}", one.place.as_ref().unwrap(), one.message);
    loaded.diagnostics.iter().map(shown).collect()
}

#[test]
fn a_pod_is_refused_at_its_first_line_but_its_variables_are_told() {
    let loaded = load_text(
        "kind: Pod\nspec:\n  containers: [{env: [{name: A, value: $A}, {name: B, value: '${DB_HOST}'}]}]\n",
    );
    assert_eq!(
        messages(&loaded),
        ["pod.yaml:1:1 Pod files are not run yet"]
    );
    let uses: Vec<_> = loaded
        .uses
        .iter()
        .map(|one| (one.name.as_str(), one.reader))
        .collect();
    assert_eq!(uses, [("A", Reader::Network), ("DB_HOST", Reader::Network)]);
}

#[test]
fn a_pod_in_the_network_of_the_host_reads_the_address_of_the_host() {
    let loaded = load_text(
        "---\nspec: {hostNetwork: true, a: $A}\n---\nspec: {template: {spec: {hostNetwork: true}}, a: $A}\n---\nspec: {a: $A}\n",
    );
    let readers: Vec<_> = loaded.uses.iter().map(|one| one.reader).collect();
    assert_eq!(readers, [Reader::Host, Reader::Host, Reader::Network]);
}

#[test]
fn undefined_variables_of_a_pod_are_told_too() {
    let loaded = load_text("a: $NOWHERE\n");
    assert_eq!(
        messages(&loaded),
        [
            "pod.yaml:1:1 Pod files are not run yet",
            "pod.yaml:1:4 Undefined variable `NOWHERE`"
        ]
    );
}
