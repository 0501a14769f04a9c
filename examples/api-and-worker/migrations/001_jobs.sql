CREATE TABLE jobs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    input text NOT NULL,
    output text,
    created_at timestamptz NOT NULL DEFAULT now(),
    done_at timestamptz
);

-- What a worker looks for: the oldest job that is not done.
CREATE INDEX jobs_open ON jobs (id) WHERE done_at IS NULL;
