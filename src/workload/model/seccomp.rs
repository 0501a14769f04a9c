//! A seccomp profile that a file brings.

use std::path::PathBuf;

/// A seccomp profile from a file; engines take its text or its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seccomp {
    /// Absolute path on the host.
    pub path: PathBuf,
    /// JSON.
    pub profile: String,
}

impl Seccomp {
    /// The option of Docker's create call.
    #[must_use]
    pub fn option(&self) -> String {
        format!("seccomp={}", self.profile)
    }
}
