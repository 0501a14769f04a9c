-- poststack's own schema: what it remembers inside a database. Every statement may run twice.

CREATE SCHEMA IF NOT EXISTS poststack;
COMMENT ON SCHEMA poststack IS 'kept by poststack';

CREATE TABLE IF NOT EXISTS poststack.system_info (
    key        text PRIMARY KEY,
    value      text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE poststack.system_info IS 'facts about this database, schema_version among them';

CREATE TABLE IF NOT EXISTS poststack.services (
    environment     text NOT NULL,
    name            text NOT NULL,
    role            text NOT NULL,
    image           text NOT NULL,
    definition_hash text,
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (environment, name)
);
COMMENT ON TABLE poststack.services IS 'services as they were last deployed beside this database';

CREATE TABLE IF NOT EXISTS poststack.containers (
    id          text PRIMARY KEY,
    environment text NOT NULL,
    service     text NOT NULL,
    name        text NOT NULL,
    image_id    text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    removed_at  timestamptz,
    FOREIGN KEY (environment, service) REFERENCES poststack.services (environment, name)
        ON UPDATE CASCADE ON DELETE CASCADE
);
COMMENT ON TABLE poststack.containers IS 'containers those services ran in';

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
CREATE UNIQUE INDEX IF NOT EXISTS schema_migrations_number
    ON poststack.schema_migrations ((version::numeric));

CREATE TABLE IF NOT EXISTS poststack.repeatable_migrations (
    name              text PRIMARY KEY,
    checksum          text NOT NULL,
    applied_at        timestamptz NOT NULL DEFAULT now(),
    execution_time_ms double precision NOT NULL,
    applied_by        text NOT NULL DEFAULT session_user,
    sql               text NOT NULL,
    tool_version      text NOT NULL
);
COMMENT ON TABLE poststack.repeatable_migrations IS 'repeatable migrations as they were applied last';

CREATE TABLE IF NOT EXISTS poststack.unfinished_migrations (
    file            text PRIMARY KEY,
    checksum        text NOT NULL,
    statements      integer NOT NULL,
    statements_done integer NOT NULL,
    done_checksum   text NOT NULL,
    in_flight       boolean NOT NULL DEFAULT false,
    started_at      timestamptz NOT NULL DEFAULT now(),
    error           text
);
COMMENT ON TABLE poststack.unfinished_migrations IS 'files without a transaction that stopped between their statements';
COMMENT ON COLUMN poststack.unfinished_migrations.done_checksum IS 'SHA-256 of the text up to the end of the last done statement';
COMMENT ON COLUMN poststack.unfinished_migrations.in_flight IS 'the next statement was sent, and nobody heard how it ended';

INSERT INTO poststack.system_info (key, value) VALUES ('schema_version', '1')
    ON CONFLICT (key) DO NOTHING;
