-- What the ledger keeps of files that are not applied once and as a whole. Every statement may run
-- twice.

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
