mod properties;

use super::*;
use crate::config::model::ConfigVariable;
use crate::text::SourceFile;
use crate::variables::{DatabaseAddress, Layers, built_ins};
use crate::yaml;

fn variables(set: &[(&str, &str)]) -> Variables {
    let address = DatabaseAddress {
        network_host: "postgres".into(),
        network_port: 5432,
        host_host: "127.0.0.1".into(),
        host_port: 5433,
        database: "db".into(),
        user: "user".into(),
        password: "canary".into(),
    };
    let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    let layers = Layers {
        built_in: built_ins("shop", "dev", &address),
        set: set.iter().map(owned).collect(),
        ..Layers::default()
    };
    let (variables, faults) = Variables::resolve(&layers);
    assert_eq!(faults, []);
    variables
}

/// The reader is on the host below a key `host`.
fn reader(path: &[Segment]) -> Reader {
    let on_host = |segment: &Segment| matches!(segment, Segment::Key(key) if &**key == "host");
    if path.iter().any(on_host) {
        Reader::Host
    } else {
        Reader::Network
    }
}

fn one(source: &Source) -> Node {
    yaml::parse(source)
        .unwrap_or_else(|faults| panic!("{:?}: {faults:?}", source.text))
        .remove(0)
}

fn expanded(text: &str, variables: &Variables) -> Expanded {
    let source = SourceFile::new("f.yml", text);
    let scope = Scope {
        variables,
        reader: &reader,
    };
    expand(&source, &one(&source), &scope)
}

fn rewritten(text: &str, set: &[(&str, &str)]) -> String {
    let expanded = expanded(text, &variables(set));
    assert_eq!(messages(&expanded.diagnostics), [""; 0]);
    let new = expanded.text().unwrap();
    assert_eq!(
        plain_tree(&one(&SourceFile::new("f.yml", new.as_str()))),
        plain_tree(&expanded.root),
        "{new}"
    );
    new
}

fn messages(faults: &[Diagnostic]) -> Vec<String> {
    let message = |fault: &Diagnostic| {
        let place = fault.place.as_ref().map(ToString::to_string);
        format!("{}: {}", place.unwrap_or_default(), fault.message)
    };
    faults.iter().map(message).collect()
}

