SELECT n.nspname::text, c.relname::text, x.relname::text, pg_get_indexdef(x.oid),
       i.indisunique, i.indisprimary, i.indisvalid, pg_relation_size(x.oid),
       s.idx_scan
  FROM pg_index i
  JOIN pg_class x ON x.oid = i.indexrelid
  JOIN pg_class c ON c.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_stat_user_indexes s ON s.indexrelid = x.oid
 WHERE c.relkind IN ('r', 'p', 'm')
   AND n.nspname !~ '^(pg_|information_schema$|poststack$)'
   AND ($1::text IS NULL OR n.nspname = $1) AND ($2::text IS NULL OR c.relname = $2)
   AND ($3::text IS NULL OR $3 IN (n.nspname, c.relname))
 ORDER BY n.nspname, c.relname, NOT i.indisprimary, x.relname
