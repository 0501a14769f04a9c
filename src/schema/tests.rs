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

#[test]
fn a_version_knows_what_it_has() {
    let old = queries::catalogue(12);
    for word in [
        "rngmultitypid",
        "attcompression",
        "tgparentid",
        "prattrs",
        "pubviaroot",
    ] {
        assert!(!old.contains(word), "{word}");
        assert!(queries::catalogue(18).contains(word), "{word}");
    }
}

/// A schema of objects that have these properties.
fn schema(objects: &[(ObjectId, &[(Property, &str)])]) -> Schema {
    let object = |properties: &[(Property, &str)]| Object {
        properties: properties
            .iter()
            .map(|(property, value)| (*property, (*value).to_owned()))
            .collect(),
        ..Object::default()
    };
    let objects = objects
        .iter()
        .map(|(id, properties)| (id.clone(), object(properties)));
    Schema {
        objects: objects.collect(),
        ..Schema::default()
    }
}

#[test]
fn a_fingerprint_tells_where_a_text_ends() {
    let with = |name: &str, comment: &str| {
        let id = ObjectId::new(Kind::Schema, "", name);
        fingerprint(&schema(&[(id, &[(Property::Comment, comment)])]))
    };
    assert_ne!(with("a", "b"), with("ab", ""));
    assert_eq!(with("a", "b"), with("a", "b"));
    assert_eq!(with("a", "b").0.len(), 64);
}

#[test]
fn a_long_definition_is_not_shown_in_a_difference() {
    let id = ObjectId::new(Kind::Function, "app", "f(integer)");
    let with = |definition: &str| schema(&[(id.clone(), &[(Property::Definition, definition)])]);
    let differences = compare(&with("one\nline"), &with("another"));
    let texts: Vec<String> = differences.iter().map(Difference::to_string).collect();
    assert_eq!(
        texts,
        ["function `app.f(integer)` was changed: another definition"]
    );
}

#[test]
fn labels_of_an_enum_are_added_at_their_place() {
    let id = ObjectId::new(Kind::Enum, "app", "Mood");
    let with = |labels: &str| schema(&[(id.clone(), &[(Property::Labels, labels)])]);
    let ddl = migration_ddl(&with("'b'\n'd'"), &with("'a'\n'b'\n'c'\n'd'\n'e'"));
    let sql: Vec<&str> = ddl
        .statements
        .iter()
        .map(|statement| statement.sql.as_str())
        .collect();
    assert_eq!(
        sql,
        [
            "ALTER TYPE app.\"Mood\" ADD VALUE 'a' BEFORE 'b'",
            "ALTER TYPE app.\"Mood\" ADD VALUE 'c' AFTER 'b'",
            "ALTER TYPE app.\"Mood\" ADD VALUE 'e' AFTER 'd'",
        ]
    );
    assert!(
        ddl.statements
            .iter()
            .all(|statement| statement.effect == Effect::NeedsCommit)
    );
}

#[test]
fn privileges_change_by_what_differs() {
    let id = ObjectId::new(Kind::Table, "public", "t");
    let with = |owner: &str, privileges: &str| {
        let properties = [(Property::Owner, owner), (Property::Privileges, privileges)];
        schema(&[(id.clone(), &properties)])
    };
    let from = with(
        "me",
        "GRANT SELECT TO PUBLIC\nGRANT SELECT TO a WITH GRANT OPTION",
    );
    let to = with("me", "GRANT SELECT TO PUBLIC\nREVOKE DELETE FROM OWNER");
    let (there, back) = (migration_ddl(&from, &to), migration_ddl(&to, &from));
    assert_eq!(
        there.to_string(),
        "REVOKE SELECT ON TABLE public.t FROM a;\nREVOKE DELETE ON TABLE public.t FROM me;\n"
    );
    assert_eq!(
        back.to_string(),
        "GRANT DELETE ON TABLE public.t TO me;\nGRANT SELECT ON TABLE public.t TO a WITH GRANT OPTION;\n"
    );
}

#[test]
fn owners_that_were_left_out_are_left_alone() {
    let id = ObjectId::new(Kind::Table, "public", "t");
    let from = schema(&[(id.clone(), &[(Property::Owner, "me")])]);
    assert!(migration_ddl(&from, &from.clone().without_owners()).is_empty());
}

#[test]
fn the_ddl_of_an_empty_database_is_its_header() {
    let public = ObjectId::new(Kind::Schema, "", "public");
    let plpgsql = ObjectId::new(Kind::Extension, "", "plpgsql");
    let mut empty = schema(&[(public, &[]), (plpgsql, &[(Property::Version, "1.0")])]);
    assert!(
        ddl(&empty)
            .lines()
            .all(|line| line.is_empty() || line.starts_with("SE"))
    );
    empty.not_covered.insert("foreign table f".to_owned());
    assert!(ddl(&empty).ends_with("\n-- TODO: foreign table f is not written here\n"));
}

#[test]
fn a_name_cannot_leave_a_comment() {
    let id = ObjectId::new(Kind::Table, "s", "t\r\nDROP TABLE x;");
    let of = schema(&[(id, &[(Property::Owner, "me\nDROP")])]);
    assert_eq!(
        migration_ddl(&of, &Schema::default()).to_string(),
        "-- loses data: every row of table s.\"t  DROP TABLE x;\"\nDROP TABLE s.\"t\r\nDROP TABLE x;\";\n"
    );
    let heading = "--\n-- Name: t  DROP TABLE x;; Type: TABLE; Schema: s; Owner: me DROP\n--\n";
    assert!(ddl(&of).contains(heading), "{}", ddl(&of));
}
