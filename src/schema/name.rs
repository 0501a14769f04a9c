//! Names as `pg_dump` writes them: quoted only where they have to be.

use crate::postgres::quote;

/// Words that are no plain names in some version up to 18, in order.
/// See <https://www.postgresql.org/docs/current/sql-keywords-appendix.html>.
const KEYWORDS: &str = "all analyse analyze and any array as asc asymmetric authorization between \
bigint binary bit boolean both case cast char character check coalesce collate collation column \
concurrently constraint create cross current_catalog current_date current_role current_schema \
current_time current_timestamp current_user dec decimal default deferrable desc distinct do else \
end except exists extract false fetch float for foreign freeze from full grant greatest group \
grouping having ilike in initially inner inout int integer intersect interval into is isnull join \
json json_array json_arrayagg json_exists json_object json_objectagg json_query json_scalar \
json_serialize json_table json_value lateral leading least left like limit localtime \
localtimestamp merge_action national natural nchar none normalize not notnull null nullif numeric \
offset on only or order out outer overlaps overlay placing position precision primary real \
references returning right row select session_user setof similar smallint some substring symmetric \
system_user table tablesample then time timestamp to trailing treat trim true union unique user \
using values varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement \
xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable";

/// `name` as an SQL identifier.
#[must_use]
pub fn identifier(name: &str) -> String {
    let is_start = |c: char| c.is_ascii_lowercase() || c == '_';
    let is_plain = name.starts_with(is_start)
        && name.chars().all(|c| is_start(c) || c.is_ascii_digit())
        && !KEYWORDS.split(' ').any(|keyword| keyword == name);
    if is_plain {
        name.to_owned()
    } else {
        quote::identifier(name)
    }
}

/// The names in `qualified`, without their quotes: `a`, `b.c` of `a."b.c"`.
pub(super) fn split(qualified: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut is_quoted = false;
    let mut characters = qualified.chars().peekable();
    while let Some(character) = characters.next() {
        let Some(current) = names.last_mut() else {
            break;
        };
        match character {
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                current.push('"');
                characters.next();
            }
            '"' => is_quoted = !is_quoted,
            '.' if !is_quoted => names.push(String::new()),
            other => current.push(other),
        }
    }
    names
}
