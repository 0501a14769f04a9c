//! Databases made, cloned, renamed and dropped on a real server, by those who may and those who may
//! not.

use std::time::Duration;

use poststack::postgres::databases::{
    self, DatabaseError, ScratchOf, Strategy, clone_as, create_empty, create_scratch,
    drop_database, maintenance, remove_stale_scratch,
};
use poststack::postgres::{Address, Connection, connect, quote};
use poststack::secret::Secret;

use crate::cluster::{Cluster, ask, cluster};

const TIMEOUT: Duration = Duration::from_secs(10);

async fn admin() -> Connection {
    let postgres = cluster().address("postgres");
    cluster().login(&postgres).await;
    maintenance(&postgres, TIMEOUT).await.unwrap()
}

async fn run(address: &Address, sql: &str) {
    let connection = connect(address, TIMEOUT).await.unwrap();
    connection.client().batch_execute(sql).await.unwrap();
}

/// A role made anew, and `address` as that role.
async fn role(admin: &Connection, name: &str, options: &str, address: &Address) -> Address {
    let name_quoted = quote::identifier(name);
    let sql = format!("CREATE ROLE {name_quoted} LOGIN PASSWORD 'x' {options}");
    admin.client().batch_execute(&sql).await.unwrap();
    Address {
        user: name.to_owned(),
        password: Secret::new("x"),
        ..address.clone()
    }
}

#[tokio::test]
async fn maintenance_is_at_postgres_or_else_at_template1() {
    let server = Cluster::start("");
    let address = server.database().await;
    let admin = maintenance(&address, TIMEOUT).await.unwrap();
    assert_eq!(admin.address().database, "postgres");
    let sql = "ALTER DATABASE postgres RENAME TO other";
    drop(admin);
    let template1 = server.address("template1");
    run(&template1, sql).await;
    let admin = maintenance(&address, TIMEOUT).await.unwrap();
    assert_eq!(admin.address().database, "template1");
    databases::allow_connections(&admin, &address.database, false)
        .await
        .unwrap();
    let error = connect(&address, TIMEOUT).await.unwrap_err();
    assert_eq!(error.code(), Some("55000"));
    drop(admin);
    run(
        &server.address("other"),
        "ALTER DATABASE template1 ALLOW_CONNECTIONS false",
    )
    .await;
    let error = maintenance(&address, TIMEOUT).await.unwrap_err();
    let said = error.to_string();
    assert!(
        said.starts_with("neither database `postgres` nor `template1`"),
        "{said}"
    );
    let wrong = Address {
        password: Secret::new("wrong"),
        ..address
    };
    let error = maintenance(&wrong, TIMEOUT).await.unwrap_err();
    assert!(matches!(error, DatabaseError::Connect(_)), "{error}");
}

#[tokio::test]
async fn an_empty_database_is_like_its_model() {
    let admin = admin().await;
    let sql = "CREATE ROLE like_owner; CREATE DATABASE \"mo\"\"del\" TEMPLATE template0 \
               ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' OWNER like_owner";
    for statement in sql.split_inclusive(';') {
        admin.client().batch_execute(statement).await.unwrap();
    }
    create_empty(&admin, "like \"it\"", Some("mo\"del"))
        .await
        .unwrap();
    let all = databases::list(&admin).await.unwrap();
    let info = |name: &str| all.iter().find(|info| info.name == name).unwrap();
    let (model, made) = (info("mo\"del"), info("like \"it\""));
    assert_eq!(made.owner, "like_owner");
    assert_eq!(made.encoding, "LATIN1");
    assert_eq!(
        (&made.collation, &made.encoding),
        (&model.collation, &model.encoding)
    );
    assert!(made.size_bytes.unwrap() > 1_000_000 && made.allows_connections);

    let error = create_empty(&admin, "like \"it\"", None).await.unwrap_err();
    assert_eq!(error.to_string(), "database `like \"it\"` exists already");
    let error = create_empty(&admin, "x", Some("nowhere"))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "there is no database `nowhere`");
}

