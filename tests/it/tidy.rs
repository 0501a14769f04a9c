//! The house in order: the table of modules in `src/lib.rs` holds, files stay short, only one
//! module prints, and every embedded file is listed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use poststack::assets;

/// Longest source file, in lines; a longer one holds two concepts.
const MAX_LINES: usize = 400;

/// Crates that only some modules may name.
const RESERVED: &[(&str, &[&str])] = &[
    ("bollard", &["engine"]),
    ("hyper", &["engine"]),
    ("tokio_postgres", &["postgres", "schema", "migration"]),
    ("granit_parser", &["yaml"]),
    ("annotate_snippets", &["ui"]),
    ("anstream", &["ui"]),
    ("rand", &["state", "engine"]),
    ("squawk_lexer", &["migration"]),
    ("squawk_syntax", &["migration"]),
];

/// A source file that is not a test.
struct Code {
    path: PathBuf,
    /// The top-level module it belongs to.
    module: String,
    /// Without comments.
    text: String,
    lines: usize,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn code() -> Vec<Code> {
    let source = root().join("src");
    let mut paths = Vec::new();
    files(&source, &mut paths);
    let is_test = |path: &Path| {
        path.components().any(|part| part.as_os_str() == "tests")
            || path.file_name().is_some_and(|name| name == "tests.rs")
    };
    let mut all = Vec::new();
    for path in paths {
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let shown = path.strip_prefix(&source).unwrap().to_path_buf();
        let module = shown.iter().next().unwrap().to_str().unwrap();
        let module = module.trim_end_matches(".rs").to_owned();
        if is_test(&shown) || module == "lib" || module == "main" {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let own = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let without_comments: Vec<&str> = own
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        all.push(Code {
            path: shown,
            module,
            lines: own.lines().count(),
            text: without_comments.join("\n"),
        });
    }
    assert!(
        all.len() > 50,
        "the sources are where this test looks for them"
    );
    all
}

/// Module → row, from the table in `src/lib.rs`.
fn table() -> BTreeMap<String, u32> {
    let text = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let mut rows = BTreeMap::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let Some(Ok(row)) = cells.get(1).map(|cell| cell.parse::<u32>()) else {
            continue;
        };
        for name in cells[2].split_whitespace() {
            rows.insert(name.trim_matches('`').to_owned(), row);
        }
    }
    rows
}

fn words_after<'a>(text: &'a str, prefix: &str) -> Vec<&'a str> {
    let word = |rest: &'a str| {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        &rest[..end.unwrap_or(rest.len())]
    };
    text.match_indices(prefix)
        .map(|(at, _)| word(&text[at + prefix.len()..]))
        .collect()
}

#[test]
fn every_module_stands_in_the_table() {
    let text = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let mut declared = words_after(&text, "\npub mod ");
    declared.sort_unstable();
    let table = table();
    let listed: Vec<&str> = table.keys().map(String::as_str).collect();
    assert_eq!(declared, listed);
}

#[test]
fn a_module_imports_only_from_rows_above_its_own() {
    let table = table();
    let mut faults = Vec::new();
    for code in code() {
        for import in words_after(&code.text, "crate::") {
            let (Some(own), Some(other)) = (table.get(&code.module), table.get(import)) else {
                continue;
            };
            if import != code.module && other >= own {
                faults.push(format!("{} imports {import}", code.path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_crate_that_one_module_wraps_is_named_by_nobody_else() {
    let mut faults = Vec::new();
    for code in code() {
        for (name, allowed) in RESERVED {
            let named = code.text.contains(&format!("{name}::"));
            if named && !allowed.contains(&code.module.as_str()) {
                faults.push(format!("{} names {name}", code.path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn only_ui_prints() {
    let prints = [
        "println!",
        "eprintln!",
        "print!(",
        "eprint!(",
        "io::stdout",
        "io::stderr",
    ];
    let mut faults = Vec::new();
    for code in code() {
        // The debug log writes to stderr by itself.
        let text = code.text.replace(".with_writer(std::io::stderr)", "");
        if code.module != "ui" && prints.iter().any(|print| text.contains(print)) {
            faults.push(code.path.display().to_string());
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_file_opens_with_what_it_is_for_and_stays_short() {
    let mut faults = Vec::new();
    for code in code() {
        let text = std::fs::read_to_string(root().join("src").join(&code.path)).unwrap();
        if !text.starts_with("//!") {
            faults.push(format!("{} does not open with `//!`", code.path.display()));
        }
        if code.lines > MAX_LINES {
            faults.push(format!("{} has {} lines", code.path.display(), code.lines));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_embedded_file_is_listed() {
    let mut on_disk = Vec::new();
    for folder in ["containers", "migrations", "templates"] {
        files(&root().join(folder), &mut on_disk);
    }
    let mut on_disk: Vec<String> = on_disk
        .iter()
        .map(|path| {
            path.strip_prefix(root())
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .filter(|path| path.starts_with("templates/") || !path.ends_with(".md"))
        .collect();
    on_disk.sort();
    let mut listed: Vec<&str> = [assets::CONTAINERS, assets::MIGRATIONS, assets::TEMPLATES]
        .concat()
        .iter()
        .map(|(path, _)| *path)
        .collect();
    listed.sort_unstable();
    assert_eq!(on_disk, listed);
}
