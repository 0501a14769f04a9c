//! What `env export` writes runs without poststack, on the same data.

mod compose;
mod images;
mod kubernetes;
mod migrations;
mod pod;
mod pod_file;
mod quadlet;
mod refused;
mod render;
mod support;
mod variables;
