use super::*;

#[test]
fn an_answer_full_of_nulls_is_a_container() {
    let json = r#"{"Id":"1","Name":"/a","Image":"sha256:2","Mounts":null,
        "State":{"Status":"stopped","ExitCode":3,"StartedAt":"2026-11-20T10:47:39.7Z",
                 "FinishedAt":"0001-01-01T00:00:00Z","Health":{"Status":"","Log":null}},
        "Config":{"Labels":null,"Env":null,"Healthcheck":null},
        "NetworkSettings":{"Networks":null,"Ports":{"80/tcp":null,"81/tcp":[{"HostIp":"127.0.0.1","HostPort":"8081"}]}}}"#;
    let container: Inspected = serde_json::from_str::<WireContainer>(json).unwrap().into();
    assert_eq!(container.name, "a");
    assert_eq!(container.state, State::Exited(Some(3)));
    assert_eq!(
        (container.health, container.health_test),
        (Health::None, None)
    );
    assert!(container.started_at.is_some());
    assert_eq!(container.finished_at, None);
    assert_eq!(
        container.ports,
        [("127.0.0.1".to_owned(), 8081, 81, "tcp".to_owned())]
    );
}

#[test]
fn a_restart_policy_tells_whether_a_container_comes_back() {
    let json = |policy: &str, count: u32| {
        let text =
            format!(r#"{{"RestartCount":{count},"HostConfig":{{"RestartPolicy":{{{policy}}}}}}}"#);
        Inspected::from(serde_json::from_str::<WireContainer>(&text).unwrap())
    };
    let limited = r#""Name":"on-failure","MaximumRetryCount":2"#;
    assert!(json(limited, 1).restarts_after(1));
    assert!(!json(limited, 2).restarts_after(1), "used up");
    assert!(!json(limited, 0).restarts_after(0), "a success");
    assert!(json(r#""Name":"always""#, 9).restarts_after(0));
    assert!(!json(r#""Name":"""#, 0).restarts_after(1));
    let endless = r#""Name":"on-failure","MaximumRetryCount":0"#;
    assert!(!json(endless, 5).is_hopeless());
    assert!(json(endless, 6).is_hopeless());
    assert!(!json(limited, 6).is_hopeless(), "ends by itself");
    assert!(!json(r#""Name":"always""#, 6).is_hopeless());
}

#[test]
fn podman_tells_a_pause_between_two_runs_from_an_end() {
    let is_between_runs = |state: &str, policy: &str| {
        let text = format!(
            r#"{{"State":{{"Status":"{state}","ExitCode":7}},
                "HostConfig":{{"RestartPolicy":{{"Name":"{policy}"}}}}}}"#
        );
        Inspected::from(serde_json::from_str::<WireContainer>(&text).unwrap()).is_between_runs()
    };
    assert!(is_between_runs("stopped", "always"));
    assert!(!is_between_runs("stopped", "no"), "not tidied up yet");
    assert!(!is_between_runs("exited", "always"), "stopped by somebody");
    assert!(!is_between_runs("running", "always"));
}

#[test]
fn the_environment_does_not_show_its_values() {
    let json = r#"{"Config":{"Env":["PASSWORD=canary","EMPTY"]}}"#;
    let container: Inspected = serde_json::from_str::<WireContainer>(json).unwrap().into();
    assert_eq!(container.environment["PASSWORD"].expose(), "canary");
    assert!(!format!("{container:?}").contains("canary"));
}
