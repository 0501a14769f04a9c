-- Applied once, by `poststack env start` or `poststack db migrate`. A change of the schema is a new
-- file: poststack db new add_priority
CREATE TABLE jobs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task text NOT NULL,
    done_at timestamptz
);

-- The worker looks for the oldest open one.
CREATE INDEX jobs_open ON jobs (id) WHERE done_at IS NULL;
