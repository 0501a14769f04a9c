//! The verbs of `db`: which database is meant, and what is done with it.
