//! Locks that make others wait, and rewrites: bad forms with the place that is marked, good forms
//! that nothing is said of.

use super::*;

#[test]
fn indexes_and_views_are_built_concurrently() {
    rule(
        "index-without-concurrently",
        &[
            "«CREATE INDEX ON t» (a)",
            "SELECT 1; «create unique /* ; */ index i on public.t» using gin (a) where b",
            "CREATE TABLE other (a int); «CREATE INDEX i ON \"Other\"» (a)",
        ],
        &[
            "-- poststack: no-transaction\nCREATE INDEX CONCURRENTLY i ON t (a)",
            "CREATE TABLE t (a int); CREATE INDEX i ON t (a)",
            "CREATE TABLE app.t (a int); CREATE INDEX i ON APP.\"t\" (a)",
            "CREATE TABLE public.t (a int); CREATE INDEX i ON t (a)",
            "CREATE TABLE t AS SELECT 1 AS a; CREATE INDEX i ON t (a)",
            "SELECT 1 AS a INTO t; CREATE INDEX i ON t (a)",
            "CREATE MATERIALIZED VIEW t AS SELECT 1 AS a; CREATE INDEX i ON t (a)",
            "CREATE TABLE s (a int); ALTER TABLE s RENAME TO t; CREATE INDEX i ON t (a)",
            "CREATE INDEX i ON ONLY t (a)",
        ],
    );
    rule(
        "drop-index-without-concurrently",
        &["DROP INDEX «i»", "DROP INDEX IF EXISTS «app.i», j"],
        &[
            "-- poststack: no-transaction\nDROP INDEX CONCURRENTLY i",
            "CREATE TABLE t (a int); CREATE INDEX i ON t (a); DROP INDEX i",
        ],
    );
    rule(
        "reindex-without-concurrently",
        &[
            "«REINDEX TABLE t»",
            "«REINDEX (VERBOSE) INDEX i»",
            "«REINDEX (CONCURRENTLY off) INDEX i»",
        ],
        &[
            "-- poststack: no-transaction\nREINDEX TABLE CONCURRENTLY t",
            "-- poststack: no-transaction\nREINDEX (CONCURRENTLY) INDEX i",
            "CREATE TABLE t (a int); REINDEX TABLE t",
        ],
    );
    rule(
        "refresh-without-concurrently",
        &["«REFRESH MATERIALIZED VIEW v»"],
        &[
            "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
            "CREATE MATERIALIZED VIEW v AS SELECT 1 WITH NO DATA; REFRESH MATERIALIZED VIEW v",
        ],
    );
}

#[test]
fn constraints_are_validated_later() {
    rule(
        "foreign-key-without-not-valid",
        &[
            "ALTER TABLE t ADD «CONSTRAINT f FOREIGN KEY (a) REFERENCES u (id) ON DELETE CASCADE»",
            "ALTER TABLE t ADD «FOREIGN KEY (a) REFERENCES u»",
            "ALTER TABLE t ADD COLUMN a int DEFAULT 1 «REFERENCES u»",
        ],
        &[
            "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (id) NOT VALID",
            "ALTER TABLE t ADD COLUMN a int REFERENCES u",
            "CREATE TABLE t (a int REFERENCES u)",
            "CREATE TABLE t (a int); ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u",
        ],
    );
    rule(
        "check-without-not-valid",
        &[
            "ALTER TABLE t ADD «CONSTRAINT c CHECK (a > 0)»",
            "ALTER TABLE ONLY t ADD «CHECK (a > 0)»",
            "ALTER TABLE t ADD COLUMN a int «CHECK (a > 0)»",
            "ALTER DOMAIN d «ADD CONSTRAINT c CHECK (VALUE > 0)»",
        ],
        &[
            "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID",
            "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT ENFORCED",
            "ALTER TABLE t VALIDATE CONSTRAINT c",
            "ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID",
            "CREATE DOMAIN d AS int; ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0)",
            "CREATE TABLE t (a int CHECK (a > 0), CHECK (a < 9))",
        ],
    );
    rule(
        "set-not-null",
        &[
            "ALTER TABLE t ALTER COLUMN a «SET NOT NULL»",
            "ALTER TABLE t ADD «CONSTRAINT n NOT NULL a»",
            "ALTER DOMAIN d «SET NOT NULL»",
        ],
        &[
            "ALTER TABLE t VALIDATE CONSTRAINT c; ALTER TABLE t ALTER a SET NOT NULL, DROP CONSTRAINT c",
            "ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID",
            "ALTER TABLE t ALTER a DROP NOT NULL",
            "CREATE TABLE t (a int); ALTER TABLE t ALTER a SET NOT NULL",
        ],
    );
}

#[test]
fn constraints_take_an_index_that_is_there() {
    rule(
        "constraint-builds-index",
        &[
            "ALTER TABLE t ADD «UNIQUE (a)»",
            "ALTER TABLE t ADD «CONSTRAINT p PRIMARY KEY (a)»",
            "ALTER TABLE t ADD «EXCLUDE USING gist (a WITH &&)»",
            "ALTER TABLE t ADD COLUMN a int «UNIQUE»",
        ],
        &[
            "ALTER TABLE t ADD CONSTRAINT u UNIQUE USING INDEX i",
            "ALTER TABLE t ADD PRIMARY KEY USING INDEX i",
            "CREATE TABLE t (a bigint PRIMARY KEY, UNIQUE (a))",
        ],
    );
    rule(
        "validate-in-same-transaction",
        &[
            "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE public.t «VALIDATE CONSTRAINT \"c\"»",
        ],
        &[
            "-- poststack: no-transaction\nALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c",
        ],
    );
}

