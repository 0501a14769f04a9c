//! The catalogue of a database as objects: fingerprint, comparison, DDL. Only reads.
//!
//! [`read`] gives a [`Schema`], data without a tie to the database; everything else is a pure
//! function of schemas. [`describe`] and [`stats`] ask for numbers that are no part of a schema.

mod compare;
mod ddl;
mod describe;
mod fingerprint;
mod name;
mod object;
mod queries;
mod read;
mod stats;
#[cfg(test)]
mod tests;
mod words;

pub use compare::{Change, Difference, PropertyChange, compare};
pub use ddl::{Ddl, Effect, Statement, ddl, migration_ddl};
pub use describe::{
    ColumnDescription, ConstraintDescription, Description, IndexDescription, TableDescription,
    describe,
};
pub use fingerprint::{Fingerprint, fingerprint};
pub use object::{Kind, Object, ObjectId, Property, Schema};
pub use read::{ReadError, read};
pub use stats::{IndexStats, LongTransaction, Stats, TableStats, stats};