#[tokio::test]
async fn a_model_with_icu_gives_its_locale() {
    let admin = admin().await;
    let sql = "CREATE DATABASE icu_model TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de-DE'";
    admin.client().batch_execute(sql).await.unwrap();
    create_empty(&admin, "icu_made", Some("icu_model"))
        .await
        .unwrap();
    let postgres = cluster().address("postgres");
    let locale = "SELECT daticulocale FROM pg_database WHERE datname = 'icu_made'";
    assert_eq!(ask(&postgres, locale).await, "de-DE");
}

#[tokio::test]
async fn a_clone_has_everything_its_source_has() {
    let admin = admin().await;
    let source = cluster().database().await;
    let name = source.database.clone();
    let sql = format!(
        "CREATE TABLE t AS SELECT generate_series(1, 100) AS a;
         CREATE SCHEMA app; CREATE TABLE app.inside (b int);
         CREATE ROLE clone_owner; CREATE ROLE clone_guest;
         ALTER DATABASE {name} OWNER TO clone_owner;
         ALTER DATABASE {name} SET search_path = app, \"$user\", public;
         ALTER DATABASE {name} SET \"my.own\" = 'it''s, one';
         ALTER DATABASE {name} SET log_statement = 'none';
         ALTER ROLE clone_guest IN DATABASE {name} SET work_mem = '7MB';
         REVOKE ALL ON DATABASE {name} FROM PUBLIC;
         GRANT CONNECT ON DATABASE {name} TO clone_guest WITH GRANT OPTION"
    );
    run(&source, &sql).await;
    let surroundings = |database: &str| {
        format!(
            "SELECT (SELECT string_agg(setrole::regrole || ' ' || line, ' ' ORDER BY 1, line)
                       FROM pg_db_role_setting, unnest(setconfig) AS line
                      WHERE setdatabase = d.oid)
                    || pg_get_userbyid(datdba)
                    || (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM aclexplode(datacl) a
                         WHERE a.grantee <> datdba)
               FROM pg_database d WHERE datname = '{database}'"
        )
    };
    let postgres = cluster().address("postgres");
    let expected = ask(&postgres, &surroundings(&name)).await;
    assert!(expected.contains("clone_owner"), "{expected}");
    for strategy in [Strategy::Fitting, Strategy::FileCopy, Strategy::WalLog] {
        let clone = format!("{name} \"clone\" {strategy:?}");
        clone_as(&admin, &name, (&clone, None), strategy)
            .await
            .unwrap();
        let address = source.with_database(&clone);
        assert_eq!(ask(&address, "SELECT count(*) FROM public.t").await, "100");
        assert_eq!(ask(&address, "to_regclass('inside')").await, "inside");
        assert_eq!(
            ask(&address, "current_setting('my.own')").await,
            "it's, one"
        );
        assert_eq!(ask(&postgres, &surroundings(&clone)).await, expected);
        drop_database(&admin, &clone, true).await.unwrap();
    }
}

#[tokio::test]
async fn a_source_in_use_names_who_is_connected() {
    let admin = admin().await;
    let source = cluster().database().await;
    let user = source.clone().with_application_name("the reader");
    let reader = connect(&user, TIMEOUT).await.unwrap();
    let name = &source.database;
    let error = clone_as(&admin, name, ("never", None), Strategy::Fitting)
        .await
        .unwrap_err();
    let DatabaseError::InUse { sessions, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(sessions.len(), 1);
    let session = &sessions[0];
    assert_eq!(
        (&*session.application, &*session.user, &*session.client),
        ("the reader", "super", "127.0.0.1")
    );
    assert_eq!(session.state.as_deref(), Some("idle"));
    let said = error.to_string();
    let start =
        format!("failed to clone database `{name}`: connected to it: `the reader` of `super`");
    assert!(said.starts_with(&start), "{said}");
    let hint = error.hint().unwrap();
    assert!(
        hint.contains(&format!("pg_terminate_backend({})", session.pid)),
        "{hint}"
    );
    assert!(!databases::exists(&admin, "never").await.unwrap());

    assert!(databases::terminate(&admin, session.pid).await.unwrap());
    while !reader.is_closed() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!databases::terminate(&admin, session.pid).await.unwrap());
}

#[tokio::test]
async fn a_database_in_use_keeps_its_name() {
    let admin = admin().await;
    let address = cluster().database().await;
    let _reader = connect(&address, TIMEOUT).await.unwrap();
    let renamed = databases::rename(&admin, &address.database, "never").await;
    let error = renamed.unwrap_err();
    assert!(matches!(error, DatabaseError::InUse { .. }), "{error}");
}

