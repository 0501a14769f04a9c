use super::*;

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect()
}

#[test]
fn the_ping_tells_docker_from_podman() {
    let docker = headers(&[
        ("Api-Version", "1.41"),
        ("Server", "Docker/20.10.24+dfsg1 (linux)"),
    ]);
    assert_eq!(
        identify(&docker),
        Some((EngineKind::Docker, "20.10.24".to_owned()))
    );
    let podman = headers(&[
        ("Api-Version", "1.41"),
        ("Libpod-Api-Version", "4.3.1"),
        ("Server", "Libpod/4.3.1 (linux)"),
    ]);
    assert_eq!(
        identify(&podman),
        Some((EngineKind::Podman, "4.3.1".to_owned()))
    );
    assert_eq!(identify(&headers(&[("Server", "nginx/1.2")])), None);
}

fn attempt(address: &str, fault: Fault) -> Attempt {
    Attempt {
        address: address.to_owned(),
        reason: "a reason".to_owned(),
        explicit: false,
        fault,
    }
}

#[test]
fn the_error_lists_every_socket_with_its_fault() {
    let error = ConnectError {
        tried: vec![
            attempt("unix:///a", Fault::Missing),
            attempt("unix:///b", Fault::Denied),
        ],
        hint: String::new(),
    };
    assert_eq!(
        error.to_string(),
        "find a container engine; tried:\n  unix:///a (a reason): no such file\n  unix:///b (a reason): permission denied"
    );
}

#[test]
fn the_hint_follows_the_fault() {
    let request = Request::default();
    let denied = [attempt("unix:///a", Fault::Denied)];
    assert!(hint(&denied, &request).contains("usermod -aG docker"));
    let missing = [attempt("unix:///a", Fault::Missing)];
    assert_eq!(hint(&missing, &request), "sudo apt-get install docker.io");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("dockerd"), "").unwrap();
    let path = folder.path().to_str().unwrap().to_owned();
    let request = Request {
        environment: [("PATH".to_owned(), path)].into(),
        ..Request::default()
    };
    assert_eq!(hint(&missing, &request), "sudo systemctl start docker");
}

#[test]
fn an_address_that_was_given_is_to_be_corrected_whatever_is_installed() {
    let hint = |reason: &str| {
        let named = Attempt {
            reason: reason.to_owned(),
            explicit: true,
            ..attempt("tcp://127.0.0.1:1", Fault::Refused)
        };
        hint(&[named], &Request::default())
    };
    assert_eq!(hint("--host"), "correct the address, or leave out --host");
    assert_eq!(hint("DOCKER_HOST"), "unset DOCKER_HOST, or correct it");
    assert!(hint("Docker context `x` of DOCKER_CONTEXT").starts_with("unset DOCKER_CONTEXT"));
}

fn serving(program: &Path, socket: &Path, request: &Request) -> Result<Option<i32>, Fault> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(async {
            serve(program, socket, request).await?;
            let address = Address::Unix(socket.to_path_buf());
            let engine = open(address, "a test".to_owned()).await?;
            assert_eq!(engine.kind, EngineKind::Podman);
            Ok(engine.wire.process().await)
        })
}

#[test]
fn the_podman_program_is_started_as_a_service() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("podman/podman.sock");
    let request = Request::of_process(None, None);
    let program = request.program("podman").expect("this test needs Podman");
    let process = serving(&program, &socket, &request).unwrap().unwrap();
    let process = rustix::process::Pid::from_raw(process).unwrap();
    let session = rustix::process::getsid(Some(process)).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
    assert_eq!(session, process, "it must outlive the terminal");
}

#[test]
fn a_service_that_ends_at_once_is_told_without_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("podman.sock");
    let start = std::time::Instant::now();
    let fault = serving(Path::new("/bin/false"), &socket, &Request::default()).unwrap_err();
    assert!(
        fault.to_string().contains("poststack-podman-service.log"),
        "{fault}"
    );
    assert!(start.elapsed() < SERVICE_START);
}
