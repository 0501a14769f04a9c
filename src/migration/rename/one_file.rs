//! Tools that keep the way there and the way back in one file: dbmate and goose.

use super::{File, NO_TRANSACTION, Reason, file_name, is_number};

type Converted = Option<Result<Vec<File>, Reason>>;

/// The two halves of a file.
#[derive(Default)]
struct Halves {
    up: Half,
    down: Half,
}

#[derive(Default)]
struct Half {
    text: String,
    no_transaction: bool,
}

impl Halves {
    fn files(self, version: &str, description: &str) -> Result<Vec<File>, Reason> {
        let mut files = vec![File {
            name: file_name(version, description, "")?,
            text: self.up.text(),
        }];
        if !crate::migration::sql::is_blank(&self.down.text) {
            files.push(File {
                name: file_name(version, description, ".rollback")?,
                text: self.down.text(),
            });
        }
        Ok(files)
    }
}

impl Half {
    fn text(&self) -> String {
        let text = self.text.trim();
        let header = if self.no_transaction {
            format!("{NO_TRANSACTION}\n")
        } else {
            String::new()
        };
        format!("{header}{text}\n")
    }
}

/// `1_add_users`, when the file is named so.
fn parts(name: &str) -> Option<(&str, &str)> {
    let stem = name.strip_suffix(".sql")?;
    let (version, description) = stem.split_once('_')?;
    let is_ours = description.ends_with(".rollback");
    (is_number(version) && !is_ours).then_some((version, description))
}

/// `-- migrate:up` and `-- migrate:down`, each with options behind it.
pub(super) fn dbmate(name: &str, text: &str) -> Converted {
    let (version, description) = parts(name)?;
    let directive = |line: &str| {
        let said = line.strip_prefix("--")?.trim_start();
        let said = said.strip_prefix("migrate:")?;
        let (word, options) = said.split_once(char::is_whitespace).unwrap_or((said, ""));
        matches!(word, "up" | "down").then(|| (word == "up", options.trim().to_owned()))
    };
    let mut halves = Halves::default();
    // Nothing, the way there, the way back.
    let mut section = 0;
    for line in text.lines() {
        match (directive(line), section) {
            (Some((true, options)), 0) => {
                section = 1;
                halves.up.no_transaction = options.contains("transaction:false");
            }
            (Some((false, options)), 1) => {
                section = 2;
                halves.down.no_transaction = options.contains("transaction:false");
            }
            (Some(_), _) => {
                return Some(Err(
                    "it has several `migrate:up` or `migrate:down` parts".to_owned()
                ));
            }
            (None, 2) => push(&mut halves.down, line),
            // What stands before both is a comment; dbmate allows nothing else.
            (None, _) => push(&mut halves.up, line),
        }
    }
    match section {
        0 => None,
        _ => Some(halves.files(version, description)),
    }
}

/// `-- +goose Up`, `-- +goose Down` and what else it can be told.
pub(super) fn goose(name: &str, text: &str) -> Converted {
    if name.ends_with(".go") {
        return Some(Err("it is written in Go".to_owned()));
    }
    let (version, description) = parts(name)?;
    let mut halves = Halves::default();
    let mut section = 0;
    for line in text.lines() {
        let said = line.strip_prefix("--").map(str::trim_start);
        let said = said.and_then(|said| said.strip_prefix("+goose"));
        match (said.map(str::trim), section) {
            (Some(said), 0) if said.eq_ignore_ascii_case("up") => section = 1,
            (Some(said), 1) if said.eq_ignore_ascii_case("down") => section = 2,
            (Some(said), _) if said.eq_ignore_ascii_case("no transaction") => {
                halves.up.no_transaction = true;
                halves.down.no_transaction = true;
            }
            // Our own splitter needs no help.
            (Some("StatementBegin" | "StatementEnd"), _) => {}
            (Some(said), _) => return Some(Err(format!("`+goose {said}` has no counterpart"))),
            (None, 2) => push(&mut halves.down, line),
            (None, _) => push(&mut halves.up, line),
        }
    }
    match section {
        0 => None,
        _ => Some(halves.files(version, description)),
    }
}

fn push(half: &mut Half, line: &str) {
    half.text.push_str(line);
    half.text.push('\n');
}
