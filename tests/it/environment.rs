//! Environments on real engines.

mod access;
mod anonymous;
mod commands;
mod database;
mod differences;
mod edits;
mod files;
mod hooks;
mod init;
mod interop;
mod isolation;
mod lifecycle;
pub mod liquibase;
mod moved;
mod planned;
mod scaling;
mod secrecy;
mod services;
mod several;
pub mod support;
mod variables;
