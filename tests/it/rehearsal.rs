//! Rehearsals on a real server.