#[test]
fn nothing_locks_whole_tables() {
    rule(
        "create-trigger",
        &["«CREATE TRIGGER g BEFORE INSERT ON t» FOR EACH ROW EXECUTE FUNCTION f()"],
        &[
            "CREATE TABLE t (); CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
        ],
    );
    rule(
        "cluster",
        &["«CLUSTER t USING i»", "«CLUSTER»"],
        &["CREATE TABLE t (); CLUSTER t"],
    );
    rule(
        "vacuum-full",
        &[
            "-- poststack: no-transaction\n«VACUUM FULL t»",
            "-- poststack: no-transaction\n«VACUUM (ANALYZE, FULL) t»",
        ],
        &["VACUUM (ANALYZE, FULL false) t"],
    );
    rule(
        "lock-table",
        &[
            "«LOCK TABLE t»",
            "«LOCK t IN SHARE MODE»",
            "«LOCK TABLE ONLY t IN EXCLUSIVE MODE NOWAIT»",
        ],
        &[
            "LOCK TABLE t IN ROW EXCLUSIVE MODE",
            "CREATE TABLE t (); LOCK TABLE t",
        ],
    );
    rule(
        "attach-partition",
        &["ALTER TABLE t «ATTACH PARTITION p FOR VALUES IN (1)»"],
        &["CREATE TABLE p (a int); ALTER TABLE t ATTACH PARTITION p FOR VALUES IN (1)"],
    );
    rule(
        "detach-without-concurrently",
        &["ALTER TABLE t «DETACH PARTITION p»"],
        &[
            "-- poststack: no-transaction\nALTER TABLE t DETACH PARTITION p CONCURRENTLY",
            "ALTER TABLE t DETACH PARTITION p FINALIZE",
        ],
    );
    rule(
        "partition-of",
        &["CREATE TABLE p «PARTITION OF t» FOR VALUES IN (1)"],
        &[
            "CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE p PARTITION OF t FOR VALUES IN (1)",
        ],
    );
}

#[test]
fn nothing_rewrites_a_table() {
    rule(
        "column-type-change",
        &[
            "ALTER TABLE t ALTER COLUMN a «TYPE bigint»",
            "ALTER TABLE t ALTER a «SET DATA TYPE varchar(5)»",
            "ALTER TABLE t ALTER a «TYPE text USING a::text»",
        ],
        &["CREATE TABLE t (a int); ALTER TABLE t ALTER a TYPE bigint"],
    );
    rule(
        "volatile-default",
        &[
            "ALTER TABLE t ADD COLUMN a uuid DEFAULT «gen_random_uuid()»",
            "ALTER TABLE t ADD a int NOT NULL DEFAULT «1 + pg_catalog.random()::int»",
            "ALTER TABLE t ADD a bigint DEFAULT «NEXTVAL('s')»",
            "ALTER TABLE t ADD a int DEFAULT «app.number()»",
        ],
        &[
            "ALTER TABLE t ADD a timestamptz NOT NULL DEFAULT now()",
            "ALTER TABLE t ADD a timestamptz DEFAULT CURRENT_TIMESTAMP",
            "ALTER TABLE t ADD a jsonb NOT NULL DEFAULT '{}'::jsonb",
            "ALTER TABLE t ADD a int[] DEFAULT ARRAY[1, 2]",
            "ALTER TABLE t ADD a boolean DEFAULT false NOT NULL",
            "ALTER TABLE t ALTER a SET DEFAULT gen_random_uuid()",
        ],
    );
}

#[test]
fn nothing_copies_a_table() {
    rule(
        "stored-generated-column",
        &[
            "ALTER TABLE t ADD a int «GENERATED ALWAYS AS (b * 2) STORED»",
            "ALTER TABLE t ALTER a «SET EXPRESSION AS (b * 3)»",
        ],
        &[
            "ALTER TABLE t ADD a int GENERATED ALWAYS AS (b * 2) VIRTUAL",
            "CREATE TABLE t (b int, a int GENERATED ALWAYS AS (b * 2) STORED)",
        ],
    );
    rule(
        "serial-on-existing-table",
        &[
            "ALTER TABLE t ADD COLUMN id «bigserial» NOT NULL",
            "ALTER TABLE t ADD id bigint «GENERATED ALWAYS AS IDENTITY»",
        ],
        &["CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY)"],
    );
    rule(
        "set-logged",
        &["ALTER TABLE t «SET LOGGED»", "ALTER TABLE t «SET UNLOGGED»"],
        &[],
    );
    rule(
        "set-tablespace",
        &[
            "ALTER TABLE t «SET TABLESPACE s»",
            "ALTER INDEX i «SET TABLESPACE s»",
            "ALTER MATERIALIZED VIEW v «SET TABLESPACE s»",
            "ALTER TABLE «ALL IN TABLESPACE a SET TABLESPACE b»",
        ],
        &[
            "CREATE TABLE t (); ALTER TABLE t SET TABLESPACE s",
            "ALTER INDEX i RENAME TO j",
        ],
    );
    rule(
        "set-access-method",
        &["ALTER TABLE t «SET ACCESS METHOD columnar»"],
        &[],
    );
}

#[test]
fn a_type_without_limit_may_need_no_rewrite() {
    assert_eq!(
        severity_of("ALTER TABLE t ALTER a TYPE text"),
        Severity::Warning
    );
    assert_eq!(
        severity_of("ALTER TABLE t ALTER a TYPE int"),
        Severity::Error
    );
    assert_eq!(
        severity_of("ALTER TABLE t ADD a int DEFAULT app.f()"),
        Severity::Warning
    );
    assert_eq!(
        severity_of("ALTER TABLE t ADD a float8 DEFAULT random()"),
        Severity::Error
    );
}
