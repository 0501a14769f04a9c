//! Environments on real engines.

mod access;
mod anonymous;
mod isolation;
mod lifecycle;
mod support;
