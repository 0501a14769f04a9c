use super::*;

fn request(environment: &[(&str, &str)]) -> Request {
    Request {
        environment: environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        uid: 1000,
        ..Request::default()
    }
}

fn shown(request: &Request) -> Vec<String> {
    candidates(request)
        .iter()
        .map(|candidate| {
            let address = match &candidate.address {
                Ok(address) => address.to_string(),
                Err(unusable) => format!("{} ({unusable})", unusable.written),
            };
            format!("{address} | {}", candidate.reason)
        })
        .collect()
}

fn context(folder: &Path, name: &str, host: &str) {
    let digest: String = Sha256::digest(name.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let meta = folder.join("contexts/meta").join(digest);
    std::fs::create_dir_all(&meta).unwrap();
    let text = format!(r#"{{"Name":"{name}","Endpoints":{{"docker":{{"Host":"{host}"}}}}}}"#);
    std::fs::write(meta.join("meta.json"), text).unwrap();
}

#[test]
fn nothing_named_tries_docker_then_podman_sockets() {
    let list = shown(&request(&[
        ("HOME", "/home/u"),
        ("XDG_RUNTIME_DIR", "/run/user/7"),
    ]));
    assert_eq!(
        list,
        [
            "unix:///var/run/docker.sock | default Docker socket",
            "unix:///run/user/7/docker.sock | rootless Docker socket",
            "unix:///home/u/.docker/run/docker.sock | Docker Desktop socket",
            "unix:///home/u/.docker/desktop/docker.sock | Docker Desktop socket",
            "unix:///run/user/7/podman/podman.sock | Podman socket of the user",
            "unix:///run/podman/podman.sock | system Podman socket",
        ]
    );
}

#[test]
fn the_flag_wins_over_every_variable_and_stands_alone() {
    let mut request = request(&[
        ("DOCKER_HOST", "unix:///d"),
        ("CONTAINER_HOST", "unix:///c"),
    ]);
    request.host_flag = Some("/my.sock".to_owned());
    assert_eq!(shown(&request), ["unix:///my.sock | --host"]);
}

#[test]
fn docker_host_wins_over_container_host_and_context() {
    let all = [
        ("DOCKER_HOST", "tcp://h:2375"),
        ("CONTAINER_HOST", "unix:///c"),
        ("DOCKER_CONTEXT", "x"),
    ];
    assert_eq!(shown(&request(&all)), ["tcp://h:2375 | DOCKER_HOST"]);
    assert_eq!(shown(&request(&all[1..])), ["unix:///c | CONTAINER_HOST"]);
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let list = shown(&request(&[("DOCKER_HOST", ""), ("XDG_RUNTIME_DIR", "")]));
    assert_eq!(
        list[0],
        "unix:///var/run/docker.sock | default Docker socket"
    );
    assert_eq!(
        list[1],
        "unix:///run/user/1000/docker.sock | rootless Docker socket"
    );
}

#[test]
fn a_docker_context_of_the_environment_is_explicit() {
    let folder = tempfile::tempdir().unwrap();
    context(folder.path(), "far", "tcp://far:2375");
    let path = folder.path().to_str().unwrap();
    let request = request(&[("DOCKER_CONFIG", path), ("DOCKER_CONTEXT", "far")]);
    let list = candidates(&request);
    assert_eq!(list.len(), 1);
    assert!(list[0].explicit);
    assert_eq!(list[0].address, Ok(Address::Tcp("far:2375".to_owned())));
}

#[test]
fn a_missing_docker_context_is_told_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let request = request(&[("DOCKER_CONFIG", path), ("DOCKER_CONTEXT", "gone")]);
    let unusable = candidates(&request)[0].address.clone().unwrap_err();
    assert!(
        unusable.why.starts_with("no Docker context `gone`"),
        "{unusable}"
    );
    assert_eq!(unusable.hint, "docker context ls");
}

#[test]
fn the_current_docker_context_comes_first_and_others_follow() {
    let folder = tempfile::tempdir().unwrap();
    context(folder.path(), "colima", "unix:///colima.sock");
    let config = folder.path().join("config.json");
    std::fs::write(config, r#"{"currentContext":"colima"}"#).unwrap();
    let list = shown(&request(&[(
        "DOCKER_CONFIG",
        folder.path().to_str().unwrap(),
    )]));
    assert_eq!(
        list[0],
        "unix:///colima.sock | current Docker context `colima`"
    );
    assert_eq!(
        list[1],
        "unix:///var/run/docker.sock | default Docker socket"
    );
}

#[test]
fn the_default_context_is_the_default_socket() {
    let list = shown(&request(&[("DOCKER_CONTEXT", "default")]));
    assert_eq!(
        list[0],
        "unix:///var/run/docker.sock | default Docker socket"
    );
}

#[test]
fn asking_for_podman_looks_at_podman_alone() {
    let mut asking = request(&[("DOCKER_HOST", "unix:///d"), ("XDG_RUNTIME_DIR", "/r")]);
    asking.wanted = Some((EngineKind::Podman, "--engine".to_owned()));
    let list = shown(&asking);
    assert_eq!(
        list,
        [
            "unix:///r/podman/podman.sock | Podman socket of the user",
            "unix:///run/podman/podman.sock | system Podman socket",
        ]
    );
}

#[test]
fn asking_for_docker_leaves_podman_out() {
    let mut asking = request(&[("CONTAINER_HOST", "unix:///c")]);
    asking.wanted = Some((EngineKind::Docker, "--engine".to_owned()));
    assert!(
        shown(&asking).iter().all(|line| !line.contains("odman")),
        "{:?}",
        shown(&asking)
    );
}

#[test]
fn the_podman_program_is_the_last_resort() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("podman"), "").unwrap();
    let path = folder.path().to_str().unwrap();
    let mut asking = request(&[("PATH", path), ("XDG_RUNTIME_DIR", "/r")]);
    let last = candidates(&asking).pop().unwrap();
    assert_eq!(last.service, Some(folder.path().join("podman")));
    assert_eq!(
        last.address,
        Ok(Address::Unix("/r/podman/podman.sock".into()))
    );
    asking.uid = 0;
    let last = candidates(&asking).pop().unwrap();
    assert_eq!(
        last.address,
        Ok(Address::Unix("/run/podman/podman.sock".into()))
    );
}

