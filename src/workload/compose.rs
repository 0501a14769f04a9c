//! Compose files (<https://github.com/compose-spec/compose-spec/blob/main/spec.md>) → [`Workload`].

use std::path::Path;

use super::{Context, Loaded};

pub(super) fn load(path: &Path, shown: &Path, context: &Context<'_>) -> Loaded {
    let _ = (path, shown, context);
    Loaded::default()
}
