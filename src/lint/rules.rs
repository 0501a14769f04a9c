//! Every rule of lint: what it finds, and how to write it instead. The one place where they are
//! described; the help of a finding is its rule's `instead`.
//!
//! Which lock a statement takes, and what that lock blocks:
//! <https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES>;
//! which `ALTER TABLE` rewrites or scans: <https://www.postgresql.org/docs/current/sql-altertable.html>.

use crate::diagnostic::Severity;

/// A kind of danger that lint knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// For `-- poststack: allow NAME reason`.
    pub name: &'static str,
    /// Of its findings, where a finding does not say otherwise. An error stalls users for as long
    /// as the table is large, or fails, or loses what nobody named; a warning is for a human to
    /// weigh.
    pub severity: Severity,
    /// What happens, one sentence.
    pub what: &'static str,
    /// How to do without.
    pub instead: &'static str,
}

const fn error(name: &'static str, what: &'static str, instead: &'static str) -> Rule {
    rule(name, Severity::Error, what, instead)
}

const fn warning(name: &'static str, what: &'static str, instead: &'static str) -> Rule {
    rule(name, Severity::Warning, what, instead)
}

const fn note(name: &'static str, what: &'static str, instead: &'static str) -> Rule {
    rule(name, Severity::Note, what, instead)
}

const fn rule(
    name: &'static str,
    severity: Severity,
    what: &'static str,
    instead: &'static str,
) -> Rule {
    Rule {
        name,
        severity,
        what,
        instead,
    }
}

/// Declares the rules and the list of them all.
macro_rules! rules {
    ($($id:ident = $severity:ident($name:literal, $what:literal, $instead:literal);)*) => {
        $(pub(super) static $id: Rule = $severity($name, $what, $instead);)*
        pub(super) static ALL: &[&Rule] = &[$(&$id),*];
    };
}

