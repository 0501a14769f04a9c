//! Dangerous DDL, named at its line. Needs no server.
