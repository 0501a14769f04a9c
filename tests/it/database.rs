//! The verbs of `db`, through the built program.
