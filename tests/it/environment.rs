//! Environments on real engines.

mod access;
mod anonymous;
mod commands;
mod database;
mod files;
mod init;
mod interop;
mod isolation;
mod lifecycle;
mod moved;
mod secrecy;
mod services;
mod several;
mod support;
mod variables;