#[tokio::test]
async fn a_database_in_use_is_not_dropped_without_force() {
    let admin = admin().await;
    let address = cluster().database().await;
    let reader = connect(&address, TIMEOUT).await.unwrap();
    let dropped = drop_database(&admin, &address.database, false).await;
    let error = dropped.unwrap_err();
    assert!(matches!(error, DatabaseError::InUse { .. }), "{error}");
    assert!(!reader.is_closed());
}

#[tokio::test]
async fn a_forced_drop_ends_the_sessions() {
    let admin = admin().await;
    let address = cluster().database().await;
    let reader = connect(&address, TIMEOUT).await.unwrap();
    drop_database(&admin, &address.database, true)
        .await
        .unwrap();
    assert!(!databases::exists(&admin, &address.database).await.unwrap());
    assert!(reader.client().batch_execute("SELECT 1").await.is_err());
    let error = drop_database(&admin, &address.database, true)
        .await
        .unwrap_err();
    assert!(matches!(error, DatabaseError::Missing { .. }), "{error}");
}

#[tokio::test]
async fn a_database_is_renamed_commented_and_closed() {
    let admin = admin().await;
    let address = cluster().database().await;
    let (old, new) = (&address.database, "renamed 'it'");
    databases::rename(&admin, old, new).await.unwrap();
    let error = databases::rename(&admin, "postgres", new)
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            DatabaseError::InUse { .. } | DatabaseError::Exists { .. }
        ),
        "{error}"
    );
    let comment = "hash: it's \\ ü";
    databases::comment_on_database(&admin, new, Some(comment))
        .await
        .unwrap();
    assert_eq!(
        databases::comment(&admin, new).await.unwrap().as_deref(),
        Some(comment)
    );
    databases::set_template(&admin, new, true).await.unwrap();
    databases::allow_connections(&admin, new, false)
        .await
        .unwrap();
    let all = databases::list(&admin).await.unwrap();
    let info = all.iter().find(|info| info.name == new).unwrap();
    assert_eq!(info.comment.as_deref(), Some(comment));
    assert!(info.is_template && !info.allows_connections);
    assert!(connect(&address.with_database(new), TIMEOUT).await.is_err());
    clone_as(&admin, new, ("from a closed one", None), Strategy::Fitting)
        .await
        .unwrap();
    databases::comment_on_database(&admin, new, None)
        .await
        .unwrap();
    assert_eq!(databases::comment(&admin, new).await.unwrap(), None);
    assert_eq!(databases::comment(&admin, "nowhere").await.unwrap(), None);
    let error = databases::size(&admin, "nowhere").await.unwrap_err();
    assert!(matches!(error, DatabaseError::Missing { .. }), "{error}");
    assert!(databases::size(&admin, new).await.unwrap() > 1_000_000);
}

#[tokio::test]
async fn a_missing_privilege_is_named_with_its_remedy() {
    let superuser = admin().await;
    let address = cluster().database().await;
    let postgres = cluster().address("postgres");
    let weak = role(&superuser, "we\"ak", "", &postgres).await;
    let weak = maintenance(&weak, TIMEOUT).await.unwrap();
    let allowed = databases::privileges(&weak).await.unwrap();
    assert!(!allowed.can_create_databases && !allowed.is_superuser);
    assert_eq!(allowed.user, "we\"ak");
    let error = create_empty(&weak, "never", None).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("user `we\"ak` may not create database `never`"),
        "{error}"
    );
    let hint = error.hint().unwrap();
    assert_eq!(
        hint,
        "let a superuser run `ALTER ROLE \"we\"\"ak\" CREATEDB`"
    );

    let strong = role(&superuser, "with createdb", "CREATEDB", &postgres).await;
    let strong = maintenance(&strong, TIMEOUT).await.unwrap();
    assert!(
        databases::privileges(&strong)
            .await
            .unwrap()
            .can_create_databases
    );
    create_empty(&strong, "made by createdb", None)
        .await
        .unwrap();
    let error = clone_as(
        &strong,
        &address.database,
        ("never", None),
        Strategy::Fitting,
    )
    .await
    .unwrap_err();
    assert!(matches!(error, DatabaseError::Privilege { .. }), "{error}");
    assert!(error.hint().unwrap().contains("owner"), "{error}");
    let error = drop_database(&strong, &address.database, false)
        .await
        .unwrap_err();
    assert!(matches!(error, DatabaseError::Privilege { .. }), "{error}");
}

