//! A new project: answers and a template → files on disk. Prints nothing and asks nobody.
//!
//! ```text
//! flags, answers ─ draft → Answers     each value checked as the configuration checks it
//! Answers, template ─ files → NewFile  pure: paths and texts
//! folder ─ decide → Decided            what is there already is kept, extended or replaced
//!        ─ write → files               each whole or absent, `.poststack.yml` last
//! ```

mod answers;
mod draft;
mod files;
mod fill;
mod folder;
mod numbering;
mod project;
mod template;
#[cfg(test)]
mod tests;

pub use answers::Answers;
pub use draft::{Draft, Question, Refusal};
pub use files::{NewFile, Parts, Pipeline, files};
pub use folder::{Decided, Fate, decide, write};
pub use project::{Outcome, configuration, existing};
pub use template::{TEMPLATES, Template};
