//! Expanded files → what runs, engine-neutral and in start order.
//!
//! Unsupported keys are diagnostics, never dropped in silence.

pub mod model;

pub use model::Workload;
