-- Takes away everything poststack remembers inside a database, its ledger too.

DROP TABLE IF EXISTS poststack.unfinished_migrations;
DROP TABLE IF EXISTS poststack.repeatable_migrations;
DROP TABLE IF EXISTS poststack.schema_migrations;
DROP TABLE IF EXISTS poststack.containers;
DROP TABLE IF EXISTS poststack.services;
DROP TABLE IF EXISTS poststack.system_info;
DROP SCHEMA IF EXISTS poststack;
