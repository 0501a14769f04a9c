//! poststack: Postgres + your apps, zero config, multiple environments.

pub mod assets;
pub mod cli;
pub mod config;
pub mod diagnostic;
pub mod engine;
pub mod environment;
pub mod event;
pub mod migration;
pub mod names;
pub mod plan;
pub mod postgres;
pub mod secret;
pub mod settings;
pub mod state;
pub mod template;
pub mod text;
pub mod ui;
pub mod units;
pub mod variables;
pub mod workload;
pub mod yaml;
