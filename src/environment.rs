//! The verbs on an environment: start, stop, status, logs and the rest.
//!
//! Each gathers what is wanted, asks what is there, lets `plan` decide, and does it. Nothing here
//! prints; listeners get events, callers get outcomes.

mod address;
mod context;
mod database;
pub mod describe;
pub mod diff;
pub mod dry_run;
mod execute;
pub mod failure;
mod healthy;
mod hooks;
mod images;
mod init_report;
pub mod list;
mod step_failure;

pub mod logs;
pub mod migrations;
mod mounted;
mod observe;
pub mod planned;
mod ports;
pub mod prepare;
pub mod project;
mod put_back;
pub mod reach;
mod record;
pub mod start;
pub mod status;
pub mod stop;
mod stopping;
pub mod watch;

pub use failure::{Failure, Kind};
pub use images::{BuildOptions, BuiltImage, build_images};
pub use prepare::{Prepared, prepare};
pub use project::Project;
pub use step_failure::engine_failure;
