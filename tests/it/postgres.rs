//! The wire protocol against a real server; what a server does rarely is put on the wire here.

mod databases;
mod query;
mod session;
mod tls;

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use poststack::postgres::{
    Address, ExtensionError, NotReady, Patience, connect, ensure_extensions, query_summary,
    recovery, wait_for_login,
};
use poststack::secret::Secret;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::cluster::{ask, cluster};
use crate::project::free_port;

fn patience(timeout: u64, grace: u64) -> Patience {
    Patience {
        timeout: Duration::from_millis(timeout),
        grace: Duration::from_millis(grace),
    }
}

async fn reason(address: &Address, patience: Patience) -> NotReady {
    wait_for_login(address, patience)
        .await
        .map(|ready| ready.after)
        .unwrap_err()
}

#[tokio::test]
async fn a_running_server_is_ready_at_the_first_attempt() {
    let address = cluster().database().await;
    let ready = wait_for_login(&address, patience(5000, 0)).await.unwrap();
    assert!(
        ready.connection.server_major() >= 13,
        "{}",
        ready.connection.server_version()
    );
    assert_eq!(ask(&address, "current_database()").await, address.database);
}

#[tokio::test]
async fn a_wrong_password_is_reported_after_the_grace() {
    let address = Address {
        password: Secret::new("wrong"),
        ..cluster().database().await
    };
    let start = Instant::now();
    let reason = reason(&address, patience(20_000, 500)).await;
    let took = start.elapsed();
    assert_eq!(reason, NotReady::PasswordRefused { user: address.user });
    assert!(took >= Duration::from_millis(500), "{took:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test]
async fn a_missing_database_and_a_role_that_may_not_log_in_are_told_apart() {
    let address = cluster().database().await;
    let missing = Address {
        database: "nowhere".to_owned(),
        ..address.clone()
    };
    let database = "nowhere".to_owned();
    assert_eq!(
        reason(&missing, patience(5000, 0)).await,
        NotReady::DatabaseMissing { database }
    );
    let admin = cluster().login(&address).await;
    let role = "DROP ROLE IF EXISTS mute; CREATE ROLE mute NOLOGIN PASSWORD 'x'";
    admin.client().batch_execute(role).await.unwrap();
    let mute = Address {
        user: "mute".to_owned(),
        password: Secret::new("x"),
        ..address
    };
    let NotReady::Refused { message, code, .. } = reason(&mute, patience(5000, 0)).await else {
        panic!("not refused");
    };
    assert_eq!(message, "role \"mute\" is not permitted to log in");
    assert_eq!(code, "28000");
}

#[tokio::test]
async fn nobody_listening_ends_at_the_timeout_with_the_last_error() {
    let address = Address {
        port: free_port(),
        ..cluster().address("postgres")
    };
    let NotReady::TimedOut { last, .. } = reason(&address, patience(300, 0)).await else {
        panic!("no timeout");
    };
    assert!(last.contains("refused"), "{last}");
}

#[tokio::test]
async fn a_port_that_accepts_and_says_nothing_does_not_block() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address {
        port: silent.local_addr().unwrap().port(),
        ..cluster().address("postgres")
    };
    let start = Instant::now();
    let reason = reason(&address, patience(700, 0)).await;
    assert!(matches!(reason, NotReady::TimedOut { .. }), "{reason:?}");
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
}

/// Answers as a server that is starting up does, then closes.
async fn say_starting_up(mut client: TcpStream) {
    let fields = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0";
    let length = u32::try_from(fields.len() + 4).unwrap();
    let mut answer = vec![b'E'];
    answer.extend(length.to_be_bytes());
    answer.extend(fields);
    let mut startup = [0; 8];
    tokio::io::AsyncReadExt::read_exact(&mut client, &mut startup)
        .await
        .unwrap();
    client.write_all(&answer).await.unwrap();
}

async fn forward(mut client: TcpStream) {
    let mut server = TcpStream::connect(("127.0.0.1", cluster().port))
        .await
        .unwrap();
    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}

#[tokio::test]
async fn a_server_that_closes_then_starts_up_then_answers_is_waited_for() {
    let database = cluster().database().await;
    let front = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address {
        port: front.local_addr().unwrap().port(),
        ..database
    };
    let server = async {
        for _ in 0..3 {
            drop(front.accept().await.unwrap());
        }
        for _ in 0..3 {
            say_starting_up(front.accept().await.unwrap().0).await;
        }
        forward(front.accept().await.unwrap().0).await;
    };
    let ready = tokio::select! {
        ready = wait_for_login(&address, patience(10_000, 0)) => ready,
        () = server => panic!("the server ended first"),
    };
    assert!(ready.is_ok(), "{ready:?}");
}

#[tokio::test]
async fn a_summary_tells_size_sessions_and_age() {
    let address = cluster().database().await;
    let _other = cluster().login(&address).await;
    let summary = query_summary(&address).await.unwrap();
    assert_eq!(summary.connections, 1);
    assert!(summary.size_bytes > 1_000_000, "{summary:?}");
    assert!(summary.uptime > Duration::ZERO && summary.uptime < Duration::from_secs(3600));
    assert!(
        summary
            .server_version
            .starts_with(|c: char| c.is_ascii_digit())
    );
}

#[tokio::test]
async fn a_summary_of_a_silent_server_fails_within_its_second() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address {
        port: silent.local_addr().unwrap().port(),
        ..cluster().address("postgres")
    };
    let start = Instant::now();
    assert!(query_summary(&address).await.is_err());
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn extensions_are_created_once() {
    let address = cluster().database().await;
    let connection = cluster().login(&address).await;
    let names = [
        "earthdistance".to_owned(),
        "uuid-ossp".to_owned(),
        "uuid-ossp".to_owned(),
    ];
    let created = ensure_extensions(&connection, &names).await.unwrap();
    assert_eq!(created, ["earthdistance", "uuid-ossp"]);
    assert_eq!(
        ensure_extensions(&connection, &names).await.unwrap(),
        Vec::<String>::new()
    );
    let installed = "SELECT string_agg(extname, ' ' ORDER BY extname) FROM pg_extension";
    assert_eq!(
        ask(&address, installed).await,
        "cube earthdistance plpgsql uuid-ossp"
    );
}

#[tokio::test]
async fn every_extension_the_server_lacks_is_named_and_none_created() {
    let address = cluster().database().await;
    let connection = cluster().login(&address).await;
    let names = ["hstore", "uuid_ossp", "nothing_like_it"].map(str::to_owned);
    let error = ensure_extensions(&connection, &names).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the database server does not carry extension `uuid_ossp` (did you mean `uuid-ossp`?), \
         `nothing_like_it`"
    );
    assert!(
        error.hint().unwrap().contains("hstore"),
        "{:?}",
        error.hint()
    );
    assert!(matches!(error, ExtensionError::Missing { .. }));
    let installed = "SELECT string_agg(extname, ' ') FROM pg_extension";
    assert_eq!(ask(&address, installed).await, "plpgsql");
}

