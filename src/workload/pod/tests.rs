//! Whole Pod files → services and volumes, and what is wrong with them.

mod environment;
mod faults;
mod files;
mod pods;

use std::path::Path;

use super::super::compose::test_variables;
use super::*;
use crate::workload::model::Process;

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

/// Severity, place and message of every diagnostic, with the help below.
fn told(text: &str) -> String {
    let loaded = load_text(text);
    let shown = loaded.diagnostics.iter().map(|one| {
        let place = one.place.as_ref().unwrap();
        let location = place.source.location(place.span.start);
        let severity = format!("{:?}", one.severity).to_lowercase();
        let help = one.help.iter().map(|help| format!("\n  help: {help}"));
        format!(
            "{severity} {location}: {}{}",
            one.message,
            help.collect::<String>()
        )
    });
    shown.collect::<Vec<_>>().join("\n")
}

/// The workload of a file without a fault.
#[track_caller]
fn workload_of(text: &str) -> Workload {
    let loaded = load_text(text);
    let errors: Vec<_> = loaded
        .diagnostics
        .iter()
        .filter(|one| one.is_error())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    loaded.workload
}

/// A pod called `p` with these lines of its `spec`.
fn pod(spec: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: p, labels: {{app: x}}}}\nspec:\n{spec}")
}

/// A pod with one container `c`, of the image `i`, with these lines.
fn container(lines: &str) -> String {
    let lines: Vec<String> = lines.lines().map(|line| format!("    {line}\n")).collect();
    pod(&format!(
        "  containers:\n  - name: c\n    image: i\n{}",
        lines.concat()
    ))
}

#[track_caller]
fn service<'w>(workload: &'w Workload, name: &str) -> &'w Service {
    let found = workload.services.iter().find(|one| one.name == name);
    found.unwrap_or_else(|| panic!("no {name}: {:?}", workload.services))
}

#[track_caller]
fn process(text: &str, name: &str) -> Process {
    service(&workload_of(text), name).process.clone()
}

#[test]
fn variables_of_every_document_are_told_with_their_reader() {
    let loaded = load_text(
        "---\nspec: {hostNetwork: true, a: '${A}'}\n---\nspec: {template: {spec: {hostNetwork: true}}, a: '${A}'}\n---\n{kind: List, items: [{spec: {a: '${A}'}}, {spec: {hostNetwork: true, a: '${A}'}}]}\n",
    );
    let readers: Vec<_> = loaded.uses.iter().map(|one| one.reader).collect();
    let (host, network) = (Reader::Host, Reader::Network);
    assert_eq!(readers, [host, host, network, host]);
}

#[test]
fn every_undefined_variable_is_told_at_once() {
    let text = container("command: ['${NOWHERE}']\nargs: ['${ELSEWHERE}']\n");
    let told = told(&text);
    assert!(
        told.contains("error 8:16: Undefined variable `NOWHERE`"),
        "{told}"
    );
    assert!(
        told.contains("error 9:13: Undefined variable `ELSEWHERE`"),
        "{told}"
    );
}
