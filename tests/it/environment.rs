//! Environments on real engines.

mod lifecycle;
