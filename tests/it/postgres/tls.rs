//! Logins with TLS, against a server that has it and one that has not.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use poststack::postgres::{
    Address, ChannelBinding, ConnectError, Connection, Phase, RootCertificate, Tls, TlsMode,
    connect,
};
use poststack::secret::Secret;

use crate::cluster::{Cluster, cluster, tls_cluster};

const TIMEOUT: Duration = Duration::from_secs(10);

fn with(address: Address, mode: TlsMode, root: Option<PathBuf>) -> Address {
    Address {
        tls: Tls {
            mode,
            root: root.map_or(RootCertificate::System, RootCertificate::File),
            ..Tls::default()
        },
        ..address
    }
}

/// The TLS server by the name its certificate holds.
async fn localhost(server: &Cluster) -> Address {
    let address = Address {
        host: "localhost".to_owned(),
        ..server.address("postgres")
    };
    server.login(&address).await;
    address
}

fn root() -> Option<PathBuf> {
    Some(tls_cluster().socket.join("root.crt"))
}

async fn is_encrypted(connection: &Connection) -> bool {
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let row = connection.client().query_one(sql, &[]).await.unwrap();
    row.get(0)
}

async fn refusal(address: &Address) -> ConnectError {
    connect(address, TIMEOUT).await.unwrap_err()
}

#[tokio::test]
async fn a_login_is_encrypted_as_the_mode_says() {
    let address = localhost(tls_cluster()).await;
    for (mode, root, encrypted) in [
        (TlsMode::Disable, None, false),
        (TlsMode::Prefer, None, true),
        (TlsMode::Require, None, true),
        (TlsMode::Require, root(), true),
        (TlsMode::VerifyCa, root(), true),
        (TlsMode::VerifyFull, root(), true),
    ] {
        let address = with(address.clone(), mode, root);
        let connection = connect(&address, TIMEOUT).await.unwrap();
        assert_eq!(is_encrypted(&connection).await, encrypted, "{mode:?}");
        assert_eq!(connection.tls().is_some(), encrypted, "{mode:?}");
    }
}

