use super::super::tests::Project;
use crate::text::SourceFile;
use crate::yaml;

use super::*;

/// What two services `a` with these lines come to, as flow YAML with sorted keys.
fn merged(base: &str, over: &str) -> String {
    let (node, faults) = try_merged(base, over);
    assert_eq!(faults, "");
    node
}

fn try_merged(base: &str, over: &str) -> (String, String) {
    let mut sources = Sources::default();
    let mut read = |name: &str, text: &str| {
        let source = SourceFile::new(name, format!("services: {{a: {{{text}}}}}"));
        let mut root = yaml::parse(&source).unwrap().remove(0);
        root.shift(sources.add(source));
        root
    };
    let (base, over) = (read("base.yml", base), read("over.yml", over));
    let mut merger = Merger::new((&sources, &[]), &[]);
    let mut node = merger.merge(base, over);
    settle(&mut node);
    let service = node.get("services").and_then(|all| all.get("a")).unwrap();
    let faults = merger.diagnostics.iter().map(|one| {
        let place = one.place.as_ref().unwrap();
        format!("{place}: {}\n", one.message)
    });
    (flow(service), faults.collect())
}

fn flow(node: &Node) -> String {
    match &node.value {
        Value::Scalar(_) if node.is_null() => "null".to_owned(),
        Value::Scalar(scalar) => scalar.text.to_string(),
        Value::Sequence(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Mapping(mapping) => {
            let mut entries: Vec<String> = mapping
                .entries
                .iter()
                .map(|entry| format!("{}: {}", entry.key, flow(&entry.value)))
                .collect();
            entries.sort();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

#[test]
fn single_values_replace_and_mappings_merge() {
    assert_eq!(
        merged(
            "image: x, tty: true, healthcheck: {test: t, retries: 3}",
            "image: y, healthcheck: {retries: 5, timeout: 1s}, user: u"
        ),
        "{healthcheck: {retries: 5, test: t, timeout: 1s}, image: y, tty: true, user: u}"
    );
}

#[test]
fn a_null_leaves_what_is_there() {
    for text in [
        "image: x",
        "environment: {A: b}",
        "ports: ['80']",
        "build: .",
        "depends_on: [b]",
    ] {
        let key = text.split(':').next().unwrap();
        assert_eq!(
            merged(text, &format!("{key}: ")),
            merged(text, ""),
            "{text}"
        );
    }
}

#[test]
fn commands_and_tests_replace_as_a_whole() {
    assert_eq!(
        merged(
            "command: [a, b], entrypoint: [c, d], healthcheck: {test: [CMD, e]}",
            "command: f, entrypoint: [g], healthcheck: {test: h}"
        ),
        "{command: f, entrypoint: [g], healthcheck: {test: h}}"
    );
    assert_eq!(merged("command: [a]", "command: "), "{command: null}");
}

#[test]
fn pairs_merge_by_name_in_either_form() {
    for key in ["environment", "labels", "annotations", "sysctls"] {
        for (base, over) in [
            ("{A: 1, B: 2}", "{B: 3, C: }"),
            ("[A=1, B=2]", "[B=3, C]"),
            ("{A: 1, B: 2}", "[B=3, C]"),
            ("[A=1, B=0, B=2]", "{B: 3, C: }"),
        ] {
            assert_eq!(
                merged(&format!("{key}: {base}"), &format!("{key}: {over}")),
                format!("{{{key}: {{A: 1, B: 3, C: null}}}}")
            );
        }
    }
    assert_eq!(
        merged(
            "build: {args: [A=1], labels: {L: 1}}, deploy: {labels: {D: 1}}",
            "build: {args: {A: 2}, labels: [L=2]}, deploy: {labels: [E=1]}"
        ),
        "{build: {args: {A: 2}, labels: {L: 2}}, deploy: {labels: {D: 1, E: 1}}}"
    );
}

#[test]
fn lists_grow_and_say_nothing_twice() {
    assert_eq!(
        merged(
            "cap_add: [A, B], expose: ['80'], dns: 1.1.1.1, profiles: [p]",
            "cap_add: [B, C], expose: ['80', '81'], dns: [1.1.1.1, 8.8.8.8], profiles: [q]"
        ),
        "{cap_add: [A, B, C], dns: [1.1.1.1, 8.8.8.8], expose: [80, 81], profiles: [p, q]}"
    );
}

#[test]
fn mounts_are_told_apart_by_their_target() {
    assert_eq!(
        merged(
            "volumes: [v:/a, ./x:/b:ro, /c], tmpfs: /run:size=1m, devices: [/dev/a:/dev/x]",
            "volumes: [w:/a/, {type: tmpfs, target: /c}, v:/d], tmpfs: [/run, /tmp], devices: [/dev/b:/dev/x:r]"
        ),
        "{devices: [/dev/b:/dev/x:r], tmpfs: [/run, /tmp], \
         volumes: [w:/a/, ./x:/b:ro, {target: /c, type: tmpfs}, v:/d]}"
    );
}

#[test]
fn secrets_and_configs_are_told_apart_by_the_file_they_become() {
    assert_eq!(
        merged(
            "secrets: [s, {source: t, target: /x}], configs: [c]",
            "secrets: [{source: s, mode: 0400}, {source: u, target: /x}], configs: [{source: d, target: /c}]"
        ),
        "{configs: [{source: d, target: /c}], \
         secrets: [{mode: 0400, source: s}, {source: u, target: /x}]}"
    );
}

#[test]
fn an_env_file_of_another_folder_is_another_file() {
    let project = Project::new("services: {a: {image: x, env_file: .env.a}}\n")
        .file(".env.a", "A=1\nB=1\n")
        .file("sub/.env.a", "B=2\n")
        .file(
            "sub/base.yml",
            "services: {a: {image: x, env_file: .env.a}}\n",
        )
        .file(
            "compose.yml",
            "services: {a: {extends: {file: sub/base.yml, service: a}, env_file: .env.a}}\n",
        );
    let loaded = project.load();
    assert_eq!(project.faults(), "");
    let environment = &loaded.workload.services[0].process.environment;
    let value = |name: &str| environment[name].as_ref().unwrap().expose().to_owned();
    assert_eq!((value("A"), value("B")), ("1".to_owned(), "1".to_owned()));
}

#[test]
fn dependencies_and_networks_merge_in_either_form() {
    assert_eq!(
        merged(
            "depends_on: {b: {condition: service_healthy}, c: {condition: service_healthy}}",
            "depends_on: [b, d]"
        ),
        "{depends_on: {b: {condition: service_started, required: true}, \
         c: {condition: service_healthy}, d: {condition: service_started, required: true}}}"
    );
    assert_eq!(
        merged(
            "networks: [m, n]",
            "networks: {n: {aliases: [x]}, o: {aliases: [y]}}"
        ),
        "{networks: {m: null, n: {aliases: [x]}, o: {aliases: [y]}}}"
    );
    assert_eq!(
        merged(
            "networks: {n: {aliases: [x], ipv4_address: 10.0.0.2}}",
            "networks: {n: {aliases: [x, y]}}"
        ),
        "{networks: {n: {aliases: [x, y], ipv4_address: 10.0.0.2}}}"
    );
}

#[test]
fn a_build_merges_whether_it_is_a_path_or_a_mapping() {
    assert_eq!(
        merged("build: ./x", "build: {target: t}"),
        "{build: {context: ./x, target: t}}"
    );
    assert_eq!(
        merged("build: {context: ./x, target: t}", "build: ./y"),
        "{build: {context: ./y, target: t}}"
    );
}

#[test]
fn options_of_a_log_merge_for_one_driver_only() {
    let base = "logging: {driver: json-file, options: {max-size: 1m}}";
    assert_eq!(
        merged(base, "logging: {options: {max-file: 3}}"),
        "{logging: {driver: json-file, options: {max-file: 3, max-size: 1m}}}"
    );
    assert_eq!(
        merged(base, "logging: {driver: syslog, options: {tag: t}}"),
        "{logging: {driver: syslog, options: {tag: t}}}"
    );
}

#[test]
fn later_addresses_of_a_host_replace_the_earlier_ones() {
    for over in ["['a:2', 'a:3', 'c=4']", "{a: ['2', '3'], c: '4'}"] {
        let merged = merged(
            "extra_hosts: ['a:1', 'b=1']",
            &format!("extra_hosts: {over}"),
        );
        assert_eq!(
            merged.replace('=', ":"),
            "{extra_hosts: [b:1, a:2, a:3, c:4]}"
        );
    }
}

#[test]
fn limits_replace_numbers_and_merge_as_mappings() {
    assert_eq!(
        merged(
            "ulimits: {a: 1, b: {soft: 1, hard: 2}, c: 3}",
            "ulimits: {a: {soft: 4, hard: 5}, b: {hard: 6}, c: 7}"
        ),
        "{ulimits: {a: {hard: 5, soft: 4}, b: {hard: 6, soft: 1}, c: 7}}"
    );
}

#[test]
fn reset_takes_away_and_override_replaces() {
    assert_eq!(
        merged(
            "image: x, ports: ['80'], environment: {A: 1, B: 2}, labels: {L: 1}, tty: true",
            "ports: !reset [], environment: {A: !reset null}, labels: !override {M: 2}, user: !reset u"
        ),
        "{environment: {B: 2}, image: x, labels: {M: 2}, tty: true}"
    );
}

#[test]
fn a_list_or_mapping_does_not_become_something_else() {
    let (_, faults) = try_merged(
        "ports: ['80'], deploy: {mode: global}",
        "ports: {a: b}, deploy: [x]",
    );
    insta::assert_snapshot!(faults, @"
    over.yml:1:23: `services.a.ports` is a mapping here, and a list where it is written first
    over.yml:1:39: `services.a.deploy` is a list here, and a mapping where it is written first
    ");
}

#[test]
fn subnets_merge_by_their_address() {
    let project = Project::new(
        "services: {a: {image: x, networks: [n]}}
networks: {n: {ipam: {config: [{subnet: 10.0.0.0/24}, {subnet: 10.0.1.0/24}]}}}
---
networks: {n: {ipam: {config: [{subnet: 10.0.1.0/24, gateway: 10.0.1.9}, {subnet: 10.0.2.0/24}]}}}
",
    );
    assert_eq!(project.faults(), "");
    let subnets = &project.load().workload.networks["n"].ipam.subnets;
    let found: Vec<_> = subnets
        .iter()
        .map(|one| (one.subnet.clone().unwrap(), one.gateway.clone()))
        .collect();
    assert_eq!(
        found,
        [
            ("10.0.0.0/24".to_owned(), None),
            ("10.0.1.0/24".to_owned(), Some("10.0.1.9".to_owned())),
            ("10.0.2.0/24".to_owned(), None)
        ]
    );
}
