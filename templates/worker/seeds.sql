-- Data to begin with; `poststack db seed` runs this file, too.
INSERT INTO jobs (task)
SELECT 'say hello' WHERE NOT EXISTS (SELECT FROM jobs);
