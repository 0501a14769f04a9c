//! The catalogue of a database as objects: fingerprint, comparison, DDL. Only reads.
