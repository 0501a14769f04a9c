-- Its statement is not asked for: it may hold secrets.
SELECT pid, usename::text, application_name, client_addr::text, coalesce(state, 'unknown'),
       date_part('epoch', clock_timestamp() - xact_start)
  FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
   AND backend_type = 'client backend'
 ORDER BY xact_start
 LIMIT 1
