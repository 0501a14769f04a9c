-- Takes away the ledger, and with it the knowledge of what was applied.

DROP TABLE IF EXISTS poststack.schema_migrations;
DROP SCHEMA IF EXISTS poststack;
