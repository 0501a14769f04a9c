-- Sessions of clients in this database, ours not counted. Others' states show to members of
-- `pg_read_all_stats` alone.
SELECT coalesce(state, 'unknown'), count(*)
  FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
 GROUP BY 1
 ORDER BY 1
