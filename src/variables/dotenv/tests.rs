use super::*;
use crate::text::SourceFile;

fn shell(name: &str) -> Option<String> {
    let value = match name {
        "SHELL_VAR" => "from shell",
        "EMPTY" => "",
        _ => return None,
    };
    Some(value.to_owned())
}

fn read(text: &str) -> (Vec<(String, Option<String>)>, Vec<String>) {
    let source = SourceFile::new("f.env", text);
    let (entries, diagnostics) = parse(&source, &shell);
    let entries = entries
        .into_iter()
        .map(|entry| (entry.key, entry.value))
        .collect();
    let diagnostics = diagnostics
        .into_iter()
        .map(|fault| format!("{}: {}", fault.place.unwrap(), fault.message))
        .collect();
    (entries, diagnostics)
}

/// The one value of a file without faults.
fn value(text: &str) -> String {
    let (mut entries, diagnostics) = read(text);
    assert_eq!(diagnostics, [""; 0], "{text:?}");
    assert_eq!(entries.len(), 1, "{text:?}: {entries:?}");
    entries.remove(0).1.unwrap()
}

fn faults(text: &str) -> Vec<String> {
    read(text).1
}

#[test]
fn every_way_to_write_a_value_is_read() {
    let cases = [
        ("A=b", "b"),
        ("A: b", "b"),
        ("export A=b", "b"),
        ("  A = b  ", "b"),
        ("A=", ""),
        ("A=\n", ""),
        ("A= # nothing", ""),
        ("A=b # comment", "b"),
        ("A=v#x", "v#x"),
        ("A=#x", "#x"),
        ("A=a\"b\"c", "a\"b\"c"),
        ("A=a=b:c", "a=b:c"),
        ("A=\"b\" # comment", "b"),
        ("A=\"b # c\"", "b # c"),
        ("A='b'#comment", "b"),
        ("A=\"x\\ny\\tz\\\"q\\\\\"", "x\ny\tz\"q\\"),
        ("A=\"one\ntwo\"", "one\ntwo"),
        ("A='one\ntwo'", "one\ntwo"),
        ("A='a\\nb$X'", "a\\nb$X"),
        ("A='it\\'s'", "it's"),
        ("A=${SHELL_VAR}", "from shell"),
        ("A=\"${SHELL_VAR}\"", "from shell"),
        ("A='${SHELL_VAR}'", "${SHELL_VAR}"),
        ("A=\\$SHELL_VAR", "\\from shell"),
        ("A=$$x", "$x"),
        ("A=\"\\$x\"", "$x"),
        ("A=${X:-d}", "d"),
        ("A=1\r\n", "1"),
        ("A=\"x\r\ny\"\r\n", "x\ny"),
        ("\u{feff}A=1", "1"),
        ("# A=2\n\n  # B=3\nA=1\n#", "1"),
        ("A=é", "é"),
    ];
    for (text, expected) in cases {
        assert_eq!(value(text), expected, "{text:?}");
    }
}

#[test]
fn a_bare_key_is_inherited_or_has_no_value() {
    let (entries, faults) = read("SHELL_VAR\nexport UNKNOWN\nEMPTY");
    let expected = [
        ("SHELL_VAR".to_owned(), Some("from shell".to_owned())),
        ("UNKNOWN".to_owned(), None),
        ("EMPTY".to_owned(), Some(String::new())),
    ];
    assert_eq!(entries, expected);
    assert_eq!(faults, [""; 0]);
}

#[test]
fn a_value_refers_to_earlier_entries_and_a_key_to_its_own_earlier_value() {
    let (entries, faults) = read("A=1\nB=${A}2\nA=${B}3\nSHELL_VAR=own\nC=$SHELL_VAR");
    let values: Vec<_> = entries.into_iter().filter_map(|(_, value)| value).collect();
    assert_eq!(values, ["1", "12", "123", "own", "from shell"]);
    assert_eq!(faults, [""; 0]);
}

#[test]
fn keys_may_have_dots_dashes_brackets_and_digits_first() {
    let (entries, faults) = read("a.b-c[0]=1\n2x=2");
    let keys: Vec<_> = entries.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["a.b-c[0]", "2x"]);
    assert_eq!(faults, [""; 0]);
}

#[test]
fn every_fault_is_reported_with_its_line_and_the_rest_is_read() {
    let (entries, faults) =
        read("A B=1\nC%=2\n=3\nD=${1}\nE=${X:?no X}\nF=$NOPE\nG=\"b\"c\nH=\"never\nI=9\n");
    assert_eq!(
        faults,
        [
            "f.env:1:1: `A B` is not a name: it has a space",
            "f.env:2:1: `C%` is not a name: it has `%`",
            "f.env:3:1: A name is missing before `=`",
            "f.env:4:3: `${1}` is not a variable expression",
            "f.env:7:6: There is text right after a quoted value",
            "f.env:8:3: A quoted value has no end",
            "f.env:5:3: Required variable `X` is missing: no X",
            "f.env:6:3: Undefined variable `NOPE` becomes empty",
        ]
    );
    let last = entries.last().unwrap();
    assert_eq!(last, &("I".to_owned(), Some("9".to_owned())));
}

#[test]
fn a_faulty_key_takes_its_many_lines_of_value_with_it() {
    assert_eq!(
        faults("A B=\"one\ntwo three\"\nC=1"),
        ["f.env:1:1: `A B` is not a name: it has a space"]
    );
}

#[test]
fn exported_names_may_start_with_export() {
    let (entries, _) = read("exported=1\nexport = 2\nexport\texport=3");
    let keys: Vec<_> = entries.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["exported", "export", "export"]);
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in "[A ='\"$#\\\\{}:\n\ré]{0,60}") {
        let source = SourceFile::new("f.env", text);
        let (entries, _) = parse(&source, &shell);
        for entry in entries {
            proptest::prop_assert_eq!(source.slice(entry.place.span), entry.key);
        }
    }
}
