use super::*;
use crate::text::SourceFile;

fn faults(text: &str) -> Vec<String> {
    match parse(&SourceFile::new("f.yml", text)) {
        Ok(_) => Vec::new(),
        Err(faults) => faults
            .into_iter()
            .map(|fault| {
                let place = fault.place.map(|place| place.to_string());
                format!("{}: {}", place.unwrap_or_default(), fault.message)
            })
            .collect(),
    }
}

fn one(text: &str) -> Node {
    parse(&SourceFile::new("f.yml", text)).unwrap().remove(0)
}

#[test]
fn a_scalar_keeps_its_text_style_and_bytes() {
    let source = SourceFile::new("f.yml", "a: 0755\nb: 'x y' # c\nc: \"é\\n\"\n");
    let root = parse(&source).unwrap().remove(0);
    let slices: Vec<_> = ["a", "b", "c"]
        .map(|key| source.slice(root.get(key).unwrap().span))
        .into();
    assert_eq!(slices, ["0755", "'x y'", "\"é\\n\""]);
    assert_eq!(&*root.get("c").unwrap().as_scalar().unwrap().text, "é\n");
}

#[test]
fn every_duplicate_key_is_reported_where_it_stands() {
    assert_eq!(
        faults("a: 1\nb: {c: 1, c: 2}\na: 2\n"),
        [
            "f.yml:2:11: Duplicate key `c`",
            "f.yml:3:1: Duplicate key `a`"
        ]
    );
}

#[test]
fn merge_keys_lose_against_own_keys_and_later_merges() {
    let root = one("x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {<<: [*x, *y], a: 0}\n");
    let z = root.get("z").unwrap();
    let text = |key| z.get(key).unwrap().as_scalar().unwrap().text.to_string();
    assert_eq!([text("a"), text("b"), text("c")], ["0", "1", "2"]);
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut text = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for n in 1..10 {
        let alias = format!("*a{}", n - 1);
        text += &format!("a{n}: &a{n} [{}]\n", vec![alias; 10].join(","));
    }
    let found = faults(&text);
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("stands for more than"), "{found:?}");
}

#[test]
fn deep_nesting_is_refused() {
    let brackets = faults(&"[".repeat(10_000));
    assert_eq!(
        brackets,
        ["f.yml:1:101: The file is nested deeper than 100 levels"]
    );
    assert_eq!(faults(&"- ".repeat(10_000)).len(), 1);
}

#[test]
fn anchors_around_anchors_are_refused_as_an_alias_bomb_is() {
    let text = (0..50).map(|n| format!("&a{n} [")).collect::<String>()
        + &"x,".repeat(10_000)
        + &"]".repeat(50);
    let found = faults(&text);
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("stands for more than"), "{found:?}");
}

#[test]
fn reading_goes_on_after_a_duplicate_key() {
    let (documents, faults) = read(&SourceFile::new("f.yml", "a: 1\na: 2\nb: 3\n"));
    assert_eq!(faults.len(), 1);
    let text = |key| &*documents[0].get(key).unwrap().as_scalar().unwrap().text;
    assert_eq!([text("a"), text("b")], ["1", "3"]);
}

#[test]
fn an_unknown_alias_is_named_and_reading_goes_on() {
    let (documents, faults) = read(&SourceFile::new("f.yml", "a: *x\nb: {<<: *y}\nc: 3\n"));
    let messages: Vec<_> = faults.iter().map(|it| it.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "There is no anchor `x` before this alias",
            "There is no anchor `y` before this alias"
        ]
    );
    assert!(documents[0].get("c").is_some());
}

#[test]
fn a_syntax_error_says_what_is_wrong() {
    assert_eq!(
        faults("a: [1, 2\nb: 3\n"),
        ["f.yml:1:4: Invalid YAML: this `[` is never closed"]
    );
}
