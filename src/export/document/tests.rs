use proptest::prelude::*;

use super::*;
use crate::text::SourceFile;
use crate::yaml;

/// The only value of the only key, as our own reader finds it.
fn read_back(text: &str) -> String {
    let written = Node::from(Map::new().with("key", text)).render();
    let documents = yaml::parse(&SourceFile::new("x.yml", written.clone())).unwrap();
    let value = documents[0].get("key").unwrap();
    assert_eq!(value.kind(), "a string", "{written}");
    value.as_scalar().unwrap().text.to_string()
}

#[test]
fn text_that_looks_like_something_else_is_quoted() {
    for text in [
        "yes", "On", "012", "1:30", "~", "", "null", "1e3", "- x", "a: b", "a #b", "*x",
    ] {
        let written = Node::from(text).render();
        assert_eq!(written, format!("\"{text}\"\n"));
    }
}

#[test]
fn several_lines_are_a_literal_block() {
    let node = Node::from(Map::new().with("sql", "SELECT 1;\n\n  SELECT 2;\n"));
    insta::assert_snapshot!(node.render(), @r"
    sql: |
      SELECT 1;

        SELECT 2;
    ");
}

#[test]
fn lists_and_mappings_nest() {
    let inner = Map::new().with("name", "web").with("ports", vec![80_u16]);
    let node = Node::from(Map::new().with("list", vec![Node::from(inner), Node::from(true)]));
    insta::assert_snapshot!(node.render(), @r"
    list:
      - name: web
        ports:
          - 80
      - true
    ");
}

proptest! {
    #[test]
    fn any_text_comes_back_as_it_was(text in "\\PC*|[ \\n\\t'\"$#:a-]{0,12}") {
        prop_assert_eq!(read_back(&text), text);
    }
}
