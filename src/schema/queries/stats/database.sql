SELECT current_setting('server_version'),
       date_part('epoch', clock_timestamp() - pg_postmaster_start_time()),
       d.datname::text, pg_database_size(d.datid), current_setting('max_connections')::int8,
       d.xact_commit, d.xact_rollback, d.blks_hit, d.blks_read, d.deadlocks, d.temp_files, d.temp_bytes,
       date_part('epoch', clock_timestamp() - d.stats_reset)
  FROM pg_stat_database d
 WHERE d.datname = current_database()
