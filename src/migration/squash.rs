//! One file that stands for all up to its version.
//!
//! Its first lines say for what it stands: `-- poststack: squashed 001..003 CHAIN`. A chain is a
//! hash over versions and checksums of what was squashed. A database whose ledger has exactly
//! these has the squashed file, too; so environments need not be visited one by one.

mod contents;
mod rows;
#[cfg(test)]
mod tests;

pub use contents::{Contents, ContentsError, contents, state, unstable};
pub use rows::{State, TableRows};

use super::files::checksum;
use super::headers::{DIRECTIVE, said_at_the_top};
use super::ledger::LedgerEntry;
use super::{Folder, Migration, Script, Version, acts_outside, conflict};
use crate::diagnostic::Diagnostic;

/// The word of the header.
pub(super) const WORD: &str = "squashed";

/// What a squashed file stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Squashed {
    pub first: Version,
    pub last: Version,
    /// Each is a history that leads to the same schema.
    pub chains: Vec<String>,
}

impl Migration {
    /// What this file stands for, when it is a squashed one.
    #[must_use]
    pub fn squashed(&self) -> Option<Squashed> {
        // Most files are none, and every run asks all of them.
        self.up.text.contains(WORD).then_some(())?;
        let lines = said_at_the_top(&self.up, WORD)?;
        lines
            .iter()
            .filter_map(|said| parse(said))
            .reduce(|mut all, line| {
                all.chains.extend(line.chains);
                all
            })
    }
}

/// ` 001..003 CHAIN`
pub(super) fn parse(said: &str) -> Option<Squashed> {
    let (range, chain) = said.trim().split_once(' ')?;
    let (first, last) = range.split_once("..")?;
    let is_hash = |chain: &str| chain.len() == 64 && chain.bytes().all(|b| b.is_ascii_hexdigit());
    Some(Squashed {
        first: Version::parse(first)?,
        last: Version::parse(last)?,
        chains: vec![chain.trim().to_owned()]
            .into_iter()
            .filter(|c| is_hash(c))
            .collect(),
    })
    .filter(|squashed| !squashed.chains.is_empty())
}

/// The header of a file that stands for `files`, which are ordered and one of which may be a
/// squashed one itself.
#[must_use]
pub fn header(files: &[Migration]) -> String {
    let (Some(first), Some(last)) = (files.first(), files.last()) else {
        return String::new();
    };
    let squashed = first.squashed();
    let start = squashed
        .as_ref()
        .map_or(&first.version, |squashed| &squashed.first);
    let rest = files.iter().skip(1);
    let earlier = squashed.iter().flat_map(|squashed| &squashed.chains);
    let whole = chain(String::new(), files.iter().map(link));
    let chains = earlier.map(|earlier| chain(earlier.clone(), rest.clone().map(link)));
    let mut text = String::new();
    for chain in std::iter::once(whole).chain(chains) {
        text.push_str(&format!(
            "{DIRECTIVE} {WORD} {start}..{} {chain}\n",
            last.version
        ));
    }
    text
}

fn link(file: &Migration) -> (&Version, &str) {
    (&file.version, &file.checksum)
}

/// Goes on from a chain, or from an empty text.
fn chain<'a>(from: String, links: impl Iterator<Item = (&'a Version, &'a str)>) -> String {
    links.fold(from, |chain, (version, hash)| {
        let number = version.as_str().trim_start_matches('0');
        checksum(&format!("{chain}\n{number} {hash}"))
    })
}

/// How a ledger stands to the squashed file of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing<'a> {
    /// It has what was squashed up to this version.
    Covered(&'a Version),
    /// It has something else of it: a part, or other texts.
    Partly(&'a Migration),
}

/// `None` when there is no squashed file, or the ledger has nothing from before it.
pub(super) fn standing<'a>(folder: &'a Folder, applied: &[LedgerEntry]) -> Option<Standing<'a>> {
    let mut files = folder.migrations.iter();
    let (file, squashed) = files.find_map(|file| Some((file, file.squashed()?)))?;
    let until = |entry: &&LedgerEntry| entry.version <= file.version;
    let entries = applied.iter().filter(until);
    let has_itself =
        |entry: &LedgerEntry| entry.version == file.version && entry.checksum == file.checksum;
    if entries.clone().all(has_itself) {
        return None;
    }
    let links = entries.map(|entry| (&entry.version, entry.checksum.as_str()));
    let found = chain(String::new(), links);
    Some(match squashed.chains.contains(&found) {
        true => Standing::Covered(&file.version),
        false => Standing::Partly(file),
    })
}

pub(super) fn partly(file: &Migration) -> Diagnostic {
    let range = file.squashed().map_or_else(String::new, |squashed| {
        format!("{}-{}", squashed.first, squashed.last)
    });
    conflict::partly_squashed(file, &range)
}

/// Statements that act outside the database, so that they cannot be tried in another one.
#[must_use]
pub fn outside(script: &Script) -> Vec<Diagnostic> {
    acts_outside(script)
        .map(|statement| {
            Diagnostic::error("The statement acts outside the database: it cannot be squashed")
                .at(&script.source, statement.span)
                .help("squash up to the file before it, or move it out of the migrations")
        })
        .collect()
}
