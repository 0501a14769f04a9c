use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::variables::evaluate::{MAX_TEXT_BYTES, Outcome};
use crate::variables::value::Value;

fn lookup(name: &str) -> Option<String> {
    let value = match name {
        "A" => "a",
        "B" => "b",
        "E" => "",
        "N" => "5",
        "lower" => "lo",
        "U_1" => "u1",
        "DOL" => "$B",
        _ => return None,
    };
    Some(value.to_owned())
}

/// What a template comes to, as the reference notes it: the text, `W(…)` for the undefined ones,
/// `REQ(…)` for required ones, `INV` for a bad template.
fn outcome(text: &str) -> String {
    let Ok(template) = Template::parse(text) else {
        return "INV".to_owned();
    };
    let mut values = |name: &str| lookup(name).map(|text| Arc::new(Value::plain(text)));
    let result = template.evaluate(&mut values, MAX_TEXT_BYTES);
    let mut outcome = result.text;
    for mention in &result.mentions {
        match mention.outcome {
            Outcome::Required if mention.message.is_empty() => {
                return format!("REQ({})", mention.name);
            }
            Outcome::Required => return format!("REQ({}: {})", mention.name, mention.message),
            Outcome::Undefined => outcome += &format!(" W({})", mention.name),
            Outcome::Value | Outcome::Default => {}
        }
    }
    outcome
}

/// Every row of the reference; where Compose has a bug, the right result.
const TABLE: &[(&[&str], &str)] = &[
    (&["$A", "${A}"], "a"),
    (&["$A$B", "${A}${B}"], "ab"),
    (&["x${A}y"], "xay"),
    (&["$Ax"], " W(Ax)"),
    (&["${A}x"], "ax"),
    (&["$U_1"], "u1"),
    (&["${lower:-x}"], "lo"),
    (&["${LOWER:-x}", "${a:-x}"], "x"),
    (&["$M", "${M}"], " W(M)"),
    (&["${E}"], ""),
    (&["${A:-d}", "${A-d}"], "a"),
    (&["${E:-d}"], "d"),
    (&["${E-d}"], ""),
    (&["${M:-d}", "${M-d}"], "d"),
    (&["${M:-}", "${M-}"], ""),
    (&["${A:+alt}", "${A+alt}"], "alt"),
    (&["${E:+alt}"], ""),
    (&["${E+alt}"], "alt"),
    (&["${M:+alt}", "${M+alt}"], ""),
    (&["${A:?m}", "${A?m}"], "a"),
    (&["${E:?m}"], "REQ(E: m)"),
    (&["${E?m}"], ""),
    (&["${M:?m}", "${M?m}"], "REQ(M: m)"),
    (&["${M:?}", "${M?}"], "REQ(M)"),
    (&["${M:?need ${A}}"], "REQ(M: need a)"),
    (&["${M:?need $$5}"], "REQ(M: need $5)"),
    (&["${M?:-x}"], "REQ(M: :-x)"),
    (&["${M:?a: b - c}"], "REQ(M: a: b - c)"),
    (&["${M:-${B}}"], "b"),
    (&["${M:-${X:-deep}}"], "deep"),
    (&["${M:-${X-${Y:-z}}}"], "z"),
    (&["${M:-${A}-${B}}"], "a-b"),
    (&["${M:-x${A}y}tail"], "xaytail"),
    (&["${M:-$A}"], "a"),
    (&["${M:-$X}"], " W(X)"),
    (&["${M:-${X:?in}}"], "REQ(X: in)"),
    (&["${A:-${X:?in}}"], "a"),
    (&["${E:+${X:?in}}"], ""),
    (&["${A:+${B}}"], "b"),
    (&["${M:-${A:+${B}}}"], "b"),
    (&["${E:-${E-x}}"], ""),
    (&["${E-${A}}"], ""),
    (&["${M:-a}${N:-b}"], "a5"),
    (&["${A-d}${M-e}${E-f}"], "ae"),
    (&["${M:-a}/${B}/$A"], "a/b/a"),
    (&["${A:?x}${M:?y}"], "REQ(M: y)"),
    (&["${A:-a:-b}"], "a"),
    (&["${M:-a:-b}", "${M-a:-b}"], "a:-b"),
    (&["${M-:?x}"], ":?x"),
    (&["${M:--}", "${M--}", "${A+-}"], "-"),
    (&["${M:-a?b}"], "a?b"),
    (&["${M:-a+b}"], "a+b"),
    (&["${M:+a-b}"], ""),
    (&["${A:+a-b}"], "a-b"),
    (&["${M:-http://h:80/p?q=1}"], "http://h:80/p?q=1"),
    (&["u:${M:-p@ss:w/rd}@h"], "u:p@ss:w/rd@h"),
    (&["${M:-{}}"], "{}"),
    (&["${M:-{\"k\":1}} and ${A}"], "{\"k\":1} and a"),
    (&["${M:-{}} and ${A}"], "{} and a"),
    (&["${A:-{{x}}}"], "a"),
    (&["${M:-{{.x}}}"], "{{.x}}"),
    (&["${M:-a}b}"], "ab}"),
    (&["${A}}"], "a}"),
    (&["{{${A}}}"], "{{a}}"),
    (&["{{.Name}}-$A"], "{{.Name}}-a"),
    (&["${M:-\"q\"}"], "\"q\""),
    (&["${M:-'q'}"], "'q'"),
    (&["${M:- lead}"], " lead"),
    (&["${A:-x }"], "a"),
    (&["${M:-tab\tx}"], "tab\tx"),
    (&["$$A"], "$A"),
    (&["$${A}"], "${A}"),
    (&["$$$A"], "$a"),
    (&["$$$$"], "$$"),
    (&["${M:-$$A}"], "$A"),
    (&["${M:-$${A}}"], "${A}"),
    (&["${M:-$$}", "${M:-$}"], "$"),
    (&["${A}$${B}"], "a${B}"),
    (&["$A[0]"], "a[0]"),
    (&["\\$A", "\\${A}"], "\\a"),
    (&["$2y$10$abc"], "$2y$10 W(abc)"),
    (&["$DOL", "${M:-${DOL}}"], "$B"),
    (&["${É}"], "INV"),
    (&["${}", "${ }", "${1}"], "INV"),
    (&["${A", "${A-", "${M:-${A}"], "INV"),
    (&["${A B}", "${A }", "${ A }"], "INV"),
    (&["${A.b}", "${A[0]}"], "INV"),
    (&["${A:}", "${A:x}", "${A:0:1}"], "INV"),
    (&["${A:=d}", "${M=d}"], "INV"),
    (&["${A##x}", "${A%x}", "${A/x/y}"], "INV"),
    (&["${#A}", "${!A}", "${A^^}", "${A!}"], "INV"),
    (&["${M:-${1}}"], "INV"),
    (&["${A:-x}${"], "INV"),
    (&["${M:-l1\nl2}"], "INV"),
    (&["a ${A}\nb ${B}"], "a a\nb b"),
    (&["${M:-x}\nsecond ${A}"], "x\nsecond a"),
    (&["$${"], "${"),
    (&["$A-$B"], "a-b"),
    (&["$A.$B"], "a.b"),
    (&["$A:$B"], "a:b"),
    (&["$A/$B"], "a/b"),
    (&["$_"], " W(_)"),
    (&["${A_}"], " W(A_)"),
    (&["$<A>", "${M:-$<A>}"], "a"),
    (&["$<M>"], " W(M)"),
];