/// A tree without spans and styles.
#[derive(Debug, PartialEq)]
enum Tree {
    Text(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

fn plain_tree(node: &Node) -> Tree {
    match &node.value {
        Value::Scalar(scalar) => Tree::Text(scalar.text.to_string()),
        Value::Sequence(items) => Tree::List(items.iter().map(plain_tree).collect()),
        Value::Mapping(mapping) => {
            let entry = |entry: &Entry| (entry.key.to_string(), plain_tree(&entry.value));
            Tree::Map(mapping.entries.iter().map(entry).collect())
        }
    }
}

#[test]
fn values_are_expanded_and_keys_and_comments_are_not() {
    let text = "$A: 1 # $A\nx-note: ${A}\nenv:\n- $A=${A}\n- {$A: $A}\n";
    assert_eq!(
        rewritten(text, &[("A", "v")]),
        "$A: 1 # $A\nx-note: v\nenv:\n- v=v\n- {$A: v}\n"
    );
}

#[test]
fn each_mention_knows_its_place_path_reader_and_outcome() {
    let text = "services:\n  web:\n    env: ['é ${DB_HOST}', \"\\\"$A ${B:-x}\"]\n  host:\n    port: $DB_PORT ${A:+y}\n";
    let expanded = expanded(text, &variables(&[("B", "b")]));
    let uses: Vec<_> = expanded
        .uses
        .iter()
        .map(|it| {
            let text = it.place.source.slice(it.place.span);
            let place = it.place.source.location(it.place.span.start);
            format!(
                "{place} {text} {} {:?} {:?}",
                it.path, it.reader, it.outcome
            )
        })
        .collect();
    assert_eq!(
        uses,
        [
            "3:14 ${DB_HOST} services.web.env[0] Network Value",
            "3:30 $A services.web.env[1] Network Undefined",
            "3:33 ${B:-x} services.web.env[1] Network Value",
            "5:11 $DB_PORT services.host.port Host Value",
            "5:20 ${A:+y} services.host.port Host Default",
        ]
    );
    let root = &expanded.root;
    let port = root
        .get("services")
        .and_then(|it| it.get("host")?.get("port"));
    assert_eq!(&*port.unwrap().as_scalar().unwrap().text, "5433 ");
}

#[test]
fn a_mention_that_escapes_hide_stands_at_the_start_of_its_scalar() {
    let expanded = expanded("a: \"x\\x24A $B\"\n", &variables(&[("A", "1"), ("B", "2")]));
    let spans: Vec<_> = expanded.uses.iter().map(|it| it.place.span).collect();
    assert_eq!(spans, [Span::at(3), Span::at(3)]);
}

#[test]
fn every_fault_of_the_file_is_reported_once() {
    let text = "a: &x ${NOPE} ${\nb: *x\nc: ${R:?set R}${R}\nd: &y $U$U\ne: [*y, \"$HOSTT\"]\n";
    let expanded = expanded(text, &variables(&[]));
    assert_eq!(
        messages(&expanded.diagnostics),
        [
            "f.yml:1:15: `${` is not closed",
            "f.yml:3:4: Required variable `R` is missing: set R",
        ]
    );
    assert_eq!(
        messages(&expanded.undefined()),
        [
            "f.yml:3:15: Undefined variable `R`",
            "f.yml:4:7: Undefined variable `U`",
            "f.yml:4:9: Undefined variable `U`",
            "f.yml:5:10: Undefined variable `HOSTT`",
        ]
    );
}

#[test]
fn what_a_used_variable_misses_is_undefined_where_its_text_stands() {
    let config = SourceFile::new(".poststack.yml", "A: $NOPE");
    let place = Place::new(&config, Span::new(3, 8));
    let text = "$NOPE".to_owned();
    let mut layers = Layers::default();
    let variable = ConfigVariable { text, place };
    layers.variables.insert("A".into(), variable);
    let (variables, _) = Variables::resolve(&layers);
    let expanded = expanded("a: $A\nb: ${A:-x}\nc: ${A:+y}\n", &variables);
    assert_eq!(
        messages(&expanded.undefined()),
        [".poststack.yml:1:4: Undefined variable `NOPE`"]
    );
    let outcomes: Vec<_> = expanded.uses.iter().map(|it| it.outcome).collect();
    assert_eq!(
        outcomes,
        [Outcome::Undefined, Outcome::Default, Outcome::Default]
    );
}

#[test]
fn an_unquoted_text_stays_a_string_for_who_reads_the_tree() {
    let kinds = |set: &[(&str, &str)]| {
        let expanded = expanded("a: $A\n", &variables(set));
        expanded.root.get("a").unwrap().kind()
    };
    for value in ["1000", "true", "", "null", "text"] {
        assert_eq!(kinds(&[("A", value)]), "a string", "{value}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table of cases")]
fn a_number_stays_unquoted_and_what_reads_otherwise_is_quoted() {
    let unquoted = [
        "5432", "0", "-1", "0.5", "true", "false", "a b", "/x:y", "-x", "5s", "8080:80",
    ];
    let unquoted: Vec<_> = unquoted.into_iter().filter(|it| *it != "8080:80").collect();
    for value in unquoted {
        assert_eq!(
            rewritten("a: ${A}\n", &[("A", value)]),
            format!("a: {value}\n")
        );
    }
    let quoted = [
        "",
        " ",
        "null",
        "~",
        "True",
        "yes",
        "0755",
        "1.0",
        "1e3",
        "0x1f",
        "1_000",
        "22:22",
        "2024-01-01",
        ".5",
        "+1",
        "-",
        "- a",
        "a: b",
        "a #b",
        "a:",
        "[a]",
        "a, b",
        "{a}",
        "*a",
        "&a",
        "!a",
        "|",
        ">",
        "%a",
        "@a",
        "`a",
        "?",
        "? a",
        ": a",
        "#a",
        "---",
        "--- a",
        "...",
        "<<",
        "=",
        "a ",
        " a",
        "a\nb",
        "a\tb",
        "'a'",
        "12345678901234567",
    ];
    for value in quoted {
        let expected = value.replace('\n', "\\n").replace('\t', "\\t");
        let expected = format!("a: \"{expected}\"\n");
        assert_eq!(rewritten("a: ${A}\n", &[("A", value)]), expected);
    }
}

#[test]
fn a_scalar_keeps_its_style_where_it_can() {
    let cases = [
        ("a: '$A'\n", "it's", "a: 'it''s'\n"),
        ("a: '$A'\n", "x\ny", "a: \"x\\ny\"\n"),
        ("a: \"$A\"\n", "say \"x\\\"", "a: \"say \\\"x\\\\\\\"\"\n"),
        ("a: [x,$A , '$A']\n", "b,c", "a: [x,\"b,c\" , 'b,c']\n"),
        (
            "a: |  # c\n  x\n\n  $A\nb: 1\n",
            "y\nz",
            "a: |  # c\n  x\n\n  y\n  z\nb: 1\n",
        ),
        (
            "a: |-\n    $A\n  # c\nb: 1\n",
            "y\n  z",
            "a: |-\n    y\n      z\n  # c\nb: 1\n",
        ),
        (
            "a: |-\n    $A\n  # c\nb: 1\n",
            "y\n",
            "a: \"y\\n\"\n  # c\nb: 1\n",
        ),
        ("a: | # c\n  $A\n", "\ty", "a: \"\\ty\\n\" # c\n"),
        ("a: |2\n   $A\n", "y\nz", "a: |2\n   y\n  z\n"),
        ("a: |+\n  $A\n\n\nb: 1\n", "y", "a: |+\n  y\n\n\nb: 1\n"),
        ("a: |\n  $A\n\n\nb: 1\n", "y", "a: |\n  y\n\n\nb: 1\n"),
        (
            "- - >-\n   x\n   $A\n\n   z\n- 1\n",
            "y",
            "- - >-\n   x y\n\n   z\n- 1\n",
        ),
        ("a: >\n  $A\n", "x\n\ny", "a: >\n  x\n\n\n  y\n"),
        ("a: >\n  $A\n", "x\n  y", "a: \"x\\n  y\\n\"\n"),
        (
            "\"a | # b\": &x !!str |\n  $A\n",
            "y",
            "\"a | # b\": &x !!str |\n  y\n",
        ),
        (
            "a: |\r\n  $A\r\nb: 1\r\n",
            "x\ny",
            "a: |\r\n  x\r\n  y\r\nb: 1\r\n",
        ),
        ("a: one\n  $A\n  two # c\n", "x", "a: one x two # c\n"),
        (
            "a: &n $A # c\nb: *n\n",
            "x: y",
            "a: &n \"x: y\" # c\nb: *n\n",
        ),
        ("<<: {a: $A}\nb: 1\n", "x, y", "<<: {a: \"x, y\"}\nb: 1\n"),
        ("a: $$A\n", "x", "a: $A\n"),
    ];
    for (text, value, expected) in cases {
        assert_eq!(rewritten(text, &[("A", value)]), expected, "{text}");
    }
}

#[test]
fn an_aliased_scalar_with_two_texts_cannot_be_written() {
    let shared = "net: &x $DB_HOST\nhost: *x\n";
    let fault = expanded(shared, &variables(&[])).text().unwrap_err();
    assert_eq!(
        messages(&[*fault]),
        ["f.yml:1:9: Different readers of this value get different texts"]
    );
    let same = "net: &x $DB_NAME\nhost: *x\n";
    assert_eq!(rewritten(same, &[]), "net: &x db\nhost: *x\n");
}

#[test]
fn a_file_that_grows_beyond_bounds_is_refused_once() {
    let value = "x".repeat(100_000);
    let text = format!("a: [{}]\n", "$A, ".repeat(1000));
    let expanded = expanded(&text, &variables(&[("A", &value)]));
    assert_eq!(
        messages(&expanded.diagnostics),
        ["f.yml:1:673: The file comes to more than 16777216 bytes of text"]
    );
}

#[test]
fn aliases_cannot_multiply_the_work() {
    let templates = "$A".repeat(5000);
    let text = format!("a: &x {templates}\nb: [{}]\n", "*x, ".repeat(10_000));
    let expanded = expanded(&text, &variables(&[]));
    assert_eq!(expanded.undefined().len(), MAX_UNDEFINED);
    assert_eq!(
        messages(&expanded.diagnostics),
        ["f.yml:1:7: The file mentions variables more than 50000 times"]
    );
}
