//! `.poststack.yml` → [`Config`]: reading, merging, validation. Every fault of the file in one run.

pub mod model;

pub use model::Config;
