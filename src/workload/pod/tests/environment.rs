use std::collections::BTreeMap;

use super::*;

const OBJECTS: &str = "---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {LEVEL: debug, file.txt: text}
---
apiVersion: v1
kind: Secret
metadata: {name: login}
data: {password: aHVudGVyMg==}
stringData: {user: me}
";

/// The variables of the container `c`.
#[track_caller]
fn variables(lines: &str) -> BTreeMap<String, String> {
    let text = format!("{}{OBJECTS}", container(lines));
    let environment = process(&text, "p-c").environment;
    let shown = environment.into_iter();
    shown
        .map(|(name, value)| (name, value.unwrap().expose().to_owned()))
        .collect()
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

#[test]
fn values_come_from_the_file_its_config_maps_and_its_secrets() {
    let found = variables(
        "env:
- {name: A, value: plain}
- {name: EMPTY}
- {name: L, valueFrom: {configMapKeyRef: {name: settings, key: LEVEL}}}
- {name: P, valueFrom: {secretKeyRef: {name: login, key: password}}}
- {name: NO, valueFrom: {secretKeyRef: {name: login, key: nothing, optional: true}}}
- {name: NONE, valueFrom: {configMapKeyRef: {name: nothing, key: a, optional: true}}}
",
    );
    assert_eq!(
        found,
        pairs([
            ("A", "plain"),
            ("EMPTY", ""),
            ("L", "debug"),
            ("P", "hunter2")
        ])
    );
}

#[test]
fn env_overrides_env_from_and_later_sources_earlier_ones() {
    let found = variables(
        "envFrom:
- configMapRef: {name: settings}
- {prefix: DB_, secretRef: {name: login}}
- configMapRef: {name: nothing, optional: true}
env: [{name: LEVEL, value: info}]
",
    );
    let expected = [
        ("LEVEL", "info"),
        ("file.txt", "text"),
        ("DB_password", "hunter2"),
        ("DB_user", "me"),
    ];
    assert_eq!(found, pairs(expected));
}

#[test]
fn references_take_what_stands_before_them() {
    let found = variables(
        "envFrom: [{secretRef: {name: login}}]
env:
- {name: A, value: a}
- {name: B, value: $(A)-$(password)-$(LATER)-$$(A)}
- {name: LATER, value: $(B)}
",
    );
    assert_eq!(found["B"], "a-hunter2-$(LATER)-$(A)");
    assert_eq!(found["LATER"], "a-hunter2-$(LATER)-$(A)");
}

#[test]
fn commands_and_arguments_replace_entrypoint_and_command_of_the_image() {
    let c = process(
        &container(
            "command: [run, $(A), $$(A), $(NO)]\nargs: ['x$(A)']\nenv: [{name: A, value: a}]\n",
        ),
        "p-c",
    );
    let words = |list: &[&str]| {
        Some(
            list.iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(c.entrypoint, words(&["run", "a", "$(A)", "$(NO)"]));
    assert_eq!(c.command, words(&["xa"]));
    let c = process(&container("args: [a]\n"), "p-c");
    assert_eq!((c.entrypoint, c.command), (None, words(&["a"])));
    let c = process(&container("command: [a]\n"), "p-c");
    assert_eq!((c.entrypoint, c.command), (words(&["a"]), None));
}

#[test]
fn dollars_of_the_shell_are_doubled_once_and_references_are_not() {
    let c = process(
        &container("command: [sh, -c, 'echo $$HOME $(A) ${A}']\nenv: [{name: A, value: k}]\n"),
        "p-c",
    );
    assert_eq!(c.entrypoint.unwrap()[2], "echo $HOME k a");
}

#[test]
fn fields_of_the_pod_and_resources_of_a_container_are_values() {
    let found = variables(
        "resources: {limits: {memory: 64Mi, cpu: 250m}}
env:
- {name: NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
- {name: SPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
- {name: APP, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['app']\"}}}
- {name: NONE, valueFrom: {fieldRef: {fieldPath: \"metadata.annotations['x']\"}}}
- {name: ACCOUNT, valueFrom: {fieldRef: {fieldPath: spec.serviceAccountName}}}
- {name: MEMORY, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}}
- {name: BYTES, valueFrom: {resourceFieldRef: {resource: requests.memory, containerName: c}}}
- {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}
- {name: MILLI, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1m}}}
",
    );
    let expected = [
        ("NAME", "p"),
        ("SPACE", "default"),
        ("APP", "x"),
        ("NONE", ""),
        ("ACCOUNT", "default"),
        ("MEMORY", "64"),
        ("BYTES", "67108864"),
        ("CPU", "1"),
        ("MILLI", "250"),
    ];
    assert_eq!(found, pairs(expected));
}

#[test]
fn what_a_container_is_made_of_is_told_by_name() {
    let text = format!(
        "{}{OBJECTS}",
        container("env: [{name: L, valueFrom: {configMapKeyRef: {name: settings, key: LEVEL}}}]\n")
    );
    let before = workload_of(&text);
    let sources = &service(&before, "p-c").pod.sources;
    assert_eq!(sources.keys().collect::<Vec<_>>(), ["ConfigMap settings"]);
    let other_key = workload_of(&text.replace("file.txt: text", "file.txt: other"));
    assert_eq!(
        &service(&other_key, "p-c").pod.sources,
        sources,
        "only the key that is used counts"
    );
    let same_key = workload_of(&text.replace("debug", "info"));
    assert_ne!(&service(&same_key, "p-c").pod.sources, sources);
}

#[test]
fn values_of_secrets_are_noted_as_what_no_output_shows() {
    let text = format!(
        "{}{OBJECTS}",
        container("").replace("stringData: {user: me}", "")
    );
    let text = text.replace(
        "user: me",
        "user: me, key: \"-----BEGIN KEY-----\\nabcdefghij\\n\"",
    );
    let workload = workload_of(&text);
    let secrets: Vec<&str> = workload.secrets.iter().map(|one| one.expose()).collect();
    for secret in ["hunter2", "aHVudGVyMg==", "abcdefghij"] {
        assert!(secrets.contains(&secret), "{secret}: {secrets:?}");
    }
    assert!(!format!("{workload:?}").contains("hunter2"));
}
