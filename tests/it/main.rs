//! The one integration test binary.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a helper that cannot do its work fails the test that uses it"
)]

mod acceptance;
mod adopt;
mod build;
mod cluster;
mod container;
mod database;
mod doctor;
#[cfg(test)]
mod engine;
mod environment;
mod examples;
mod export;
mod faults;
mod init;
mod inverse;
mod lint;
mod migration;
mod pods;
mod postgres;
mod project;
mod readme;
mod reference;
mod rehearsal;
mod same;
mod schema;
mod state;
mod terminal;
mod tidy;
mod watch;
