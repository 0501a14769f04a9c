-- Data to begin with; `poststack db seed` runs this file, too.
INSERT INTO greetings (message) VALUES ('Hello from a row in PostgreSQL')
ON CONFLICT (message) DO NOTHING;