rules! {
    // Locks that make others wait.
    INDEX_WITHOUT_CONCURRENTLY = error(
        "index-without-concurrently",
        "`CREATE INDEX` takes a SHARE lock: INSERT, UPDATE and DELETE wait until the index is built.",
        "write `CREATE INDEX CONCURRENTLY`, in a file without transaction; on a partitioned table \
         `CREATE INDEX … ON ONLY` first, then each partition's concurrently, then attach them"
    );
    DROP_INDEX_WITHOUT_CONCURRENTLY = warning(
        "drop-index-without-concurrently",
        "`DROP INDEX` takes an ACCESS EXCLUSIVE lock on the table: reads and writes queue behind it.",
        "write `DROP INDEX CONCURRENTLY`, in a file without transaction"
    );
    REINDEX_WITHOUT_CONCURRENTLY = error(
        "reindex-without-concurrently",
        "`REINDEX` blocks writes to the table, and reads that would use the index, until it is rebuilt.",
        "write `REINDEX … CONCURRENTLY`, in a file without transaction"
    );
    FOREIGN_KEY_WITHOUT_NOT_VALID = error(
        "foreign-key-without-not-valid",
        "A new foreign key takes a SHARE ROW EXCLUSIVE lock on both tables: writes wait while every row is checked.",
        "add it with `NOT VALID`, then `VALIDATE CONSTRAINT` in a file of its own: that blocks no writes"
    );
    CHECK_WITHOUT_NOT_VALID = error(
        "check-without-not-valid",
        "A new check takes an ACCESS EXCLUSIVE lock: reads and writes wait while every row is checked.",
        "add it with `NOT VALID`, then `VALIDATE CONSTRAINT` in a file of its own: that blocks no writes"
    );
    SET_NOT_NULL = error(
        "set-not-null",
        "`SET NOT NULL` takes an ACCESS EXCLUSIVE lock: reads and writes wait while every row is checked.",
        "`ADD CONSTRAINT … CHECK (… IS NOT NULL) NOT VALID` in one file; in the next `VALIDATE CONSTRAINT`, \
         `SET NOT NULL`, which then scans nothing (PostgreSQL 12), and `DROP CONSTRAINT`"
    );
    CONSTRAINT_BUILDS_INDEX = error(
        "constraint-builds-index",
        "A unique, primary key or exclusion constraint builds its index under an ACCESS EXCLUSIVE lock: \
         reads and writes wait.",
        "`CREATE UNIQUE INDEX CONCURRENTLY` in one file, then `ADD CONSTRAINT … UNIQUE USING INDEX` (or \
         `PRIMARY KEY USING INDEX`) in the next"
    );
    VALIDATE_IN_SAME_TRANSACTION = error(
        "validate-in-same-transaction",
        "`VALIDATE CONSTRAINT` in the transaction that added the constraint scans the table under the lock \
         of `ADD CONSTRAINT`.",
        "move `VALIDATE CONSTRAINT` into a file of its own, which is a transaction of its own"
    );
    CREATE_TRIGGER = note(
        "create-trigger",
        "`CREATE TRIGGER` takes a SHARE ROW EXCLUSIVE lock: writes queue behind it, if only for a moment.",
        "keep it in a file of its own, so that the lock is not held for other work"
    );
    CLUSTER = error(
        "cluster",
        "`CLUSTER` rewrites the table under an ACCESS EXCLUSIVE lock: reads and writes wait.",
        "use `pg_repack`, which takes that lock for a moment only"
    );
    VACUUM_FULL = error(
        "vacuum-full",
        "`VACUUM FULL` rewrites the table under an ACCESS EXCLUSIVE lock: reads and writes wait.",
        "use plain `VACUUM`, or `pg_repack` where the disk space has to come back"
    );
    REFRESH_WITHOUT_CONCURRENTLY = error(
        "refresh-without-concurrently",
        "`REFRESH MATERIALIZED VIEW` takes an ACCESS EXCLUSIVE lock: reads of the view wait until it is filled.",
        "write `REFRESH MATERIALIZED VIEW CONCURRENTLY`; it needs a unique index on the view"
    );
    LOCK_TABLE = warning(
        "lock-table",
        "`LOCK TABLE` holds its lock until the file is done; the stronger modes block writes, the strongest reads.",
        "leave it out: each statement takes the lock it needs"
    );
    ATTACH_PARTITION = warning(
        "attach-partition",
        "`ATTACH PARTITION` takes an ACCESS EXCLUSIVE lock on the partition, and scans it unless a check \
         constraint proves that its rows fit.",
        "first add a `CHECK` with the partition's bounds as `NOT VALID` and validate it in a file of its own; \
         drop it after attaching"
    );
    DETACH_WITHOUT_CONCURRENTLY = warning(
        "detach-without-concurrently",
        "`DETACH PARTITION` takes an ACCESS EXCLUSIVE lock on the partitioned table: reads and writes queue behind it.",
        "write `DETACH PARTITION … CONCURRENTLY` (PostgreSQL 14), in a file without transaction"
    );
    PARTITION_OF = warning(
        "partition-of",
        "`CREATE TABLE … PARTITION OF` takes an ACCESS EXCLUSIVE lock on the partitioned table: reads and writes \
         queue behind it.",
        "`CREATE TABLE … (LIKE parent INCLUDING ALL)`, then `ATTACH PARTITION`, which lets reads and writes pass"
    );

    // Rewrites: the whole table is written anew under an ACCESS EXCLUSIVE lock.
    COLUMN_TYPE_CHANGE = error(
        "column-type-change",
        "Changing the type of a column rewrites the table and its indexes under an ACCESS EXCLUSIVE lock.",
        "add a new column, fill it in batches, let the application write both, then drop the old one"
    );
    VOLATILE_DEFAULT = error(
        "volatile-default",
        "A new column with a volatile default rewrites the table under an ACCESS EXCLUSIVE lock.",
        "add the column without default, `SET DEFAULT` in a second statement, and fill the old rows in batches"
    );
    STORED_GENERATED_COLUMN = error(
        "stored-generated-column",
        "A stored generated column rewrites the table under an ACCESS EXCLUSIVE lock.",
        "add a plain column, let a trigger fill it for new rows, and fill the old rows in batches; \
         PostgreSQL 18 has `VIRTUAL`, which stores nothing"
    );
    SERIAL_ON_EXISTING_TABLE = error(
        "serial-on-existing-table",
        "A new serial or identity column numbers every row: the table is rewritten under an ACCESS EXCLUSIVE lock.",
        "add a plain `bigint` column and a sequence, `SET DEFAULT nextval(…)`, and fill the old rows in batches"
    );
    SET_LOGGED = error(
        "set-logged",
        "`SET LOGGED` and `SET UNLOGGED` rewrite the table under an ACCESS EXCLUSIVE lock; an unlogged table is \
         emptied by a crash.",
        "create a new table, copy the rows in batches, and rename"
    );
    SET_TABLESPACE = error(
        "set-tablespace",
        "`SET TABLESPACE` copies the whole file under an ACCESS EXCLUSIVE lock.",
        "use `pg_repack --tablespace`, or create a new table there and copy the rows in batches"
    );
    SET_ACCESS_METHOD = error(
        "set-access-method",
        "`SET ACCESS METHOD` rewrites the table under an ACCESS EXCLUSIVE lock.",
        "create a new table with it, copy the rows in batches, and rename"
    );

    // What fails, or breaks those who use the database.
    NOT_NULL_WITHOUT_DEFAULT = error(
        "not-null-without-default",
        "A new column that is NOT NULL and has no default fails as soon as the table holds a row.",
        "give it a constant `DEFAULT`, which rewrites nothing (PostgreSQL 11); or add it without `NOT NULL`, \
         fill it, and see `set-not-null`"
    );
    DROP_TABLE = warning(
        "drop-table",
        "The rows are gone, and code that still reads the table fails.",
        "deploy code that does not use it first; rename it away, and drop it in a later migration"
    );
    DROP_COLUMN = warning(
        "drop-column",
        "The values are gone, and code that still reads or writes the column fails.",
        "deploy code that does not use it first, then drop it in a later migration"
    );
    DROP_VIEW = warning(
        "drop-view",
        "Code that still reads the view fails.",
        "deploy code that does not use it first; to change it, `CREATE OR REPLACE VIEW` in the same transaction"
    );
    DROP_TYPE = warning(
        "drop-type",
        "Code that still names the type, in casts or parameters, fails.",
        "deploy code that does not use it first, then drop it in a later migration"
    );
    DROP_SCHEMA = warning(
        "drop-schema",
        "Everything in the schema is gone, and code that still uses it fails.",
        "deploy code that does not use it first, then drop what is in it one by one"
    );
    RENAME_COLUMN = warning(
        "rename-column",
        "Code that uses the old name fails from this moment, and code that uses the new one failed before.",
        "add a new column, write both, switch the readers, then drop the old one; or keep the name and \
         rename in a view"
    );
    RENAME_TABLE = warning(
        "rename-table",
        "Code that uses the old name fails from this moment, and code that uses the new one failed before.",
        "leave a view with the old name in the same transaction: `CREATE VIEW old AS SELECT * FROM new`"
    );
    DISABLE_TRIGGER = warning(
        "disable-trigger",
        "While a trigger is off, what it would have done or refused is missing from the rows that are written.",
        "enable it again in the same transaction"
    );
    TRUNCATE = warning(
        "truncate",
        "`TRUNCATE` loses every row and takes an ACCESS EXCLUSIVE lock: reads and writes queue behind it.",
        "`DELETE` in batches, or keep it out of migrations"
    );
    CASCADE = error(
        "cascade",
        "`CASCADE` drops or empties everything that depends on it, whatever that is in this database.",
        "name each object to drop, in its order; without `CASCADE` the server lists what depends on it"
    );
    MISSING_ROLLBACK = warning(
        "missing-rollback",
        "Without a rollback file the migration cannot be taken back.",
        "derive one with `poststack db create-rollback`, and check it with `poststack db migrate --rehearse`"
    );

    // Types that bite later.
    CHAR_TYPE = warning(
        "char-type",
        "`char(n)` pads with spaces, which comparisons then ignore in some places and not in others.",
        "use `text`, with a `CHECK` on its length where that matters"
    );
    TIMESTAMP_WITHOUT_TIME_ZONE = warning(
        "timestamp-without-time-zone",
        "`timestamp` keeps no moment: what it means depends on the time zone of whoever reads it.",
        "use `timestamptz`"
    );
    JSON_TYPE = warning(
        "json-type",
        "`json` has no equality, so that DISTINCT, GROUP BY and UNION fail on it, and no operators to search in it.",
        "use `jsonb`"
    );
    MONEY_TYPE = warning(
        "money-type",
        "`money` depends on the server's `lc_monetary`: a dump read elsewhere changes the values.",
        "use `numeric`, and a column for the currency"
    );
    SERIAL_TYPE = note(
        "serial-type",
        "The sequence of a `serial` has rights and an owner of its own, and anybody can write over its values.",
        "write `bigint GENERATED ALWAYS AS IDENTITY`"
    );
    INT_PRIMARY_KEY = note(
        "int-primary-key",
        "An `int` runs out after 2,147,483,647 rows, deleted ones counted, and widening it then rewrites the table.",
        "use `bigint`; the columns that refer to it as well"
    );
    NAME_TOO_LONG = warning(
        "name-too-long",
        "PostgreSQL cuts names after 63 bytes, and only says so in a notice.",
        "choose a shorter name"
    );

    // What does not go together in one transaction.
    NEEDS_NO_TRANSACTION = error(
        "needs-no-transaction",
        "The server refuses this statement inside a transaction.",
        "put `-- poststack: no-transaction` at the top of the file"
    );
    LOCK_TIMEOUT_OFF = warning(
        "lock-timeout-off",
        "Without lock timeout a statement that waits for its lock makes everybody behind it wait as well.",
        "leave the lock timeout on: poststack tries the file again when it runs out"
    );
    CHANGE_WITHOUT_WHERE = warning(
        "change-without-where",
        "Changing every row in one statement locks them all until it is done, and doubles the table.",
        "change the rows in batches, each a transaction of its own, outside the migration"
    );
    DATA_CHANGE_UNDER_LOCK = error(
        "data-change-under-lock",
        "Changing every row while the transaction holds the lock of a schema change makes everybody wait for it.",
        "move the change of rows into a file of its own, after this one"
    );
    ENUM_VALUE_IN_USE = error(
        "enum-value-in-use",
        "A new value of an enum cannot be used before the transaction that added it is committed.",
        "move `ALTER TYPE … ADD VALUE` into a file of its own, before this one"
    );
    NOT_CHECKED = note(
        "not-checked",
        "Lint does not understand the statement; the server may.",
        "look at it yourself: which locks it takes, and for how long"
    );
}
