use super::*;

fn docker(json: &str) -> ObservedContainer {
    serde_json::from_str::<DockerContainer>(json)
        .unwrap()
        .into()
}

fn podman(json: &str) -> ObservedContainer {
    serde_json::from_str::<podman::Container>(json)
        .unwrap()
        .observed(1_000)
}

#[test]
fn dockers_status_text_tells_health_and_exit_code() {
    let up =
        docker(r#"{"Id":"1","Names":["/a"],"State":"running","Status":"Up 1 second (healthy)"}"#);
    assert_eq!((up.state, up.health), (State::Running, Health::Healthy));
    let starting = docker(r#"{"State":"running","Status":"Up 3 hours (health: starting)"}"#);
    assert_eq!(starting.health, Health::Starting);
    let sick = docker(r#"{"State":"running","Status":"Up 3 hours (unhealthy)"}"#);
    assert_eq!(sick.health, Health::Unhealthy);
    let paused = docker(r#"{"State":"paused","Status":"Up 3 hours (Paused)"}"#);
    assert_eq!((paused.state, paused.health), (State::Paused, Health::None));
    let exited = docker(r#"{"State":"exited","Status":"Exited (137) 2 minutes ago"}"#);
    assert_eq!(exited.state, State::Exited(Some(137)));
}

#[test]
fn nulls_missing_fields_and_unknown_fields_are_accepted() {
    let bare = docker(
        r#"{"Id":"1","Names":["/x/y","/a"],"Labels":null,"Ports":null,"New":[{}],"State":"hibernating"}"#,
    );
    assert_eq!(bare.name, "a");
    assert_eq!(bare.state, State::Running);
    assert!(bare.labels.is_empty() && bare.ports.is_empty() && bare.networks.is_empty());
    let bare =
        podman(r#"{"Id":"1","Names":["a"],"Labels":null,"Networks":null,"Ports":null,"Future":1}"#);
    assert_eq!((bare.name.as_str(), bare.state), ("a", State::Created));
}

#[test]
fn podmans_own_state_names_map_onto_the_nearest() {
    for (word, expected) in [
        ("configured", State::Created),
        ("initialized", State::Created),
        ("stopped", State::Exited(Some(3))),
        ("exited", State::Exited(Some(3))),
        ("stopping", State::Running),
        ("removing", State::Removing),
    ] {
        assert_eq!(state(word, Some(3)), expected, "{word}");
    }
}

#[test]
fn podmans_list_reads_like_dockers() {
    let container = podman(
        r#"{"Id":"97a2","Names":["w"],"Image":"docker.io/library/debian:1","ImageID":"bf09",
            "Created":"1970-01-01T00:10:00.5Z","StartedAt":820,"State":"running","Status":"starting",
            "Networks":["n"],"Labels":{"k":"v"},
            "Ports":[{"host_ip":"","container_port":80,"host_port":8080,"range":2,"protocol":"tcp"}]}"#,
    );
    assert_eq!(container.status, "Up 3 minutes (health: starting)");
    assert_eq!(container.health, Health::Starting);
    assert_eq!(container.image_id, "sha256:bf09");
    assert_eq!(container.created, 600);
    assert_eq!(
        container.ports,
        [
            ("0.0.0.0".to_owned(), 8080, 80, "tcp".to_owned()),
            ("0.0.0.0".to_owned(), 8081, 81, "tcp".to_owned()),
        ]
    );
    let exited = podman(r#"{"Names":["w"],"State":"exited","ExitCode":7,"ExitedAt":940}"#);
    assert_eq!(exited.state, State::Exited(Some(7)));
    assert_eq!(exited.status, "Exited (7) About a minute ago");
}
