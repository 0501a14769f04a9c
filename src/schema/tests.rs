//! The parts of the module that need no server.

use super::*;

#[test]
fn a_name_is_quoted_only_where_it_has_to_be() {
    assert_eq!(name::identifier("orders_2"), "orders_2");
    assert_eq!(name::identifier("Orders"), "\"Orders\"");
    assert_eq!(name::identifier("user"), "\"user\"");
    assert_eq!(name::identifier("2nd"), "\"2nd\"");
    assert_eq!(name::identifier("é"), "\"é\"");
    assert_eq!(name::identifier(""), "\"\"");
}

#[test]
fn a_qualified_name_is_taken_apart_and_loses_its_quotes() {
    assert_eq!(name::split(r#"a."b.c".d"#), ["a", "b.c", "d"]);
    assert_eq!(name::split(r#""say ""hi""""#), [r#"say "hi""#]);
}

#[test]
fn a_query_keeps_the_lines_of_its_version() {
    let query = "a\nb -- since 14\nc -- until 13\nd -- since the start\n";
    assert_eq!(
        queries::for_version(query, 13),
        "a\nc -- until 13\nd -- since the start\n"
    );
    assert_eq!(
        queries::for_version(query, 14),
        "a\nb -- since 14\nd -- since the start\n"
    );
}
