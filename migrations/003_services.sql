-- What poststack remembers of the database and the services beside it. Every statement may run
-- twice.

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

INSERT INTO poststack.system_info (key, value) VALUES ('schema_version', '1')
    ON CONFLICT (key) DO NOTHING;
