//! What was a project before, and what it has become.

use std::path::Path;

use serde::Serialize;

use super::answers::Answers;
use super::folder::{Decided, Fate};
use crate::config;
use crate::environment::Failure;
use crate::environment::project::FILE_NAMES;

/// The name of the configuration of the folder `root`, if it has one.
#[must_use]
pub fn configuration(root: &Path) -> Option<&'static str> {
    let mut names = FILE_NAMES.into_iter();
    names.find(|name| root.join(name).symlink_metadata().is_ok())
}

/// What the configuration of the folder `root` answers, of the environment `name` where it has one
/// of this name. `None`: there is no configuration.
///
/// # Errors
/// Every fault of the configuration.
pub fn existing(root: &Path, name: Option<&str>) -> Result<Option<Answers>, Failure> {
    let Some(file) = configuration(root) else {
        return Ok(None);
    };
    let path = root.join(file);
    let loaded = config::load(&path, &path).map_err(Failure::configuration)?;
    Ok(Answers::of_config(&loaded.config, name))
}

/// What `init` did.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// As it was named.
    pub folder: String,
    pub project: String,
    pub environment: String,
    /// `None`: only parts were added to a project.
    pub template: Option<&'static str>,
    pub written: Vec<String>,
    pub replaced: Vec<String>,
    /// Lists of ignored files that got lines.
    pub extended: Vec<String>,
    pub kept: Vec<String>,
    /// Those that were there as they would have been written.
    pub same: Vec<String>,
    /// The commands to type now.
    pub next: Vec<String>,
}

impl Outcome {
    /// The paths of `decided` with this fate, the configuration first.
    #[must_use]
    pub fn paths(decided: &[Decided], fate: Fate) -> Vec<String> {
        let of_fate = decided.iter().filter(|one| one.fate == fate);
        let mut paths: Vec<String> = of_fate.map(|one| one.file.path.clone()).collect();
        paths.sort_by_key(|path| (!FILE_NAMES.contains(&path.as_str()), path.clone()));
        paths
    }
}
