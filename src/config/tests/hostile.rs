//! Files made to hurt: each is refused quickly and with words.

use super::*;
use proptest::prelude::*;
use std::fs;
use std::time::{Duration, Instant};

/// Ten times what a release build may take; this one is not optimized and shares its machine.
const LIMIT: Duration = Duration::from_secs(2);

/// What `load` says about a file of these bytes.
fn refused(bytes: &[u8]) -> Vec<Diagnostic> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".poststack.yml");
    fs::write(&path, bytes).unwrap();
    refused_at(&path)
}

fn refused_at(path: &Path) -> Vec<Diagnostic> {
    let start = Instant::now();
    let faults = load(path, Path::new("f.yml")).unwrap_err();
    let took = start.elapsed();
    assert!(took < LIMIT, "took {took:?}: {:?}", faults.first());
    assert!(any_error(&faults));
    assert!(faults.len() <= MAX_DIAGNOSTICS + 1);
    let longest = faults
        .iter()
        .map(|it| it.message.len() + it.help.as_ref().map_or(0, String::len))
        .max();
    assert!(
        longest < Some(1000),
        "a message must be short enough to read"
    );
    faults
}

/// The message of the one error.
fn message(faults: &[Diagnostic]) -> &str {
    let errors: Vec<_> = faults.iter().filter(|it| it.is_error()).collect();
    assert_eq!(errors.len(), 1, "{}", shown(faults));
    &errors[0].message
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut text = String::from("environments:\n  a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for n in 1..12 {
        let aliases = vec![format!("*a{}", n - 1); 10].join(",");
        text += &format!("  a{n}: &a{n} [{aliases}]\n");
    }
    let faults = refused(text.as_bytes());
    assert!(
        message(&faults).contains("stands for more than"),
        "{}",
        shown(&faults)
    );
}

#[test]
fn deep_nesting_is_refused() {
    for opening in ["[", "{a: ", "- ", "? "] {
        let text = format!("environments: {}", opening.repeat(10_000));
        assert_eq!(refused(text.as_bytes()).len(), 1, "{opening}");
    }
    let lines: String = (0..10_000)
        .map(|depth| format!("{}a:\n", " ".repeat(depth)))
        .take(2_000)
        .collect();
    assert_eq!(refused(lines.as_bytes()).len(), 1);
}

#[test]
fn fifty_megabytes_are_refused_unread() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".poststack.yml");
    fs::File::create(&path).unwrap().set_len(50 << 20).unwrap();
    assert_eq!(
        message(&refused_at(&path)),
        "`f.yml` has 52428800 bytes; at most 4194304 are read"
    );
}

#[test]
fn bytes_that_are_no_text_are_refused_with_their_line() {
    assert_eq!(
        message(&refused(b"environments:\n  a: \0\n")),
        "`f.yml` holds a NUL byte at line 2; it is not a text file"
    );
    assert_eq!(
        message(&refused(b"environments:\n  a: \xff\n")),
        "`f.yml` is not UTF-8: invalid byte at line 2"
    );
}

#[test]
fn a_fifo_and_a_directory_are_refused_without_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    assert_eq!(message(&refused_at(&fifo)), "`f.yml` is not a regular file");
    assert_eq!(
        message(&refused_at(folder.path())),
        "`f.yml` is a directory, not a file"
    );
}

#[test]
fn many_keys_cost_no_more_than_their_number() {
    let keys = |prefix: &str, line: &str| -> String {
        let lines: String = (0..90_000)
            .map(|n| line.replace('#', &n.to_string()))
            .collect();
        format!("{prefix}\n{lines}")
    };
    let cases = [
        keys("", "k#: 1\n"),
        keys("environments:\n a:\n  variables:", "   1K#: x\n"),
        keys(
            "environments:\n a:\n  postgres:\n   settings:",
            "    '#': x\n",
        ),
        keys("environments:", " Env#:\n"),
        keys("environments:\n a:\n  init:", "   - x#\n"),
        keys("environments:\n a:\n  variables:", "   DB_HOST: x\n"),
        keys("environments:", " e#: x\n"),
    ];
    for text in cases {
        let faults = refused(text.as_bytes());
        assert_eq!(faults.len(), MAX_DIAGNOSTICS + 1, "{}", &text[..60]);
    }
}

