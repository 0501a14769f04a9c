//! Pending migrations tried step by step on a clone; the real database is only read.