#[tokio::test]
async fn a_scratch_database_is_removed_once_its_session_is_gone() {
    // A server of its own: other tests would find each other's.
    let server = Cluster::start("");
    let address = server.database().await;
    let postgres = server.address("postgres");
    let maker = maintenance(&address, TIMEOUT).await.unwrap();
    let source = &address.database;
    let empty = create_scratch(&maker, ScratchOf::EmptyLike(source))
        .await
        .unwrap();
    let clone = ScratchOf::Clone(source, Strategy::Fitting);
    let clone = create_scratch(&maker, clone).await.unwrap();
    assert_ne!(empty, clone);
    let digits = empty.strip_prefix("poststack_scratch_").unwrap();
    assert!(digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let comment = databases::comment(&maker, &empty).await.unwrap().unwrap();
    assert!(
        comment.starts_with("poststack scratch database; created 20"),
        "{comment}"
    );
    // Not ours by its comment or its name, whatever it looks like.
    let foreign = "CREATE DATABASE poststack_scratch_0000000g; \
                   CREATE DATABASE poststack_scratch_00000001; \
                   COMMENT ON DATABASE poststack_scratch_00000001 IS 'mine'; \
                   CREATE DATABASE poststack_scratch_00000002";
    for statement in foreign.split_inclusive(';') {
        run(&postgres, statement).await;
    }

    let other = maintenance(&address, TIMEOUT).await.unwrap();
    let removed = remove_stale_scratch(&other).await.unwrap();
    assert_eq!(
        removed,
        ["poststack_scratch_00000002"],
        "one that never got its comment"
    );
    drop(maker);
    let mut removed = Vec::new();
    while removed.len() < 2 {
        removed.extend(remove_stale_scratch(&other).await.unwrap());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    removed.sort();
    let mut expected = [empty, clone];
    expected.sort();
    assert_eq!(removed, expected);
    assert!(
        databases::exists(&other, "poststack_scratch_00000001")
            .await
            .unwrap()
    );
    assert!(
        databases::exists(&other, "poststack_scratch_0000000g")
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn a_scratch_database_without_comment_stays_while_one_is_being_made() {
    let server = Cluster::start("");
    let postgres = server.address("postgres");
    let maker = server.login(&postgres).await;
    let admin = maintenance(&postgres, TIMEOUT).await.unwrap();
    // What `create_scratch` holds until its comment is written.
    let hold = "SELECT pg_advisory_lock_shared(x'0073637261746368'::int8)";
    maker.client().batch_execute(hold).await.unwrap();
    let create = "CREATE DATABASE poststack_scratch_00000003";
    maker.client().batch_execute(create).await.unwrap();
    assert_eq!(
        remove_stale_scratch(&admin).await.unwrap(),
        Vec::<String>::new()
    );
    let release = "SELECT pg_advisory_unlock_all()";
    maker.client().batch_execute(release).await.unwrap();
    assert_eq!(
        remove_stale_scratch(&admin).await.unwrap(),
        ["poststack_scratch_00000003"]
    );
}

#[tokio::test]
async fn a_database_gets_its_name_and_its_comment_together_or_neither() {
    let admin = admin().await;
    let (one, two) = (cluster().database().await, cluster().database().await);
    let taken = (two.database.as_str(), Some("new"));
    let refused = databases::rename_with_comment(&admin, &one.database, taken).await;
    assert!(
        matches!(refused, Err(DatabaseError::Exists { .. })),
        "{refused:?}"
    );
    let free = format!("{}_renamed", one.database);
    let named = (free.as_str(), Some("the comment"));
    databases::rename_with_comment(&admin, &one.database, named)
        .await
        .unwrap();
    let said = databases::comment(&admin, &free).await.unwrap();
    assert_eq!(said.as_deref(), Some("the comment"));
}
