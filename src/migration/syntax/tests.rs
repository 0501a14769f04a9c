//! What a parser must survive, and where its nodes lie.

use super::*;
use crate::migration::sql;
use crate::text::SourceFile as File;

fn trees(text: &str) -> Vec<Option<Tree>> {
    let source = File::new("1_a.sql", text);
    let parts = sql::split(text).unwrap();
    let trees = parts.statements.iter().map(|s| Tree::parse(&source, s));
    trees.collect()
}

#[test]
fn large_and_deep_statements_exhaust_no_stack() {
    for n in [59, 300, 990, 20_000] {
        for form in [
            format!("SELECT {}1{}", "(".repeat(n), ")".repeat(n)),
            format!("SELECT {}1{}", "ARRAY[".repeat(n), "]".repeat(n)),
            format!("SELECT {}1", "NOT ".repeat(n)),
            format!("SELECT {}1", "- ".repeat(n)),
            format!("SELECT 1{}", " OR 1".repeat(n)),
            format!("SELECT 1{}", "::int".repeat(n / 2)),
            format!("SELECT a{}", ".b".repeat(n)),
            format!("SELECT {}", "CASE ".repeat(n)),
            format!("SELECT {}", "CASE WHEN ".repeat(n)),
            format!("SELECT 1{}", " UNION SELECT 1".repeat(n / 3)),
            format!("SELECT 1{}", " IS NULL".repeat(n / 2)),
            format!("SELECT * FROM a{}", " JOIN a".repeat(n)),
            format!("SELECT * FROM a{}", " CROSS JOIN a".repeat(n)),
            format!("UPDATE t SET a = {}1", "f(".repeat(n)),
            format!("DELETE FROM t WHERE {}", "EXISTS (SELECT ".repeat(n)),
            format!("DELETE FROM t WHERE a{}", " BETWEEN 1 AND ".repeat(n)),
            format!("{} DELETE FROM t", "EXPLAIN ".repeat(n)),
            format!("{} DELETE FROM t", "WITH a AS (".repeat(n)),
            format!("CREATE SCHEMA a {}", "CREATE TABLE b () ".repeat(n / 5)),
            format!("CREATE TABLE a (b int{})", " NOT NULL".repeat(n)),
            format!("CREATE RULE r AS ON SELECT TO t DO {}", "(".repeat(n)),
            format!("CREATE TABLE a (b int DEFAULT {})", "x ".repeat(n)),
            format!("SELECT {}", "a=1 AND (".repeat(59)) + &"NOT ".repeat(n.saturating_sub(300)),
            format!("INSERT INTO t VALUES {}(1)", "(1, 2), ".repeat(n)),
            format!("CREATE TABLE t ({} a int)", "a int, ".repeat(n)),
            format!("COMMENT ON TABLE a{} IS NULL", ".b".repeat(n)),
        ] {
            let seen = trees(&form);
            assert!(!seen.is_empty(), "{form}");
        }
    }
}

/// Every keyword and sign that means something to the grammar, and a few that mean nothing.
const WORDS: &str = "ADD ALL ALTER ALWAYS AND ARRAY AS ATOMIC ATTACH BEGIN BETWEEN BY CALL CASCADE \
    CASE CAST CHAR CHECK CLUSTER COLLATE COLUMN COMMENT CONCURRENTLY CONSTRAINT COPY CREATE CUBE \
    CURRENT DATABASE DECLARE DEFAULT DEFERRABLE DELETE DETACH DISABLE DISTINCT DO DOMAIN DROP EACH \
    ELSE ENABLE END ENUM EXCLUDE EXECUTE EXISTS EXTENSION EXTRACT FILTER FOR FOREIGN FROM FULL \
    FUNCTION GENERATED GRANT GROUP HAVING IDENTITY IF IMMEDIATE IN INCLUDE INDEX INHERITS INITIALLY \
    INSERT INTERVAL INTO IS JOIN JSON_TABLE KEY LANGUAGE LATERAL LEFT LIKE LIMIT LOCK MATERIALIZED \
    MERGE MODE NO NOT NULL NULLS OF OFFSET ON ONLY OPERATOR OR ORDER OUT OVER OVERLAY OWNER PARTITION \
    POLICY POSITION PRECISION PRIMARY PROCEDURE RANGE REFERENCES REFRESH REINDEX RENAME REPLACE \
    RETURNING RETURNS REVOKE ROLE ROW ROWS RULE SCHEMA SELECT SEQUENCE SET SETOF STORED SUBSTRING TABLE \
    TABLESPACE TEMP THEN TIME TIMESTAMP TO TRANSACTION TRIGGER TRIM TRUNCATE TYPE UNION UNIQUE UNLOGGED \
    UPDATE USING VACUUM VALID VALIDATE VALUE VALUES VARCHAR VARIADIC VERBOSE VIEW WHEN WHERE WINDOW WITH \
    WITHIN WITHOUT XMLELEMENT XMLTABLE ZONE a \"b\" public.t int text 1 1.5 1e 0x1 0b $1 $$x$$ 'it' E'\\n' \
    U&'d' U&\"d\" B'1' X'f' :: := => .. . , ( ) [ ] { } * + - / < > = != <> ~ ! @ # % ^ & | ? : ` \\ ü 🐘 \u{feff}";

proptest::proptest! {
    #[test]
    fn no_text_brings_the_parser_down(
        picks in proptest::collection::vec(proptest::sample::select(WORDS.split_whitespace().collect::<Vec<_>>()), 1..24),
        noise in ".{0,12}",
    ) {
        let soup = picks.join(" ");
        for text in [soup.clone(), format!("{soup}{noise}"), format!("CREATE {soup}"), format!("ALTER TABLE t {soup}")] {
            let source = File::new("1_a.sql", text.as_str());
            let statement = Statement { span: Span::new(0, text.len()), words: Vec::new() };
            if let Some(tree) = Tree::parse(&source, &statement) {
                let span = tree.span(&tree.statement);
                proptest::prop_assert!(text.get(span.start..span.end).is_some());
            }
        }
    }
}
