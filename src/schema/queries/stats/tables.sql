SELECT s.schemaname::text, s.relname::text, pg_total_relation_size(s.relid), pg_relation_size(s.relid),
       s.n_live_tup, s.n_dead_tup, s.seq_scan, s.seq_tup_read, coalesce(s.idx_scan, 0),
       date_part('epoch', clock_timestamp() - greatest(s.last_vacuum, s.last_autovacuum)),
       date_part('epoch', clock_timestamp() - greatest(s.last_analyze, s.last_autoanalyze))
  FROM pg_stat_user_tables s
 WHERE s.schemaname !~ '^(pg_|information_schema$|poststack$)'
