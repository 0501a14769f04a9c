//! What shall be × what is there → steps. Pure: no engine, no clock, no file.

pub mod changes;
pub mod database;
pub mod definition;
pub mod desired;
pub mod hooks;
pub mod identity;
pub mod observed;
mod restart;
pub mod seen;
pub mod spec;
mod start;
pub mod step;
mod stop;
#[cfg(test)]
mod tests;
mod undo;

pub use desired::{Desired, DesiredContainer, desired};
pub use restart::restart;
pub use start::{Conflict, StartOptions, Started, start};
pub use step::{Action, NEXT, Phase, Plan, Step};
pub use stop::{StopOptions, stop};
pub use undo::undo;
