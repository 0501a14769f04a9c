SELECT n.nspname::text, c.relname::text, o.conname::text,
       CASE o.contype WHEN 'c' THEN 'check' WHEN 'f' THEN 'foreign key' WHEN 'p' THEN 'primary key'
                      WHEN 'u' THEN 'unique' ELSE 'exclusion' END,
       pg_get_constraintdef(o.oid), o.convalidated
  FROM pg_constraint o
  JOIN pg_class c ON c.oid = o.conrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE o.contype IN ('c', 'f', 'p', 'u', 'x') AND c.relkind IN ('r', 'p', 'f')
   AND n.nspname !~ '^(pg_|information_schema$|poststack$)'
   AND ($1::text IS NULL OR n.nspname = $1) AND ($2::text IS NULL OR c.relname = $2)
   AND ($3::text IS NULL OR $3 IN (n.nspname, c.relname))
 ORDER BY n.nspname, c.relname, o.contype <> 'p', o.conname
