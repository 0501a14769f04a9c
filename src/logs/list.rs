//! The log files of a project: which there are, how large, and removing old ones.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::file::KEPT;
use super::{CONTAINERS, DATABASE};

/// What a log is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// Commands.
    Main,
    /// Builds of images.
    Container,
    /// Migrations and SQL.
    Database,
}

impl Category {
    const ALL: [Self; 3] = [Self::Main, Self::Container, Self::Database];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Container => "container",
            Self::Database => "database",
        }
    }

    fn folder(self, logs: &Path) -> PathBuf {
        match self {
            Self::Main => logs.to_path_buf(),
            Self::Container => logs.join(CONTAINERS),
            Self::Database => logs.join(DATABASE),
        }
    }
}

/// One log file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Log {
    pub category: Category,
    pub path: PathBuf,
    pub bytes: u64,
    /// When the last line was written.
    #[serde(serialize_with = "as_text")]
    pub modified: Option<Timestamp>,
}

fn as_text<S: Serializer>(at: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
    at.map(|at| at.to_string()).serialize(to)
}

/// The logs in the folder `logs`, of one category or of all, by name. None where there is no folder.
///
/// # Errors
/// A folder cannot be read.
pub fn list(logs: &Path, only: Option<Category>) -> io::Result<Vec<Log>> {
    let mut found = Vec::new();
    let wanted = Category::ALL.into_iter();
    for category in wanted.filter(|one| only.is_none_or(|only| only == *one)) {
        let entries = match fs_err::read_dir(category.folder(logs)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let path = entry?.path();
            let metadata = fs_err::symlink_metadata(&path)?;
            if metadata.is_file() && is_log(&path, category) && is_private(&metadata) {
                found.push(Log {
                    category,
                    bytes: metadata.len(),
                    modified: metadata.modified().ok().and_then(|it| it.try_into().ok()),
                    path,
                });
            }
        }
    }
    found.sort_by(|a, b| (a.category, &a.path).cmp(&(b.category, &b.path)));
    Ok(found)
}

/// Whether the name is one that poststack gives, such as `sql.log` or, put aside, `sql.log.1`: the
/// folders may hold logs of others.
fn is_log(path: &Path, category: Category) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let aside = name.rsplit_once('.').filter(|(_, end)| {
        let number = end.parse::<u32>();
        number.is_ok_and(|number| (1..=KEPT).contains(&number))
    });
    let name = aside.map_or(&*name, |(name, _)| name);
    match category {
        Category::Main => name == super::MAIN,
        Category::Database => [super::MIGRATIONS, super::SQL]
            .iter()
            .any(|own| Path::new(own).ends_with(name)),
        // An image may have any name.
        Category::Container => name.ends_with(".log"),
    }
}

/// Every log of poststack is its owner's alone, which those of servers hardly are.
fn is_private(metadata: &std::fs::Metadata) -> bool {
    metadata.mode() & 0o077 == 0
}

/// Removes the logs in which nothing was written for `age`; those that were removed.
///
/// # Errors
/// A folder cannot be read or a file not removed.
pub fn clean(logs: &Path, age: Duration) -> io::Result<Vec<Log>> {
    let limit = SystemTime::now().checked_sub(age);
    let limit = limit.and_then(|limit| Timestamp::try_from(limit).ok());
    let is_old =
        |log: &Log| matches!((log.modified, limit), (Some(at), Some(limit)) if at <= limit);
    let old: Vec<Log> = list(logs, None)?.into_iter().filter(is_old).collect();
    for log in &old {
        fs_err::remove_file(&log.path)?;
    }
    Ok(old)
}