#[tokio::test]
async fn a_root_that_did_not_sign_is_told_with_what_to_do() {
    let address = localhost(tls_cluster()).await;
    for mode in [TlsMode::VerifyCa, TlsMode::VerifyFull] {
        let error = refusal(&with(address.clone(), mode, None)).await;
        assert!(
            error.to_string().ends_with(
                "the TLS handshake failed: no trusted root signed the server's certificate"
            ),
            "{error}"
        );
        assert_eq!(error.phase(), Phase::Tls);
        let hint = error.hint().unwrap();
        assert!(hint.contains("sslrootcert=<file>"), "{hint}");
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_told_where_the_name_counts() {
    let address = Address {
        host: "127.0.0.1".to_owned(),
        ..localhost(tls_cluster()).await
    };
    let by_root = with(address.clone(), TlsMode::VerifyCa, root());
    assert!(connect(&by_root, TIMEOUT).await.is_ok());
    let error = refusal(&with(address, TlsMode::VerifyFull, root())).await;
    assert!(error.to_string().contains("not for `127.0.0.1`"), "{error}");
    assert!(error.hint().unwrap().contains("verify-ca"), "{error:?}");
}

#[tokio::test]
async fn a_root_certificate_that_cannot_be_read_is_named() {
    let address = localhost(tls_cluster()).await;
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("root.crt");
    let address = with(address, TlsMode::VerifyFull, Some(missing.clone()));
    let error = refusal(&address).await.to_string();
    assert!(error.contains(&missing.display().to_string()), "{error}");
    std::fs::write(&missing, "no certificate").unwrap();
    let error = refusal(&address).await.to_string();
    assert!(error.contains("holds no root certificate"), "{error}");
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_tls_is_required() {
    let address = cluster().database().await;
    let preferring = with(address.clone(), TlsMode::Prefer, None);
    let connection = connect(&preferring, TIMEOUT).await.unwrap();
    assert_eq!(connection.tls(), None);
    for mode in [TlsMode::Require, TlsMode::VerifyFull] {
        let error = refusal(&with(address.clone(), mode, None)).await;
        assert!(
            error.to_string().ends_with("the server does not offer TLS"),
            "{error}"
        );
        assert!(
            error.hint().unwrap().contains("sslmode=prefer"),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_socket_is_never_encrypted() {
    let server = tls_cluster();
    localhost(server).await;
    let address = Address {
        host: server.socket.display().to_string(),
        ..server.address("postgres")
    };
    let address = with(address, TlsMode::VerifyFull, None);
    let connection = connect(&address, TIMEOUT).await.unwrap();
    assert_eq!(connection.tls(), None);
}

#[tokio::test]
async fn a_login_can_be_bound_to_the_channel() {
    let encrypted = with(localhost(tls_cluster()).await, TlsMode::Require, None);
    let binding = |address: &Address, channel_binding| Address {
        tls: Tls {
            channel_binding,
            ..address.tls.clone()
        },
        ..address.clone()
    };
    for how in [
        ChannelBinding::Disable,
        ChannelBinding::Prefer,
        ChannelBinding::Require,
    ] {
        let bound = connect(&binding(&encrypted, how), TIMEOUT).await;
        assert!(bound.is_ok(), "{how:?}: {bound:?}");
    }
    let plain = binding(&cluster().database().await, ChannelBinding::Require);
    let error = refusal(&plain).await.to_string();
    assert!(error.contains("channel binding"), "{error}");
}

#[tokio::test]
async fn prefer_does_without_tls_where_the_server_wants_none() {
    let server = tls_cluster();
    let address = localhost(server).await;
    let admin = server.login(&address).await;
    let roles = "CREATE ROLE no_tls LOGIN PASSWORD 'x'; CREATE ROLE only_tls LOGIN PASSWORD 'x'";
    admin.client().batch_execute(roles).await.unwrap();
    let of = |user: &str, mode| {
        let address = Address {
            user: user.to_owned(),
            password: Secret::new("x"),
            ..address.clone()
        };
        with(address, mode, None)
    };
    let connection = connect(&of("no_tls", TlsMode::Prefer), TIMEOUT)
        .await
        .unwrap();
    assert!(!is_encrypted(&connection).await);
    let connection = connect(&of("only_tls", TlsMode::Prefer), TIMEOUT)
        .await
        .unwrap();
    assert!(is_encrypted(&connection).await);
    let error = refusal(&of("only_tls", TlsMode::Disable)).await;
    assert_eq!(error.phase(), Phase::Login);
    assert!(
        error.hint().unwrap().contains("sslmode=require"),
        "{error:?}"
    );
    let error = refusal(&of("no_tls", TlsMode::Require)).await;
    assert!(error.hint().unwrap().contains("pg_hba.conf"), "{error:?}");
}

/// Gives the server another certificate, made by `openssl` with `arguments`.
async fn exchange(server: &Cluster, name: &str, arguments: &str) -> PathBuf {
    let script = format!(
        "cd \"$1\" && key='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes' && \
         {{ {arguments}; }} 2>/dev/null && chown --reference=. {name}.* && chmod 600 {name}.key"
    );
    let made = Command::new("sh")
        .args(["-euc", &script, "sh"])
        .arg(&server.socket)
        .status()
        .unwrap();
    assert!(made.success());
    let folder = server.socket.display();
    let admin = server.login(&server.address("postgres")).await;
    for (setting, end) in [("ssl_cert_file", "crt"), ("ssl_key_file", "key")] {
        let sql = format!("ALTER SYSTEM SET {setting} = '{folder}/{name}.{end}'");
        admin.client().batch_execute(&sql).await.unwrap();
    }
    let reload = "SELECT pg_reload_conf()";
    admin.client().batch_execute(reload).await.unwrap();
    server.socket.join(format!("{name}.crt"))
}

/// The server takes a new certificate in its own time.
async fn connected_soon(address: &Address) -> Connection {
    let end = Instant::now() + TIMEOUT;
    loop {
        match connect(address, TIMEOUT).await {
            Ok(connection) => return connection,
            Err(error) => assert!(Instant::now() < end, "{error}: {:?}", error.hint()),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn certificates_as_the_manual_makes_them_are_accepted() {
    let server = Cluster::start("tls");
    let address = localhost(&server).await;
    let by_itself = "openssl req -new -x509 $key -days 9 -subj /CN=localhost \
                     -keyout own.key -out own.crt";
    let own = exchange(&server, "own", by_itself).await;
    connected_soon(&with(
        address.clone(),
        TlsMode::VerifyFull,
        Some(own.clone()),
    ))
    .await;
    let other_name = Address {
        host: "127.0.0.1".to_owned(),
        ..address.clone()
    };
    let error = refusal(&with(other_name, TlsMode::VerifyFull, Some(own))).await;
    assert!(
        error.to_string().contains("certificate is not for"),
        "{error}"
    );

    let version_1 = "openssl req -new $key -subj /CN=localhost -keyout old.key -out old.csr && \
                     openssl x509 -req -in old.csr -days 9 -CA root.crt -CAkey root.key \
                     -CAcreateserial -out old.crt";
    exchange(&server, "old", version_1).await;
    let root = server.socket.join("root.crt");
    let bound = Address {
        tls: Tls {
            mode: TlsMode::Require,
            channel_binding: ChannelBinding::Require,
            ..Tls::default()
        },
        ..address.clone()
    };
    connected_soon(&bound).await;
    let verifying = with(address, TlsMode::VerifyCa, Some(root));
    let error = refusal(&verifying).await;
    let hint = error.hint().unwrap();
    assert!(hint.contains("X.509 version 3"), "{error}: {hint}");
}
