//! Environments on real engines.

mod access;
mod isolation;
mod lifecycle;
mod support;
