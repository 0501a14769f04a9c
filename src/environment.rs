//! The verbs on an environment: start, stop, status, logs and the rest.
//!
//! Each gathers what is wanted, asks what is there, lets `plan` decide, and does it. Nothing here
//! prints; listeners get events, callers get outcomes.

mod address;
pub mod adopt;
mod adoption;
mod build;
mod context;
pub mod copy;
mod data_in_use;
mod database;
pub mod describe;
pub mod diff;
pub mod dry_run;
mod edit;
mod execute;
pub mod failure;
mod healthy;
mod hooks;
mod images;
mod init_report;
mod liquibase;
pub mod list;
mod step_failure;

pub mod logs;
pub mod migrations;
mod mounted;
pub mod observe;
pub mod own_images;
pub mod planned;
pub mod port_origin;
pub mod ports;
pub mod prepare;
pub mod project;
mod put_back;
pub mod reach;
mod record;
mod refusal;
pub mod remove;
pub mod start;
pub mod status;
pub mod stop;
mod stopping;
pub mod watch;

pub use build::{BuildOptions, BuiltImage, Recipe, build_images, project_recipes};
pub use failure::{Failure, Kind};
pub use images::{bases, shipped_image};
pub use prepare::{Prepared, prepare};
pub use project::Project;
pub use step_failure::engine_failure;