/// Runs what `recovery` says as `environment` runs it inside a container.
fn recover(role: &str, sql: &Secret) {
    let arguments = recovery::psql_command(role);
    let (program, arguments) = arguments.split_first().unwrap();
    let mut psql = Command::new(cluster().programs.join(program))
        .args(arguments)
        .env("PGHOST", &cluster().socket)
        .env("PGPORT", cluster().port.to_string())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    psql.stdin
        .take()
        .unwrap()
        .write_all(sql.expose().as_bytes())
        .unwrap();
    assert!(psql.wait().unwrap().success());
}

#[tokio::test]
async fn a_lost_password_is_set_anew_and_the_data_stays() {
    let database = cluster().database().await;
    let admin = cluster().login(&database).await;
    let before = "DROP ROLE IF EXISTS \"lo'st\"; CREATE ROLE \"lo'st\" LOGIN PASSWORD 'old';
                  CREATE TABLE kept (a int)";
    admin.client().batch_execute(before).await.unwrap();
    let address = Address {
        user: "lo'st".to_owned(),
        password: Secret::new("n\\e'w ü"),
        ..database
    };
    recover(
        "super",
        &recovery::sql(&address.user, &address.password, &address.database),
    );
    assert_eq!(ask(&address, "current_user").await, "lo'st");
    assert_eq!(ask(&address, "to_regclass('kept')").await, "kept");
    let old = Address {
        password: Secret::new("old"),
        ..address
    };
    assert!(connect(&old, Duration::from_secs(5)).await.is_err());
}

#[tokio::test]
async fn a_missing_role_and_database_are_made_as_the_image_makes_them() {
    let address = Address {
        user: "new role".to_owned(),
        password: Secret::new("secret"),
        database: "new \"database\"".to_owned(),
        ..cluster().database().await
    };
    let sql = recovery::sql(&address.user, &address.password, &address.database);
    recover("super", &sql);
    recover("super", &sql);
    let role = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user";
    assert_eq!(ask(&address, role).await, "true");
    let owner =
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()";
    assert_eq!(ask(&address, owner).await, "new role");
}