#[test]
fn many_environments_cost_no_more_than_their_number() {
    let environments = |count: usize, line: &str| -> String {
        let lines = (1..=count).map(|n| {
            line.replace("<#>", &(n - 1).to_string())
                .replace('#', &n.to_string())
        });
        format!("environments:\n e0:\n{}", lines.collect::<String>())
    };
    let cases = [
        (45_000, " e#: { extends: nothing# }\n"),
        (45_000, " e#: { extends: e# }\n"),
        (30_000, " e#: { postgres: { port: 5433 } }\n"),
        (20_000, " e#: { postgres: { port: 5433 }, bind: '::#' }\n"),
    ];
    for (count, line) in cases {
        refused(environments(count, line).as_bytes());
    }
    // One long circle, and one long line.
    let circle = environments(45_000, " e#: { extends: e<#> }\n")
        .replace(" e0:", " e0: { extends: e45000 }");
    let faults = refused(circle.as_bytes());
    assert!(
        shown(&faults).contains("`extends` goes in a circle: e0 → e45000 → "),
        "{}",
        shown(&faults)
    );
}

#[test]
fn inheritance_that_multiplies_values_is_refused() {
    let variables: String = (0..10_000).map(|n| format!("  V{n}: x\n")).collect();
    let environments: String = (0..10_000).map(|n| format!("  e{n}:\n")).collect();
    let faults = refused(
        format!("defaults:\n variables:\n{variables}environments:\n{environments}").as_bytes(),
    );
    assert_eq!(
        message(&faults),
        "The environments hold more than 200000 values"
    );

    let line: String = (1..20_000)
        .map(|n| {
            format!(
                "  e{n}: {{ extends: e{}, variables: {{ V{n}: x }} }}\n",
                n - 1
            )
        })
        .collect();
    let faults = refused(format!("environments:\n  e0:\n{line}").as_bytes());
    assert_eq!(
        message(&faults),
        "The environments hold more than 200000 values"
    );
}

#[test]
fn one_huge_key_or_value_is_cut_in_messages() {
    let huge = "x".repeat(1 << 20);
    for text in [
        format!("? {huge}\n: 1\n"),
        format!("environments: {{ {}: }}\n", "x".repeat(1000)),
        format!("environments:\n  ? {huge}\n  :\n"),
        format!("environments: {{ a: {{ extends: {huge} }} }}\n"),
        format!("environments: {{ a: {{ bind: {huge} }} }}\n"),
        format!(
            "environments: {{ a: {{ postgres: {{ storage: {huge}, start_timeout: {huge}, image: '{huge} ', version: {huge}.1, host: '{huge} ' }} }} }}\n"
        ),
        format!("environments: {{ a: {{ deployment: {huge} }} }}\n"),
        format!("environment: {huge}\nproject: {huge}\nenvironments: {{ a: }}\n"),
        format!("project: {{ name: {huge} }}\nenvironments: {{ a: }}\n"),
    ] {
        refused(text.as_bytes());
    }
}

proptest! {
    #[test]
    fn any_text_is_a_configuration_or_has_faults(text in "(?s).*") {
        let (config, diagnostics) = read(&text);
        prop_assert!(config.is_some() || any_error(&diagnostics));
    }

    #[test]
    fn any_lines_of_known_words_are_a_configuration_or_have_faults(
        lines in proptest::collection::vec(
            (0_usize..5, proptest::sample::select(words()), proptest::sample::select(values())),
            0..20,
        )
    ) {
        let text: String = lines
            .into_iter()
            .map(|(depth, key, value)| format!("{}{key}: {value}\n", "  ".repeat(depth)))
            .collect();
        let (config, diagnostics) = read(&text);
        prop_assert!(config.is_some() || any_error(&diagnostics));
        let spans = diagnostics.iter().filter_map(|it| it.place.as_ref()).map(|place| place.span);
        prop_assert!(spans.into_iter().all(|span| text.get(span.start..span.end).is_some()));
    }
}

/// Every key of the file and some more.
fn words() -> Vec<&'static str> {
    let known = super::keys::SECTIONS
        .iter()
        .flat_map(|(_, known)| known.iter().copied());
    known
        .chain(["dev", "prod", "x-y", "LOG", "- compose"])
        .collect()
}

fn values() -> Vec<&'static str> {
    vec![
        "",
        "dev",
        "prod",
        "5433",
        "0",
        "true",
        "[]",
        "{}",
        "[dev, {}]",
        "auto_generated",
        "'${A}'",
        "127.0.0.1",
        "60s",
        "\"\\0\"",
        "*a",
        "&a x",
    ]
}
