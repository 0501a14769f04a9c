-- Takes away what poststack remembers of the database and the services beside it.

DROP TABLE IF EXISTS poststack.containers;
DROP TABLE IF EXISTS poststack.services;
DROP TABLE IF EXISTS poststack.system_info;
