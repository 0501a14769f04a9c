//! Statement by statement: what takes it back, and what is left to be written.

use super::*;
use crate::text::SourceFile;

const HEADER: &str = "-- Takes back `007_a.sql`. Derived from its statements; read before use.\n";

fn derive(text: &str) -> Inverse {
    let script = Script::parse(&SourceFile::new("007_a.sql", text));
    inverse(&script.unwrap_or_else(|faults| panic!("{text}: {faults:?}")))
}

/// The lines behind the header that are not empty.
fn lines(text: &str) -> Vec<String> {
    let inverse = derive(text);
    let body = inverse.text.replace(HEADER, "");
    body.lines()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Each statement is taken back by another, in full.
fn is_taken_back(pairs: &[(&str, &[&str])]) {
    for (up, down) in pairs {
        assert_eq!(lines(up), *down, "{up}");
        assert!(derive(up).complete, "{up}");
    }
}

/// Something is left to be written.
fn is_left_open(pairs: &[(&str, &[&str])]) {
    for (up, down) in pairs {
        assert_eq!(lines(up), *down, "{up}");
        assert!(!derive(up).complete, "{up}");
    }
}

#[test]
fn what_is_created_is_dropped() {
    is_taken_back(&[
        ("CREATE TABLE app.\"T\" (a int)", &["DROP TABLE app.\"T\";"]),
        ("CREATE TABLE t AS SELECT 1 AS a", &["DROP TABLE t;"]),
        ("SELECT 1 AS a INTO t", &["DROP TABLE t;"]),
        ("CREATE UNLOGGED TABLE t ()", &["DROP TABLE t;"]),
        ("CREATE INDEX i ON app.t (a)", &["DROP INDEX app.i;"]),
        ("CREATE VIEW v AS SELECT 1", &["DROP VIEW v;"]),
        (
            "CREATE MATERIALIZED VIEW v AS SELECT 1",
            &["DROP MATERIALIZED VIEW v;"],
        ),
        ("CREATE SEQUENCE s START 5", &["DROP SEQUENCE s;"]),
        ("CREATE TYPE mood AS ENUM ('a', 'b')", &["DROP TYPE mood;"]),
        ("CREATE TYPE pair AS (a int, b int)", &["DROP TYPE pair;"]),
        (
            "CREATE DOMAIN d AS int CHECK (VALUE > 0)",
            &["DROP DOMAIN d;"],
        ),
        ("CREATE SCHEMA app AUTHORIZATION me", &["DROP SCHEMA app;"]),
        (
            "CREATE EXTENSION \"uuid-ossp\" WITH SCHEMA app",
            &["DROP EXTENSION \"uuid-ossp\";"],
        ),
        (
            "CREATE TRIGGER g AFTER INSERT ON app.t FOR EACH ROW EXECUTE FUNCTION f()",
            &["DROP TRIGGER g ON app.t;"],
        ),
        (
            "CREATE POLICY p ON t USING (true)",
            &["DROP POLICY p ON t;"],
        ),
        (
            "CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING",
            &["DROP RULE r ON t;"],
        ),
        ("CREATE ROLE reader NOLOGIN", &["DROP ROLE reader;"]),
        (
            "CREATE STATISTICS s ON a, b FROM t",
            &["DROP STATISTICS s;"],
        ),
        (
            "CREATE PUBLICATION p FOR ALL TABLES",
            &["DROP PUBLICATION p;"],
        ),
    ]);
}

#[test]
fn routines_are_dropped_by_the_types_of_their_arguments() {
    is_taken_back(&[
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", &["DROP FUNCTION f();"]),
        (
            "CREATE FUNCTION app.f(a int DEFAULT 1, INOUT b numeric(10, 2) = 2, OUT c text, VARIADIC d text[] DEFAULT '{}')
             LANGUAGE plpgsql AS $$ BEGIN garbage; END $$",
            &["DROP FUNCTION app.f(int, numeric(10, 2), VARIADIC text[]);"],
        ),
        ("CREATE FUNCTION f(timestamp with time zone, app.mood) RETURNS void LANGUAGE sql AS ''", &["DROP FUNCTION f(timestamp with time zone, app.mood);"]),
        ("CREATE PROCEDURE p(IN a int, INOUT b text) LANGUAGE sql AS ''", &["DROP PROCEDURE p(int, INOUT text);"]),
        ("CREATE AGGREGATE s(int) (sfunc = int4pl, stype = int)", &["DROP AGGREGATE s(int);"]),
    ]);
}

#[test]
fn an_index_built_concurrently_is_dropped_concurrently() {
    let up = "-- poststack: no-transaction\nCREATE INDEX CONCURRENTLY i ON t (a)";
    let down = derive(up);
    assert!(
        down.text.starts_with("-- poststack: no-transaction\n"),
        "{}",
        down.text
    );
    assert!(
        down.text.ends_with("\nDROP INDEX CONCURRENTLY i;\n"),
        "{}",
        down.text
    );
    let source = SourceFile::new("007_a.rollback.sql", down.text.as_str());
    assert!(!Script::parse(&source).unwrap().in_transaction());
}

#[test]
fn statements_are_taken_back_in_reverse_order() {
    is_taken_back(&[(
        "CREATE SCHEMA app; CREATE TABLE app.t (a int); ALTER TABLE u ADD a int, ADD CONSTRAINT c CHECK (a > 0)",
        &[
            "ALTER TABLE u DROP CONSTRAINT c;",
            "ALTER TABLE u DROP COLUMN a;",
            "DROP TABLE app.t;",
            "DROP SCHEMA app;",
        ],
    )]);
}

const ALTERED: &[(&str, &[&str])] = &[
    (
        "ALTER TABLE ONLY app.t ADD COLUMN \"A\" int NOT NULL DEFAULT 0",
        &["ALTER TABLE ONLY app.t DROP COLUMN \"A\";"],
    ),
    (
        "ALTER TABLE t ADD CONSTRAINT u UNIQUE (a)",
        &["ALTER TABLE t DROP CONSTRAINT u;"],
    ),
    (
        "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u NOT VALID",
        &["ALTER TABLE t DROP CONSTRAINT f;"],
    ),
    (
        "ALTER TABLE t ALTER a SET NOT NULL",
        &["ALTER TABLE t ALTER COLUMN a DROP NOT NULL;"],
    ),
    (
        "ALTER TABLE t ALTER COLUMN a DROP NOT NULL",
        &["ALTER TABLE t ALTER COLUMN a SET NOT NULL;"],
    ),
    (
        "ALTER TABLE t ALTER a ADD GENERATED ALWAYS AS IDENTITY",
        &["ALTER TABLE t ALTER COLUMN a DROP IDENTITY;"],
    ),
    (
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
        &["ALTER TABLE t DISABLE ROW LEVEL SECURITY;"],
    ),
    (
        "ALTER TABLE t NO FORCE ROW LEVEL SECURITY",
        &["ALTER TABLE t FORCE ROW LEVEL SECURITY;"],
    ),
    (
        "ALTER TABLE t DISABLE TRIGGER ALL",
        &["ALTER TABLE t ENABLE TRIGGER ALL;"],
    ),
    (
        "ALTER TABLE t ENABLE RULE r",
        &["ALTER TABLE t DISABLE RULE r;"],
    ),
    (
        "ALTER TABLE t ATTACH PARTITION p FOR VALUES IN (1)",
        &["ALTER TABLE t DETACH PARTITION p;"],
    ),
    (
        "ALTER TABLE IF EXISTS t ADD a int",
        &["ALTER TABLE IF EXISTS t DROP COLUMN a;"],
    ),
    ("ALTER TABLE t INHERIT u", &["ALTER TABLE t NO INHERIT u;"]),
    (
        "ALTER TABLE app.t SET SCHEMA other",
        &["ALTER TABLE other.t SET SCHEMA app;"],
    ),
    (
        "ALTER TYPE pair ADD ATTRIBUTE c int",
        &["ALTER TYPE pair DROP ATTRIBUTE c;"],
    ),
    (
        "ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0)",
        &["ALTER DOMAIN d DROP CONSTRAINT c;"],
    ),
    (
        "ALTER DOMAIN d SET NOT NULL",
        &["ALTER DOMAIN d DROP NOT NULL;"],
    ),
];

#[test]
fn what_alter_says_itself_is_taken_back() {
    is_taken_back(ALTERED);
}

const RENAMED: &[(&str, &[&str])] = &[
    (
        "ALTER TABLE app.old RENAME TO new",
        &["ALTER TABLE app.new RENAME TO old;"],
    ),
    (
        "ALTER TABLE IF EXISTS old RENAME TO \"New\"",
        &["ALTER TABLE IF EXISTS \"New\" RENAME TO old;"],
    ),
    (
        "ALTER TABLE t RENAME COLUMN a TO b",
        &["ALTER TABLE t RENAME COLUMN b TO a;"],
    ),
    (
        "ALTER TABLE t RENAME a TO b",
        &["ALTER TABLE t RENAME b TO a;"],
    ),
    (
        "ALTER TABLE t RENAME CONSTRAINT a TO b",
        &["ALTER TABLE t RENAME CONSTRAINT b TO a;"],
    ),
    (
        "ALTER INDEX app.i RENAME TO j",
        &["ALTER INDEX app.j RENAME TO i;"],
    ),
    ("ALTER VIEW v RENAME TO w", &["ALTER VIEW w RENAME TO v;"]),
    (
        "ALTER MATERIALIZED VIEW v RENAME TO w",
        &["ALTER MATERIALIZED VIEW w RENAME TO v;"],
    ),
    (
        "ALTER SEQUENCE s RENAME TO r",
        &["ALTER SEQUENCE r RENAME TO s;"],
    ),
    (
        "ALTER TYPE app.mood RENAME TO feeling",
        &["ALTER TYPE app.feeling RENAME TO mood;"],
    ),
    (
        "ALTER TYPE mood RENAME VALUE 'a' TO 'b'",
        &["ALTER TYPE mood RENAME VALUE 'b' TO 'a';"],
    ),
    (
        "ALTER TYPE pair RENAME ATTRIBUTE a TO b",
        &["ALTER TYPE pair RENAME ATTRIBUTE b TO a;"],
    ),
    (
        "ALTER DOMAIN d RENAME TO e",
        &["ALTER DOMAIN e RENAME TO d;"],
    ),
    (
        "ALTER SCHEMA a RENAME TO b",
        &["ALTER SCHEMA b RENAME TO a;"],
    ),
    (
        "ALTER FUNCTION app.f(int, b text) RENAME TO g",
        &["ALTER FUNCTION app.g(int, b text) RENAME TO f;"],
    ),
    (
        "ALTER TRIGGER g ON app.t RENAME TO h",
        &["ALTER TRIGGER h ON app.t RENAME TO g;"],
    ),
    (
        "ALTER POLICY p ON t RENAME TO q",
        &["ALTER POLICY q ON t RENAME TO p;"],
    ),
];

#[test]
fn a_rename_is_turned_round() {
    is_taken_back(RENAMED);
}

#[test]
fn rights_are_revoked() {
    is_taken_back(&[
        (
            "GRANT SELECT (a), UPDATE ON TABLE app.t TO reader, PUBLIC WITH GRANT OPTION",
            &["REVOKE SELECT (a), UPDATE ON TABLE app.t FROM reader, PUBLIC;"],
        ),
        ("GRANT writer TO reader", &["REVOKE writer FROM reader;"]),
        (
            "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO reader",
            &["ALTER DEFAULT PRIVILEGES IN SCHEMA app REVOKE SELECT ON TABLES FROM reader;"],
        ),
    ]);
}

#[test]
fn what_belongs_to_a_new_table_goes_with_it() {
    is_taken_back(&[
        (
            "CREATE TABLE app.t (a int); CREATE INDEX ON app.t (a); INSERT INTO app.t VALUES (1); UPDATE app.t SET a = 2;
             ALTER TABLE app.t ADD UNIQUE (a), ALTER a SET DEFAULT 3; COMMENT ON TABLE app.t IS 'x'; COMMENT ON COLUMN app.t.a IS 'y';
             GRANT SELECT ON app.t TO reader; CREATE POLICY p ON app.t USING (true); ALTER TABLE app.t ENABLE ROW LEVEL SECURITY",
            &["DROP TABLE app.t;"],
        ),
        ("CREATE TABLE t (id int); CREATE SEQUENCE s; ALTER SEQUENCE s OWNED BY t.id", &["DROP TABLE t;"]),
        ("CREATE TYPE m AS ENUM (); ALTER TYPE m ADD VALUE 'a'", &["DROP TYPE m;"]),
        ("CREATE TABLE s (a int); ALTER TABLE s RENAME TO t; INSERT INTO t VALUES (1)", &["ALTER TABLE t RENAME TO s;", "DROP TABLE s;"]),
        ("CREATE TABLE t (); DROP TABLE t", &["-- There is nothing to take back.", "SELECT 1;"]),
        ("CREATE TEMP TABLE t (); ANALYZE", &["-- There is nothing to take back.", "SELECT 1;"]),
        ("CREATE SCHEMA app; COMMENT ON SCHEMA app IS 'x'", &["DROP SCHEMA app;"]),
    ]);
    let rows = "(1), ".repeat(30_000);
    let many = format!("CREATE TABLE app.t (a int); INSERT INTO app.t (a) VALUES {rows}(1)");
    assert_eq!(lines(&many), ["DROP TABLE app.t;"]);
}

#[test]
fn a_table_that_depends_on_what_came_later_is_freed_of_it_first() {
    is_taken_back(&[
        (
            "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END';
             CREATE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION f()",
            &["DROP TRIGGER g ON t;", "DROP FUNCTION f();", "DROP TABLE t;"],
        ),
        (
            "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY REFERENCES a); ALTER TABLE a ADD CONSTRAINT k FOREIGN KEY (id) REFERENCES b",
            &["ALTER TABLE a DROP CONSTRAINT k;", "DROP TABLE b;", "DROP TABLE a;"],
        ),
        (
            "CREATE TABLE t (a int); CREATE SEQUENCE s; ALTER TABLE t ALTER a SET DEFAULT nextval('s')",
            &["ALTER TABLE t ALTER COLUMN a DROP DEFAULT;", "DROP SEQUENCE s;", "DROP TABLE t;"],
        ),
    ]);
}

#[test]
fn settings_come_before_what_they_apply_to() {
    is_taken_back(&[
        (
            "SET search_path = app; CREATE TABLE t (); CREATE TABLE u ()",
            &["SET search_path = app;", "DROP TABLE u;", "DROP TABLE t;"],
        ),
        (
            "SET LOCAL search_path TO a; CREATE TABLE t (); SET ROLE r; CREATE TABLE u ()",
            &[
                "SET LOCAL search_path TO a;",
                "SET ROLE r;",
                "DROP TABLE u;",
                "SET LOCAL search_path TO a;",
                "DROP TABLE t;",
            ],
        ),
        (
            "SELECT pg_catalog.set_config('search_path', '', false); CREATE TABLE a.t ()",
            &[
                "SELECT pg_catalog.set_config('search_path', '', false);",
                "DROP TABLE a.t;",
            ],
        ),
    ]);
}

#[test]
fn what_may_have_been_there_is_left_open() {
    is_left_open(&[
        (
            "CREATE TABLE IF NOT EXISTS t (); INSERT INTO t DEFAULT VALUES",
            &[
                "-- poststack: todo delete the rows that were inserted",
                "--   INSERT INTO t DEFAULT VALUES",
                "-- poststack: todo remove the statement if t was there before",
                "DROP TABLE IF EXISTS t;",
            ],
        ),
        (
            "CREATE TABLE t (a int); ALTER SEQUENCE s OWNED BY t.a",
            &[
                "-- poststack: todo write the column that owned the sequence before, if one did",
                "ALTER SEQUENCE s OWNED BY NONE;",
                "DROP TABLE t;",
            ],
        ),
        (
            "ALTER TABLE t ADD COLUMN IF NOT EXISTS a int",
            &[
                "-- poststack: todo remove the statement if a was there before",
                "ALTER TABLE t DROP COLUMN IF EXISTS a;",
            ],
        ),
        (
            "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a)",
            &[
                "-- poststack: todo drop NOT NULL from the columns of the key that were without; then remove this line",
                "ALTER TABLE t DROP CONSTRAINT k;",
            ],
        ),
    ]);
}

const PLACEHOLDER: &[&str] = &[
    "-- Remove this when the rest is written.",
    "DO $$ BEGIN RAISE EXCEPTION 'this rollback is not written yet'; END $$;",
];

const LEFT_OPEN: &[(&str, &str)] = &[
    ("DROP TABLE t", "make again what was dropped"),
    (
        "ALTER TABLE t DROP COLUMN a",
        "add the column a again; its values are lost",
    ),
    (
        "ALTER TABLE t DROP CONSTRAINT c",
        "add the constraint c again",
    ),
    (
        "ALTER TABLE t ALTER a TYPE text",
        "change a back to the type it had",
    ),
    (
        "ALTER TABLE t ALTER a DROP DEFAULT",
        "set the default of a again",
    ),
    (
        "ALTER TABLE t ADD CHECK (a > 0)",
        "drop the constraint; the server chose its name, `\\d` of the table shows it",
    ),
    (
        "ALTER TABLE t DETACH PARTITION p",
        "attach p again, with its bounds",
    ),
    (
        "ALTER TABLE t OWNER TO me",
        "take the change back: what was there before is not known",
    ),
    (
        "ALTER TABLE t SET SCHEMA app",
        "move t back to the schema it was in",
    ),
    (
        "ALTER TYPE mood ADD VALUE 'ok'",
        "a value of an enum cannot be dropped: make the type anew without it",
    ),
    (
        "CREATE INDEX ON t (a)",
        "drop the index; the server chose its name, `\\d` of the table shows it",
    ),
    (
        "CREATE EXTENSION a CASCADE",
        "drop a, and the extensions that came with it",
    ),
    (
        "INSERT INTO t VALUES (1)",
        "delete the rows that were inserted",
    ),
    ("UPDATE t SET a = 1", "restore the values that were changed"),
    ("DELETE FROM t", "insert the rows again that were deleted"),
    ("TRUNCATE t", "insert the rows again; they are lost"),
    (
        "REVOKE SELECT ON t FROM reader",
        "grant the rights again that were there before",
    ),
    (
        "COMMENT ON TABLE t IS 'x'",
        "write the comment that was there before, or `IS NULL`",
    ),
    (
        "DO $$ BEGIN NULL; END $$",
        "take back what the code did, or remove this line if it changed nothing",
    ),
    (
        "SELECT app.change()",
        "take back what the code did, or remove this line if it changed nothing",
    ),
    ("FROBNICATE t", "take back what the statement did"),
];

#[test]
fn what_is_not_known_is_left_open_with_the_statement() {
    for (up, todo) in LEFT_OPEN {
        let mut expected = vec![format!("-- poststack: todo {todo}"), format!("--   {up}")];
        expected.extend(PLACEHOLDER.iter().map(|line| (*line).to_owned()));
        assert_eq!(lines(up), expected, "{up}");
        assert!(!derive(up).complete, "{up}");
    }
}

#[test]
fn what_is_replaced_is_left_open_with_a_suggestion() {
    let view = "CREATE OR REPLACE VIEW v AS SELECT 1";
    let function = "CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'";
    let default = "ALTER TABLE t ALTER a SET DEFAULT 1";
    for (up, todo, suggestion) in [
        (
            view,
            "write v as it was before, or drop it if it was not there",
            "DROP VIEW v",
        ),
        (
            function,
            "write f as it was before, or drop it if it was not there",
            "DROP FUNCTION f(int)",
        ),
        (
            default,
            "set the default that a had before, or drop it",
            "ALTER TABLE t ALTER COLUMN a DROP DEFAULT",
        ),
    ] {
        let first_two = [
            format!("-- poststack: todo {todo}"),
            format!("-- {suggestion};"),
        ];
        assert_eq!(lines(up)[..2], first_two, "{up}");
        assert!(!derive(up).complete, "{up}");
    }
}

#[test]
fn a_long_statement_is_quoted_in_part() {
    let text = derive(&format!(
        "DO $$ BEGIN\n{}END $$",
        "  PERFORM 1; -- ü\n".repeat(2_000)
    ))
    .text;
    assert!(text.contains("\n--   …\n") && text.len() < 4_000, "{text}");
    let wide = derive(&format!("SELECT f('{}')", "ü".repeat(5_000))).text;
    assert!(wide.contains("\n--   …\n") && wide.len() < 5_000);
}

#[test]
fn a_name_means_what_it_means_at_its_statement() {
    let swap = "CREATE TABLE t_new (a int); ALTER TABLE t ADD COLUMN b int; INSERT INTO t_new SELECT a FROM t;
                ALTER TABLE t RENAME TO t_old; ALTER TABLE t_new RENAME TO t; INSERT INTO t VALUES (1)";
    is_taken_back(&[
        (
            swap,
            &[
                "ALTER TABLE t RENAME TO t_new;",
                "ALTER TABLE t_old RENAME TO t;",
                "ALTER TABLE t DROP COLUMN b;",
                "DROP TABLE t_new;",
            ],
        ),
        (
            "CREATE TABLE a (); ALTER TABLE a RENAME TO b; INSERT INTO b DEFAULT VALUES; DROP TABLE b",
            &["-- There is nothing to take back.", "SELECT 1;"],
        ),
    ]);
    let before = "INSERT INTO t VALUES (1); ALTER TABLE t RENAME TO u; CREATE TABLE t (a int)";
    assert!(
        lines(before).contains(&"-- poststack: todo delete the rows that were inserted".to_owned())
    );
}

#[test]
fn another_routine_of_the_same_name_is_another_one() {
    let make = "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'";
    is_taken_back(&[
        (
            &format!("{make}; COMMENT ON FUNCTION f(int) IS 'x'"),
            &["DROP FUNCTION f(int);"],
        ),
        (
            &format!("{make}; ALTER FUNCTION f(INT) OWNER TO me"),
            &["DROP FUNCTION f(int);"],
        ),
    ]);
    for other in [
        "COMMENT ON FUNCTION f(text) IS 'x'",
        "ALTER FUNCTION f(text) OWNER TO me",
        "DROP FUNCTION f(text)",
    ] {
        let down = derive(&format!("{make}; {other}"));
        assert!(
            !down.complete && down.text.contains("\nDROP FUNCTION f(int);\n"),
            "{}",
            down.text
        );
    }
}

#[test]
fn a_comment_does_not_swallow_the_end_of_a_statement() {
    is_taken_back(&[(
        "GRANT SELECT ON t TO r -- for reports\nWITH GRANT OPTION",
        &["REVOKE SELECT ON t FROM r;"],
    )]);
}

#[test]
fn a_line_end_in_a_name_or_a_statement_stays_in_its_comment() {
    for up in [
        "ALTER TABLE t DROP COLUMN \"a\nDROP TABLE u;\"",
        "ALTER TABLE t DROP COLUMN \"a\rDROP TABLE u;\"",
        "CREATE OR REPLACE FUNCTION f(a\r\nint,\rb\nint) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE OR REPLACE VIEW \"DROP TABLE\rDROP TABLE u;\" AS SELECT 1",
    ] {
        let all = lines(up);
        let own = all.iter().take(all.len() - PLACEHOLDER.len());
        assert!(
            own.clone()
                .all(|line| line.starts_with("--") && !line.contains('\r')),
            "{all:?}"
        );
    }
}

proptest::proptest! {
    #[test]
    fn a_complete_rollback_is_a_script_itself(text in r"(CREATE|ALTER|DROP|GRANT) (TABLE|INDEX|TYPE|FUNCTION) [a-z(), ;]{0,30}|.{0,40}") {
        let source = SourceFile::new("1_a.sql", text.as_str());
        if let Ok(script) = Script::parse(&source) {
            let inverse = inverse(&script);
            if inverse.complete {
                let down = SourceFile::new("1_a.rollback.sql", inverse.text.as_str());
                proptest::prop_assert!(Script::parse(&down).is_ok(), "{}", inverse.text);
            }
        }
    }
}
