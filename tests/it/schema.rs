//! The catalogue of a real database.
