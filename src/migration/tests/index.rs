//! Which index a statement builds.

use super::super::index::{NewIndex, new_index};

fn built(statement: &str) -> Option<(Option<String>, String)> {
    new_index(statement).map(|NewIndex { name, table }| (name, table))
}

#[test]
fn the_names_are_read_as_they_are_written() {
    let some = |name: &str, table: &str| Some((Some(name.to_owned()), table.to_owned()));
    assert_eq!(
        built("CREATE INDEX CONCURRENTLY i ON t (a)"),
        some("i", "t")
    );
    assert_eq!(
        built(
            "create unique index /* x */ concurrently if not exists \"I j\" on only s . \"T\" using btree (a)"
        ),
        some("\"I j\"", "s.\"T\"")
    );
    assert_eq!(
        built("CREATE INDEX CONCURRENTLY ON t (a)"),
        Some((None, "t".to_owned()))
    );
}

#[test]
fn other_statements_build_no_index_beside_others() {
    for sql in [
        "CREATE INDEX i ON t (a)",
        "DROP INDEX CONCURRENTLY i",
        "CREATE TABLE concurrently (a int)",
        "",
    ] {
        assert_eq!(built(sql), None, "{sql}");
    }
}
