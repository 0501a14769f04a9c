//! `poststack init`: from an empty folder to a project.

mod asking;
mod files;
mod pipeline;
mod templates;
