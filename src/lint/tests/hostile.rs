//! Text that no check expects.

use super::*;

#[test]
fn bodies_and_strange_text_are_left_to_the_server() {
    for text in [
        "DO $x$ DECLARE r record; BEGIN FOR r IN SELECT 1 LOOP EXECUTE format('DROP TABLE %I', r); END LOOP; END $x$",
        "CREATE OR REPLACE FUNCTION f(a int DEFAULT 1, VARIADIC b text[]) RETURNS TABLE (c int) LANGUAGE plpgsql AS $$ BEGIN TRUNCATE t; RETURN QUERY SELECT 1; END $$",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE 1 WHEN 1 THEN 2 END; END",
        "COPY t (a) TO '/tmp/x' WITH (FORMAT csv)",
        "CREATE TABLE \"ü🐘\" (\"ñ\u{301}\" text DEFAULT E'\\u00e4', ｗｉｄｅ text)",
        "CREATE TABLE U&\"d\\0061t\\+000061\" (a int)",
        "SELECT '\u{202e}', \"\u{feff}\", $ü$;$ü$",
        "INSERT INTO t VALUES (1), (2) ON CONFLICT DO NOTHING",
        "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO reader",
        "COMMENT ON COLUMN t.a IS 'DROP TABLE t'",
        "SECURITY LABEL FOR x ON TABLE t IS 'y'",
        "CREATE EXTENSION IF NOT EXISTS pgcrypto CASCADE",
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (true)",
        "GRANT ALL ON t TO PUBLIC; REVOKE ALL ON t FROM PUBLIC CASCADE",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn places_are_right_behind_wide_characters_and_line_ends() {
    let text = "-- ü🐘\r\n/* ü */ SELECT 'ü';\r\n\r\nALTER TABLE \"ü\" ADD\r\n  CHECK (a > 0);";
    let found = lint(text);
    let place = found[0].place.as_ref().unwrap();
    assert_eq!(place.to_string(), "007_a.sql:5:3");
    assert_eq!(place.source.slice(place.span), "CHECK (a > 0)");
    assert!(found[0].message.contains("`ü`"), "{}", found[0].message);
}

const PIECES: &[&str] = &[
    "ALTER TABLE",
    "IF EXISTS",
    "ONLY",
    "t",
    "\"T\"",
    "app.t",
    "ADD",
    "COLUMN",
    "CONSTRAINT c",
    "CHECK",
    "(a > 0)",
    "NOT NULL",
    "DEFAULT",
    "random()",
    "'x'",
    "UNIQUE",
    "PRIMARY KEY",
    "USING INDEX i",
    "FOREIGN KEY (a)",
    "REFERENCES u",
    "NOT VALID",
    "VALIDATE",
    "DROP",
    "TABLE",
    "VIEW",
    "TYPE",
    "INDEX",
    "CONCURRENTLY",
    "CASCADE",
    "CREATE",
    "ON",
    "(",
    ")",
    ",",
    ";",
    "int",
    "serial",
    "GENERATED ALWAYS AS",
    "IDENTITY",
    "STORED",
    "SET",
    "RENAME",
    "TO",
    "TRUNCATE",
    "LOCK",
    "IN",
    "MODE",
    "UPDATE",
    "DELETE FROM",
    "WHERE a",
    "DO $$ x $$",
    "PARTITION OF",
    "ATTACH PARTITION",
    "REINDEX",
    "REFRESH MATERIALIZED VIEW",
    "ü",
    "--\n",
    "/* */",
    "=",
    "0",
    "lock_timeout",
    "ADD VALUE",
    "timestamp",
    "char(1)",
    "[]",
    "json",
];

proptest::proptest! {
    #[test]
    fn no_text_brings_lint_down_and_marks_lie_in_the_text(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 1..30),
        noise in ".{0,8}",
    ) {
        let text = format!("{} {noise}", pieces.join(" "));
        let source = SourceFile::new("1_a.sql", text.as_str());
        if let Ok(script) = Script::parse(&source) {
            for diagnostic in check(&script, &no_facts(&BTreeSet::new())) {
                let span = diagnostic.place.unwrap().span;
                proptest::prop_assert!(text.get(span.start..span.end).is_some());
            }
        }
    }
}
