//! poststack: Postgres + your apps, zero config, multiple environments.

pub mod config;
pub mod diagnostic;
pub mod migration;
pub mod names;
pub mod plan;
pub mod postgres;
pub mod secret;
pub mod state;
pub mod template;
pub mod text;
pub mod variables;
pub mod workload;
pub mod yaml;
