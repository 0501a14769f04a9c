//! Splitting SQL.

use super::super::sql;

fn statements(text: &str) -> Vec<&str> {
    let parts = sql::split(text).unwrap();
    let spans = parts.statements.iter().map(|statement| statement.span);
    spans
        .map(|span| text.get(span.start..span.end).unwrap())
        .collect()
}

#[test]
fn semicolons_in_quotes_and_comments_end_nothing() {
    let text = r#"
        SELECT ';', ''';', E'\';', U&';', ";"";" -- ; '
        /* ; /* nested ' */ ; */ , $$;'$$, $tag$ $$; $tag$, a$1;
        ; ;; -- nothing here
        SELECT 2"#;
    let found = statements(text);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert_eq!(found[1], "SELECT 2");
    assert!(found[0].ends_with("a$1"), "{}", found[0]);
}

#[test]
fn semicolons_in_rules_and_sql_bodies_end_nothing() {
    let rule = "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; DELETE FROM b)";
    let body = "CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql\n\
                BEGIN ATOMIC SELECT 1; SELECT CASE a WHEN 1 THEN 2 END; END";
    assert_eq!(
        statements(&format!("{rule};{body};SELECT 1")),
        [rule, body, "SELECT 1"]
    );
}

#[test]
fn a_backslash_escapes_only_in_an_escape_string() {
    assert_eq!(
        statements(r"SELECT 'a\'; SELECT e'\';'"),
        [r"SELECT 'a\'", r"SELECT e'\';'"]
    );
    assert_eq!(statements(r"SELECT type'\'; SELECT 2").len(), 2);
}

#[test]
fn an_escape_string_keeps_its_escapes_behind_a_doubled_quote_and_on_another_line() {
    let hidden = r"INSERT INTO t VALUES (E'a''b\''); COMMIT; INSERT INTO t VALUES (E'c''d\'')";
    assert_eq!(statements(hidden).len(), 3);
    let one = r"SELECT E'don''t say \'hi; there'";
    assert_eq!(statements(one), [one]);
    let lines = "SELECT E'a' -- 'x\n\t-- y\n 'b\\'; c'; SELECT 2";
    assert_eq!(statements(lines).len(), 2);
    // Side by side on one line the second is a string of its own.
    assert_eq!(statements(r"SELECT E'a' 'b\'; SELECT 2").len(), 2);
}

#[test]
fn what_is_no_space_to_the_server_is_part_of_a_name() {
    let hidden = "SELECT 1 AS \u{a0}$$; COMMIT; SELECT 2 AS \u{a0}$$";
    assert_eq!(statements(hidden).len(), 3);
}

proptest::proptest! {
    #[test]
    fn statements_lie_in_the_text_in_order(text in r"[a-zE'$;/*\\ (){}\n-]{0,60}|.{0,40}") {
        let mut end = 0;
        for statement in sql::split(&text).unwrap_or_default().statements {
            proptest::prop_assert!(statement.span.start >= end);
            end = statement.span.end;
            proptest::prop_assert!(text.get(statement.span.start..end).is_some());
        }
    }
}

#[test]
fn a_statement_of_somebody_else_is_shown_without_its_values() {
    for (sql, shown) in [
        (
            "SELECT  pg_sleep(3.5),\n  a1 -- secret",
            "SELECT pg_sleep(….…), a1",
        ),
        (
            "ALTER ROLE \"R\" PASSWORD 'x''y'",
            "ALTER ROLE \"R\" PASSWORD …",
        ),
        ("DO $$ secret $$; x = $1", "DO …; x = $…"),
        (
            "INSERT INTO t VALUES (E'a\\'secret', 0x1f, /* secret */ U&'b')",
            "INSERT INTO t VALUES (…, …, U&…)",
        ),
        ("UPDATE t SET a = 'cut off secr", "UPDATE t SET a = …"),
        ("UPDATE t SET a = '\\' secret', b = 1", "UPDATE t SET a = …"),
    ] {
        assert_eq!(sql::without_values(sql), shown);
    }
}
