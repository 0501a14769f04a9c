//! Dangerous DDL, through the built program.
