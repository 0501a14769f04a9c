-- Indexes that only serve reading and were never read, and those a failed build left.
SELECT s.schemaname::text, s.relname::text, s.indexrelname::text, pg_relation_size(s.indexrelid), i.indisvalid
  FROM pg_stat_user_indexes s
  JOIN pg_index i ON i.indexrelid = s.indexrelid
 WHERE s.schemaname !~ '^(pg_|information_schema$|poststack$)'
   AND (NOT i.indisvalid OR s.idx_scan = 0 AND NOT i.indisunique AND NOT i.indisexclusion AND NOT i.indisreplident)
 ORDER BY 4 DESC, 1, 3
