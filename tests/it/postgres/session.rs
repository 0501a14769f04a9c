//! One session: its URL, notices, name, end, and the phases of its login.

use std::time::Duration;

use poststack::postgres::{Address, Phase, SessionOptions, connect, phases, url};
use poststack::secret::Secret;
use tokio::net::TcpListener;

use crate::cluster::{ask, cluster, tls_cluster};
use crate::project::free_port;

const TIMEOUT: Duration = Duration::from_secs(10);

#[tokio::test]
async fn any_password_connects_through_its_url() {
    let address = cluster().database().await;
    let admin = cluster().login(&address).await;
    for (number, password) in [r#"@ / : % # $ ' " \"#, "ünï-密碼 😀", "%40?&=", "a b+c"]
        .into_iter()
        .enumerate()
    {
        let user = format!("url '{number}'");
        let create = format!(
            "CREATE ROLE {} LOGIN PASSWORD {}",
            poststack::postgres::quote::identifier(&user),
            poststack::postgres::quote::literal(password)
        );
        admin.client().batch_execute(&create).await.unwrap();
        let address = Address {
            user: user.clone(),
            password: Secret::new(password),
            ..address.clone()
        };
        let parsed = Address::parse(url(&address).expose()).unwrap();
        assert_eq!(ask(&parsed, "current_user").await, user);
    }
}

#[tokio::test]
async fn what_the_url_says_of_the_session_reaches_the_server() {
    let address = cluster().database().await;
    let url = format!(
        "{}&application_name=poststack%20db%20migrate&options=-c%20work_mem%3D7MB",
        url(&address).expose()
    );
    let address = Address::parse(&url).unwrap();
    let name = ask(&address, "current_setting('application_name')").await;
    assert_eq!(name, "poststack db migrate");
    assert_eq!(ask(&address, "current_setting('work_mem')").await, "7MB");
    let unnamed = Address {
        session: SessionOptions::default(),
        ..address
    };
    let name = ask(&unnamed, "current_setting('application_name')").await;
    assert_eq!(name, "poststack");
}

#[tokio::test]
async fn notices_are_there_with_the_answer_and_told_once() {
    let address = cluster().database().await;
    let connection = cluster().login(&address).await;
    assert_eq!(connection.notices(), []);
    let sql = "DO $$ BEGIN
        RAISE NOTICE 'first';
        RAISE WARNING 'second' USING DETAIL = 'd', HINT = 'h', ERRCODE = '01007';
        RAISE DEBUG 'never';
    END $$";
    connection.client().batch_execute(sql).await.unwrap();
    let notices = connection.notices();
    let shown: Vec<String> = notices.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["NOTICE: first", "WARNING: second"]);
    assert!(!notices[0].is_warning() && notices[1].is_warning());
    assert_eq!(notices[1].detail.as_deref(), Some("d"));
    assert_eq!(notices[1].hint.as_deref(), Some("h"));
    assert_eq!(notices[1].code, "01007");
    assert_eq!(connection.notices(), []);
}

#[tokio::test]
async fn of_very_many_notices_the_newest_are_kept() {
    let connection = cluster().login(&cluster().database().await).await;
    let sql = "DO $$ BEGIN FOR i IN 1..3000 LOOP RAISE NOTICE '%', i; END LOOP; END $$";
    connection.client().batch_execute(sql).await.unwrap();
    let notices = connection.notices();
    assert_eq!(notices.len(), 1000);
    assert_eq!(notices[999].message, "3000");
}

#[tokio::test]
async fn a_session_knows_when_it_has_ended() {
    let address = cluster().database().await;
    let connection = cluster().login(&address).await;
    assert!(!connection.is_closed());
    let end = "SELECT pg_terminate_backend(pg_backend_pid())";
    connection.client().batch_execute(end).await.unwrap_err();
    assert!(connection.client().batch_execute("SELECT 1").await.is_err());
    assert!(connection.is_closed());
}