const UNCHANGED: &[&str] = &[
    "$",
    "a$",
    "$ A",
    "$1",
    "cost: $5.00",
    "$(cmd)",
    "$[A]",
    "$}",
    "%{A}",
    "$É",
    "^[a-z]$",
    "s:$:x:",
    "$<",
    "$<A",
    "$<1>",
    "$< A>",
    "$<A B>",
    "",
    "é",
];

#[test]
fn every_row_of_the_reference_holds() {
    for (templates, expected) in TABLE {
        for template in *templates {
            assert_eq!(outcome(template), *expected, "{template}");
        }
    }
    for template in UNCHANGED {
        assert_eq!(outcome(template), *template);
    }
}

fn error(text: &str) -> TemplateError {
    Template::parse(text).unwrap_err()
}

#[test]
fn an_error_marks_the_bad_expression_and_says_how_to_write_it() {
    let error = error("é ${A} ${B=c} $C");
    assert_eq!("é ${A} ${B=c} $C".get(error.range), Some("${B=c}"));
    assert_eq!(error.message, "`${B=c}` is not a variable expression");
    assert_eq!(
        error.help,
        "a default is written `${B:-value}`; a literal `$` is written `$$`"
    );
}

#[test]
fn an_error_in_a_default_marks_the_inner_expression() {
    let text = "${A:-x ${1} y}";
    assert_eq!(text.get(error(text).range), Some("${1}"));
}

#[test]
fn an_unclosed_expression_is_marked_up_to_the_end_of_its_line() {
    let text = "${A\nmore}";
    let error = error(text);
    assert_eq!(text.get(error.range), Some("${A"));
    assert_eq!(error.message, "`${A` is not closed");
}

#[test]
fn hostile_nesting_is_refused() {
    let text = "${A:-".repeat(100_000);
    assert!(error(&text).message.contains("nest deeper than 64"));
    let fits = format!(
        "{}x{}",
        "${M:-".repeat(MAX_NESTING),
        "}".repeat(MAX_NESTING)
    );
    assert_eq!(outcome(&fits), "x");
}

#[test]
fn hostile_numbers_of_expressions_are_refused() {
    let text = "$A".repeat(MAX_EXPRESSIONS + 1);
    assert_eq!(
        error(&text).message,
        "There are more than 10000 expressions"
    );
}

#[test]
fn an_expression_knows_its_bytes() {
    let text = "é$A ${B:-$<C>}";
    let mut found = Vec::new();
    fn ranges(template: &Template, found: &mut Vec<Range<usize>>) {
        for piece in &template.pieces {
            if let Piece::Expression(expression) = piece {
                found.push(expression.range.clone());
                if let Some(operation) = &expression.operation {
                    ranges(&operation.rest, found);
                }
            }
        }
    }
    ranges(&Template::parse(text).unwrap(), &mut found);
    let slices: Vec<_> = found
        .into_iter()
        .map(|range| text.get(range).unwrap())
        .collect();
    assert_eq!(slices, ["$A", "${B:-$<C>}", "$<C>"]);
}

proptest! {
    #[test]
    fn parsing_never_panics_and_marks_bytes_of_the_text(text in "[$${}<>AB:?+=\\-\n é]{0,40}") {
        if let Err(error) = Template::parse(&text) {
            let written = text.get(error.range).unwrap();
            prop_assert_eq!(written.get(..2), Some("${"));
        }
    }

    #[test]
    fn a_text_with_its_dollars_doubled_stands_for_itself(text in any::<String>()) {
        prop_assert_eq!(outcome(&text.replace('$', "$$")), text);
    }

    #[test]
    fn a_text_without_a_dollar_stands_for_itself(text in "[^$]*") {
        prop_assert_eq!(outcome(&text), text);
    }
}
