//! What shall be × what is there → steps. Pure: no engine, no clock, no file.

pub mod observed;
pub mod spec;