#[tokio::test]
async fn a_dropped_connection_ends_its_session() {
    let address = cluster().database().await;
    let connection = connect(&address, TIMEOUT).await.unwrap();
    let pid = "SELECT pg_backend_pid()";
    let pid: i32 = connection
        .client()
        .query_one(pid, &[])
        .await
        .unwrap()
        .get(0);
    drop(connection);
    let alive = format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}");
    while ask(&address, &alive).await != "0" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_statement_is_cancelled_from_outside() {
    let plain = cluster().database().await;
    let tls = tls_cluster();
    tls.login(&tls.address("postgres")).await;
    let encrypted = Address {
        tls: poststack::postgres::Tls::default(),
        ..tls.address("postgres")
    };
    for address in [plain, encrypted] {
        let connection = connect(&address, TIMEOUT).await.unwrap();
        let token = connection.cancel_token();
        let statement = connection.client().batch_execute("SELECT pg_sleep(60)");
        // A request that comes before the statement has no effect.
        let cancel = async {
            loop {
                tokio::time::sleep(Duration::from_millis(20)).await;
                token.cancel(TIMEOUT).await.unwrap();
            }
        };
        let ended = tokio::select! {
            ended = statement => ended,
            () = cancel => unreachable!(),
        };
        assert_eq!(ended.unwrap_err().code().unwrap().code(), "57014");
    }
}

#[tokio::test]
async fn every_phase_of_a_login_has_its_time() {
    let server = tls_cluster();
    server.login(&server.address("postgres")).await;
    let address = Address {
        host: "localhost".to_owned(),
        tls: poststack::postgres::Tls::default(),
        ..server.address("postgres")
    };
    let found = phases(&address, TIMEOUT).await.unwrap();
    assert!(!found.addresses.is_empty());
    assert!(
        found
            .addresses
            .iter()
            .all(|address| address.port() == server.port)
    );
    let times = [found.connect, found.tls.unwrap(), found.login, found.query];
    assert!(times.iter().all(|time| !time.is_zero()), "{times:?}");
    assert!(found.total() >= times.iter().sum());
    let session = found.tls_session.unwrap();
    assert_eq!(session.protocol, "TLSv1.3");
    assert!(session.cipher.starts_with("TLS13_"), "{session:?}");
    assert_eq!(
        (&*found.current_user, &*found.database),
        ("super", "postgres")
    );
    assert!(found.is_superuser && !found.in_recovery && found.backend_pid > 0);

    let socket = Address {
        host: server.socket.display().to_string(),
        ..address
    };
    let found = phases(&socket, TIMEOUT).await.unwrap();
    assert_eq!((found.tls, found.addresses.len()), (None, 0));
    assert!(found.resolve.is_zero());
}

#[tokio::test]
async fn a_failure_names_its_phase_and_what_to_do() {
    let address = cluster().database().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = &address;
    let with = |change: &dyn Fn(&mut Address)| {
        let mut address = address.clone();
        change(&mut address);
        address
    };
    let silent_port = silent.local_addr().unwrap().port();
    let cases = [
        (
            with(&|a| a.host = "nowhere.invalid".to_owned()),
            Phase::Resolve,
            "name",
        ),
        (
            with(&|a| a.port = free_port()),
            Phase::Connect,
            "nothing listens there",
        ),
        (
            with(&|a| a.host = "/nowhere".to_owned()),
            Phase::Connect,
            "no socket of a server",
        ),
        (
            with(&|a| a.port = silent_port),
            Phase::Login,
            "does not answer as PostgreSQL",
        ),
        (
            with(&|a| a.password = Secret::new("wrong")),
            Phase::Login,
            "check the password of `super`",
        ),
        (
            with(&|a| a.database = "nowhere".to_owned()),
            Phase::Login,
            "create the database",
        ),
        (
            with(&|a| {
                a.port = silent_port;
                a.tls = poststack::postgres::Tls::default();
            }),
            Phase::Tls,
            "does not answer as PostgreSQL",
        ),
    ];
    for (address, phase, hint) in cases {
        let attempt = phases(&address, Duration::from_millis(700)).await;
        let error = attempt.unwrap_err();
        assert_eq!(error.phase(), phase, "{error}");
        let said = error.hint().unwrap();
        assert!(said.contains(hint), "{error}: {said}");
    }
}
