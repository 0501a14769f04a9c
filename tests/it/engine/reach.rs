//! Finding an engine, and not finding one.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;

use poststack::engine::discover::Request;
use poststack::engine::{ConnectError, Engine, EngineKind, Fault};

use super::on_each_engine;

fn connect(request: &Request) -> Result<Engine, ConnectError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(Engine::connect(request))
}

fn host(address: impl ToString) -> Request {
    Request {
        host_flag: Some(address.to_string()),
        ..Request::default()
    }
}

#[test]
fn an_explicit_socket_that_is_not_there_is_the_only_one_tried() {
    let error = connect(&host("unix:///engine/none.sock")).unwrap_err();
    assert_eq!(error.tried.len(), 1);
    assert!(matches!(error.tried[0].fault, Fault::Missing), "{error:?}");
    assert_eq!(
        error.to_string(),
        "connect to a container engine at unix:///engine/none.sock (--host): no such file"
    );
    assert!(!error.hint.is_empty());
}

#[test]
fn a_socket_without_a_listener_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    drop(UnixListener::bind(&path).unwrap());
    let error = connect(&host(path.display())).unwrap_err();
    assert!(matches!(error.tried[0].fault, Fault::Refused), "{error:?}");
}

#[test]
fn something_else_that_answers_is_no_engine() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let listener = UnixListener::bind(&path).unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        assert!(stream.read(&mut [0; 1000]).unwrap() > 0);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n")
            .unwrap();
    });
    let error = connect(&host(path.display())).unwrap_err();
    server.join().unwrap();
    assert!(
        matches!(error.tried[0].fault, Fault::NotAnEngine),
        "{error:?}"
    );
}

#[test]
fn an_engine_of_the_other_kind_is_refused() {
    on_each_engine("kind", async |scratch| {
        let other = match scratch.engine.kind {
            EngineKind::Docker => EngineKind::Podman,
            EngineKind::Podman => EngineKind::Docker,
        };
        let request = Request {
            wanted: Some((other, "--engine".to_owned())),
            ..host(&scratch.engine.endpoint.address)
        };
        let error = Engine::connect(&request).await.unwrap_err();
        assert!(
            matches!(error.tried[0].fault, Fault::OtherEngine { .. }),
            "{error:?}"
        );
    });
}

#[test]
fn both_engines_tell_their_version_in_the_ping() {
    on_each_engine("version", async |scratch| {
        let details = scratch.engine.version().await.unwrap();
        assert!(
            details.version.starts_with(&scratch.engine.version),
            "{details:?}"
        );
        assert!(!scratch.engine.version.is_empty());
    });
}

#[test]
fn tcp_reaches_an_engine_too() {
    on_each_engine("tcp", async |scratch| {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("tcp://{}", listener.local_addr().unwrap());
        let poststack::engine::Address::Unix(socket) = scratch.engine.endpoint.address.clone()
        else {
            panic!("the tests run on sockets");
        };
        let forward = tokio::spawn(async move {
            loop {
                let (mut tcp, _) = listener.accept().await.unwrap();
                let mut unix = tokio::net::UnixStream::connect(&socket).await.unwrap();
                tokio::spawn(async move {
                    tokio::io::copy_bidirectional(&mut tcp, &mut unix)
                        .await
                        .ok();
                });
            }
        });
        let engine = Engine::connect(&host(&address)).await.unwrap();
        assert_eq!(engine.kind, scratch.engine.kind);
        let id = scratch
            .run(&scratch.container("a", "echo over tcp; sleep 60"))
            .await;
        let output = engine
            .exec(&id, &["echo", "hi"], &Default::default())
            .await
            .unwrap();
        assert_eq!(output.stdout, b"hi\n");
        assert_eq!(engine.last_lines(&id, 1).await.unwrap(), ["over tcp"]);
        forward.abort();
    });
}