#[test]
fn addresses_are_read_as_docker_and_podman_write_them() {
    assert_eq!(address("/a.sock"), Ok(Address::Unix("/a.sock".into())));
    assert_eq!(
        address("unix:///a.sock"),
        Ok(Address::Unix("/a.sock".into()))
    );
    assert_eq!(
        address("tcp://[::1]:2375/"),
        Ok(Address::Tcp("[::1]:2375".to_owned()))
    );
    for bad in [
        "a.sock",
        "unix://a",
        "tcp://host",
        "tcp://:1",
        "npipe:////./pipe/x",
        "",
    ] {
        assert!(address(bad).is_err(), "{bad}");
    }
}

#[test]
fn ssh_and_tls_say_that_they_are_not_supported_and_how_to_go_around() {
    let ssh = address("ssh://me@far:22/run/podman/podman.sock").unwrap_err();
    assert_eq!(ssh.why, "ssh:// is not supported yet");
    assert!(
        ssh.hint.contains("ssh -N -L") && ssh.hint.contains("me@far"),
        "{}",
        ssh.hint
    );
    assert_eq!(
        address("https://h:2376").unwrap_err().why,
        "TLS is not supported yet"
    );
    let verify = request(&[("DOCKER_HOST", "tcp://h:2376"), ("DOCKER_TLS_VERIFY", "1")]);
    let unusable = candidates(&verify)[0].address.clone().unwrap_err();
    assert_eq!(unusable.why, "TLS is not supported yet");
}
