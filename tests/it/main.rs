//! The one integration test binary.

mod cluster;
mod migration;
mod postgres;
mod state;
