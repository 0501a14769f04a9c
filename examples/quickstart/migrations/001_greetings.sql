SET client_min_messages = warning;

CREATE TABLE IF NOT EXISTS greetings (
    id integer PRIMARY KEY,
    message text NOT NULL
);

INSERT INTO greetings (id, message)
VALUES (1, 'from a row in PostgreSQL')
ON CONFLICT (id) DO NOTHING;
