use std::path::Path;

use crate::migration::{Script, acts_outside, may_act_unseen};
use crate::text::SourceFile;

fn script(sql: &str) -> Script {
    Script::parse(&SourceFile::new(
        Path::new("x.sql"),
        format!("-- poststack: no-transaction\n{sql}"),
    ))
    .unwrap()
}

#[test]
fn statements_about_the_server_act_outside_the_database() {
    for sql in [
        "CREATE ROLE x",
        "alter user x PASSWORD 'y'",
        "ALTER ROLE x IN DATABASE d SET work_mem = 1",
        "DROP DATABASE d",
        "ALTER DATABASE d SET work_mem = 1",
        "CREATE TABLESPACE t LOCATION '/t'",
        "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p",
        "ALTER SYSTEM SET work_mem = 1",
        "GRANT a TO b",
        "REVOKE ADMIN OPTION FOR a FROM b",
        "GRANT CONNECT ON DATABASE d TO a",
        "GRANT SET ON PARAMETER work_mem TO a",
        "REASSIGN OWNED BY a TO b",
        "DROP OWNED BY a",
        "COMMENT ON ROLE a IS 'x'",
        "SECURITY LABEL ON DATABASE d IS 'x'",
        "COPY t TO PROGRAM 'cat'",
        "COPY t FROM PROGRAM 'cat'",
        "COPY (SELECT 1) TO '/tmp/x'",
        "SELECT pg_create_logical_replication_slot('a', 'b')",
        "SELECT * FROM (SELECT pg_catalog . PG_Terminate_Backend (1)) AS x",
        "INSERT INTO t SELECT * FROM dblink_exec('x', 'y')",
        "CREATE MATERIALIZED VIEW v AS SELECT * FROM dblink('x', 'y') AS (a int)",
    ] {
        assert_eq!(acts_outside(&script(sql)).count(), 1, "{sql}");
    }
}

#[test]
fn what_stays_in_the_database_does_not_act_outside_it() {
    for sql in [
        "CREATE TABLE role (id int)",
        "CREATE USER MAPPING FOR a SERVER s",
        "CREATE EXTENSION dblink",
        "GRANT SELECT (a, b) ON t TO c",
        "GRANT USAGE ON SCHEMA s TO c",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO a",
        "COMMENT ON TABLE t IS 'role'",
        "COPY t FROM '/tmp/x'",
        "SELECT 'pg_reload_conf()'",
        "CREATE VIEW v AS SELECT * FROM dblink('x', 'y') AS (a int)",
        "DROP FUNCTION dblink_exec(text)",
        "REVOKE EXECUTE ON FUNCTION pg_reload_conf() FROM a",
    ] {
        assert_eq!(acts_outside(&script(sql)).count(), 0, "{sql}");
    }
}

#[test]
fn only_what_runs_functions_may_act_unseen() {
    for sql in ["DO $$ BEGIN END $$", "SELECT f()", "CALL p()"] {
        assert!(may_act_unseen(&script(sql)), "{sql}");
    }
    for sql in ["CREATE TABLE t (id int)", "INSERT INTO t VALUES (1)"] {
        assert!(!may_act_unseen(&script(sql)), "{sql}");
    }
}
