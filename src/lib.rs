//! poststack: Postgres + your apps, zero config, multiple environments.

pub mod config;
pub mod diagnostic;
pub mod engine;
pub mod names;
pub mod plan;
pub mod secret;
pub mod template;
pub mod text;
pub mod variables;
pub mod workload;
pub mod yaml;
