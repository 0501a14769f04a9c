//! Pod files on real engines: both must run them alike.

mod contents;
mod deploy;
mod members;
mod probes;
mod support;
