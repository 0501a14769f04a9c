//! Environments on real engines.

mod access;
mod anonymous;
mod commands;
mod database;
mod differences;
mod files;
mod hooks;
mod init;
mod interop;
mod isolation;
mod lifecycle;
mod moved;
mod planned;
mod scaling;
mod secrecy;
mod services;
mod several;
mod support;
mod variables;
