-- Takes away what the ledger keeps of repeatable and half-run files.

DROP TABLE IF EXISTS poststack.unfinished_migrations;
DROP TABLE IF EXISTS poststack.repeatable_migrations;
