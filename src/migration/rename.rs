//! Migration files in the manner of another tool, turned into `NNN_name.sql` and
//! `NNN_name.rollback.sql`. Pure: files come as names and texts, and go as names and texts.
//!
//! Only what is certain is converted. Everything else is left out, with the reason.

mod one_file;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::next;
use super::origin::Tool;

/// What becomes of the files of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Renaming {
    /// Ordered by the first file.
    pub conversions: Vec<Conversion>,
    /// File → why it stays as it is.
    pub left_out: BTreeMap<String, String>,
}

/// One file of the other tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversion {
    pub from: String,
    pub to: Vec<File>,
}

/// A file to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub name: String,
    pub text: String,
}

/// Why a file stays as it is.
type Reason = String;

/// What becomes of `files` (name → text). Files that are named in our way already are not in it,
/// unless their text is in the way of the tool.
#[must_use]
pub fn renaming(tool: Tool, files: &BTreeMap<String, String>) -> Renaming {
    let mut renaming = Renaming::default();
    for (name, text) in files {
        match convert(tool, name, text, files) {
            None => {}
            Some(Ok(to)) => renaming.conversions.push(Conversion {
                from: name.clone(),
                to,
            }),
            Some(Err(reason)) => {
                renaming.left_out.insert(name.clone(), reason);
            }
        }
    }
    renaming.refuse_collisions(files);
    renaming
}

/// `None`: not a file of the tool, or nothing to change.
fn convert(
    tool: Tool,
    name: &str,
    text: &str,
    files: &BTreeMap<String, String>,
) -> Option<Result<Vec<File>, Reason>> {
    let is_unchanged = |to: &[File]| {
        let one = to.first().filter(|_| to.len() == 1);
        one.is_some_and(|file| file.name == name && file.text == text)
    };
    let converted = match tool {
        Tool::Flyway | Tool::Refinery => prefixed(name, text, files),
        Tool::GolangMigrate | Tool::Sqlx => with_direction(tool, name, text),
        Tool::Dbmate => one_file::dbmate(name, text),
        Tool::Goose => one_file::goose(name, text),
        Tool::Sqitch => None,
    }?;
    match converted {
        Ok(to) if is_unchanged(&to) => None,
        converted => Some(converted),
    }
}

impl Renaming {
    /// Two files that would become one, and files that would fall on one that stays.
    fn refuse_collisions(&mut self, files: &BTreeMap<String, String>) {
        let leaving: BTreeSet<&String> = self.conversions.iter().map(|c| &c.from).collect();
        let mut made: BTreeMap<&String, usize> = BTreeMap::new();
        for file in self
            .conversions
            .iter()
            .flat_map(|conversion| &conversion.to)
        {
            *made.entry(&file.name).or_default() += 1;
        }
        let collision = |conversion: &Conversion| {
            let mut names = conversion.to.iter().map(|file| &file.name);
            names.find_map(|name| {
                if made.get(name).is_some_and(|count| *count > 1) {
                    Some(format!("another file would become `{name}` too"))
                } else if files.contains_key(name) && !leaving.contains(name) {
                    Some(format!("there is a file `{name}` already"))
                } else {
                    None
                }
            })
        };
        let collided = self.conversions.iter();
        let collided = collided.filter_map(|one| Some((one.from.clone(), collision(one)?)));
        let collided: BTreeMap<String, Reason> = collided.collect();
        self.conversions
            .retain(|one| !collided.contains_key(&one.from));
        self.left_out.extend(collided);
    }
}

/// `V1__add_users.sql`, `U1__add_users.sql`. `R__views.sql` has its name in our way already.
fn prefixed(
    name: &str,
    text: &str,
    files: &BTreeMap<String, String>,
) -> Option<Result<Vec<File>, Reason>> {
    let stem = name.strip_suffix(".sql")?;
    let (version, description) = stem.get(1..)?.split_once("__")?;
    let ending = match stem.chars().next()? {
        'V' => "",
        'U' => ".rollback",
        'B' => {
            return Some(Err(
                "a baseline is not applied beside other files".to_owned()
            ));
        }
        _ => return None,
    };
    if !is_number(version) {
        let dotted = version.replace('_', ".");
        let reason = format!("`{dotted}` is not a whole number: give it a version of its own");
        return Some(Err(reason));
    }
    if text.contains("${") {
        return Some(Err(
            "it holds `${`: a placeholder of the tool may mean something else here".to_owned(),
        ));
    }
    // An undo file may have another description than what it undoes.
    let of_up = files.keys().find_map(|file| {
        let stem = file.strip_prefix('V')?.strip_suffix(".sql")?;
        let (other, description) = stem.split_once("__")?;
        (other == version).then_some(description)
    });
    Some(one(version, of_up.unwrap_or(description), ending, text))
}

/// `1_add_users.up.sql`, `1_add_users.down.sql`; a file of sqlx without a direction is only looked
/// into.
fn with_direction(tool: Tool, name: &str, text: &str) -> Option<Result<Vec<File>, Reason>> {
    let (version, rest) = name.strip_suffix(".sql")?.split_once('_')?;
    if !is_number(version) {
        return None;
    }
    let (description, ending) = match (rest.strip_suffix(".up"), rest.strip_suffix(".down")) {
        (Some(up), _) => (up, ""),
        (_, Some(down)) => (down, ".rollback"),
        _ if tool == Tool::Sqlx && !rest.ends_with(".rollback") => (rest, ""),
        _ => return None,
    };
    let own = match text.strip_prefix("-- no-transaction") {
        Some(rest) if tool == Tool::Sqlx => format!("{NO_TRANSACTION}{rest}"),
        _ => text.to_owned(),
    };
    Some(one(version, description, ending, &own))
}

const NO_TRANSACTION: &str = "-- poststack: no-transaction";

fn is_number(version: &str) -> bool {
    super::Version::parse(version).is_some()
}

fn one(version: &str, description: &str, ending: &str, text: &str) -> Result<Vec<File>, Reason> {
    let name = file_name(version, description, ending)?;
    let text = text.to_owned();
    Ok(vec![File { name, text }])
}

/// The description stays as it is where it can.
fn file_name(version: &str, description: &str, ending: &str) -> Result<String, Reason> {
    let description = match description {
        kept if !kept.is_empty() && !kept.contains(['.', ' ', '/']) => kept.to_owned(),
        other => next::normalise(other).map_err(|error| error.to_string())?,
    };
    Ok(format!("{version}_{description}{ending}.sql"))
}
