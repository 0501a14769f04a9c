#!/bin/bash
# Writes the configuration of the pool from the variables of the environment, then becomes
# PgBouncer, which gets the signals of a stop.
set -euo pipefail
umask 077
cd /run/pgbouncer

# In this file a quote is doubled.
quoted() { printf '"%s"' "${1//\"/\"\"}"; }
printf '%s %s\n' "$(quoted "$DB_USER")" "$(quoted "$DB_PASSWORD")" > users.txt

cat > pgbouncer.ini << INI
[databases]
* = host=$DB_HOST port=$DB_PORT

[pgbouncer]
listen_addr = *
listen_port = 6432
unix_socket_dir =
auth_type = scram-sha-256
auth_file = /run/pgbouncer/users.txt
pool_mode = transaction
default_pool_size = $POOL_SIZE
max_client_conn = 200
server_connect_timeout = 5
log_connections = 0
log_disconnections = 0
INI

exec "$@"
