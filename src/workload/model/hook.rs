//! A command run in a container that runs
//! (<https://github.com/compose-spec/compose-spec/blob/main/05-services.md#post_start>).

use std::collections::BTreeMap;

use crate::secret::Secret;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hook {
    /// Program and arguments; never empty.
    pub command: Vec<String>,
    /// `None` is the user of the container, as with the folder below.
    pub user: Option<String>,
    pub privileged: bool,
    pub working_dir: Option<String>,
    /// Added to the environment of the container; a `None` has nothing to take away.
    pub environment: BTreeMap<String, Option<Secret>>,
}
