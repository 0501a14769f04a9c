-- The ledger of migrations. Every statement may run twice.

CREATE SCHEMA IF NOT EXISTS poststack;
COMMENT ON SCHEMA poststack IS 'kept by poststack';

CREATE TABLE IF NOT EXISTS poststack.schema_migrations (
    version           text PRIMARY KEY CHECK (version ~ '^[0-9]+$'),
    name              text NOT NULL,
    checksum          text NOT NULL,
    applied_at        timestamptz NOT NULL DEFAULT now(),
    execution_time_ms double precision NOT NULL,
    applied_by        text NOT NULL DEFAULT session_user,
    up_sql            text NOT NULL,
    down_sql          text,
    down_checksum     text,
    tool_version      text NOT NULL
);
COMMENT ON TABLE poststack.schema_migrations IS 'the ledger: one row for each applied migration';
COMMENT ON COLUMN poststack.schema_migrations.version IS 'as written in the file name; 1 and 001 are the same version';
COMMENT ON COLUMN poststack.schema_migrations.checksum IS 'SHA-256 of up_sql with line ends as LF, in hexadecimal';
COMMENT ON COLUMN poststack.schema_migrations.down_checksum IS 'likewise of down_sql';
