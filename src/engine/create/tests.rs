use std::time::Duration;

use super::*;
use crate::plan::spec::{Endpoint, SharedNamespaces};
use crate::workload::model::{Protocol, PublishedPort};

fn spec(process: Process) -> ContainerSpec {
    ContainerSpec {
        name: "c".to_owned(),
        image: "i".to_owned(),
        platform: None,
        process,
        network: NetworkAttachment::Networks(vec![
            Endpoint {
                network: "one".to_owned(),
                aliases: vec!["web".to_owned()],
                ..Endpoint::default()
            },
            Endpoint {
                network: "two".to_owned(),
                ..Endpoint::default()
            },
        ]),
        namespaces: SharedNamespaces::default(),
        mounts: Vec::new(),
        volumes_from: Vec::new(),
        files: Vec::new(),
        labels: [("k".to_owned(), "v".to_owned())].into(),
    }
}

fn json(process: Process) -> serde_json::Value {
    serde_json::to_value(body(&spec(process))).unwrap()
}

#[test]
fn the_first_network_stands_in_the_create_call_alone() {
    let body = json(Process::default());
    assert_eq!(body["HostConfig"]["NetworkMode"], "one");
    let endpoints = body["NetworkingConfig"]["EndpointsConfig"]
        .as_object()
        .unwrap();
    assert_eq!(endpoints.keys().collect::<Vec<_>>(), ["one"]);
    assert_eq!(endpoints["one"]["Aliases"][0], "web");
}

#[test]
fn published_ports_are_exposed_and_listen_on_loopback_unless_told_otherwise() {
    let body = json(Process {
        ports: vec![Port {
            host_ip: None,
            published: Some(PublishedPort {
                first: 8000,
                last: 8002,
            }),
            target: 80,
            protocol: Protocol::Tcp,
        }],
        expose: vec![ExposedPort {
            port: 53,
            protocol: Protocol::Udp,
        }],
        ..Process::default()
    });
    let exposed: Vec<&String> = body["ExposedPorts"].as_object().unwrap().keys().collect();
    assert_eq!(exposed, ["53/udp", "80/tcp"]);
    let binding = &body["HostConfig"]["PortBindings"]["80/tcp"][0];
    assert_eq!(binding["HostIp"], "127.0.0.1");
    assert_eq!(binding["HostPort"], "8000-8002");
}

#[test]
fn a_null_variable_is_a_bare_name_and_a_dropped_entrypoint_an_empty_word() {
    let body = json(Process {
        environment: [("A".to_owned(), Some("1".into())), ("B".to_owned(), None)].into(),
        entrypoint: Some(Vec::new()),
        ..Process::default()
    });
    assert_eq!(body["Env"], serde_json::json!(["A=1", "B"]));
    assert_eq!(body["Entrypoint"], serde_json::json!([""]));
}

#[test]
fn health_durations_are_nanoseconds_and_the_stop_timeout_rounds_up() {
    let body = json(Process {
        healthcheck: Some(Healthcheck {
            test: HealthTest::Command(vec!["true".to_owned()]),
            interval: Some(Duration::from_millis(1500)),
            start_interval: Some(Duration::from_secs(1)),
            retries: Some(2),
            ..Healthcheck::default()
        }),
        stop_grace_period: Some(Duration::from_millis(1100)),
        ..Process::default()
    });
    assert_eq!(
        body["Healthcheck"]["Test"],
        serde_json::json!(["CMD", "true"])
    );
    assert_eq!(body["Healthcheck"]["Interval"], 1_500_000_000_i64);
    assert_eq!(body["Healthcheck"]["StartInterval"], 1_000_000_000_i64);
    assert_eq!(body["StopTimeout"], 2);
    assert_eq!(json(Process::default())["StopTimeout"], 10);
}
