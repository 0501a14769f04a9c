//! Expanded files → what runs, engine-neutral and in start order.
//!
//! Unsupported keys are diagnostics, never dropped in silence.

mod compose;
mod keys;
mod liquibase;
pub mod model;
mod pod;
mod reading;
mod render;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::diagnostic::Diagnostic;
use crate::template::Use;
use crate::variables::{Variable, Variables};

pub use liquibase::{Database, IMAGE as LIQUIBASE_IMAGE, liquibase};
pub use model::Workload;
pub use render::{Rendered, render_compose, render_pod};

/// What reading a Compose or Pod file needs besides the file.
pub struct Context<'a> {
    pub variables: &'a Variables,
    /// Active profiles.
    pub profiles: &'a BTreeSet<String>,
    /// Undefined variables become empty instead of errors.
    pub allow_undefined: bool,
}

/// What one file yields. With an error among `diagnostics` the workload is not to be used.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    pub workload: Workload,
    pub uses: Vec<Use>,
    /// Every file that was read, as messages show it.
    pub files: Vec<PathBuf>,
    /// Variables that only the `.env` files beside its files define.
    pub local: Vec<Variable>,
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads the first of `files`, Compose files, with the others merged onto it in their order, as
/// `docker compose -f FIRST -f SECOND` does. Each has the path that messages show.
#[must_use]
pub fn load_compose(files: &[(PathBuf, PathBuf)], context: &Context<'_>) -> Loaded {
    compose::load(files, context)
}

/// Reads the Pod file at `path`; messages show it as `shown`.
#[must_use]
pub fn load_pod(path: &Path, shown: &Path, context: &Context<'_>) -> Loaded {
    pod::load(path, shown, context)
}
