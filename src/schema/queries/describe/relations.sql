-- $1, $2: schema and name, each NULL for any; $3: a name that either may have, or NULL.
-- A partitioned table is as large as its partitions.
SELECT n.nspname::text, c.relname::text,
       CASE c.relkind WHEN 'r' THEN CASE WHEN c.relispartition THEN 'partition' ELSE 'table' END
                      WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view'
                      WHEN 'f' THEN 'foreign table' ELSE 'materialized view' END,
       pg_get_userbyid(c.relowner)::text, obj_description(c.oid, 'pg_class'),
       coalesce(sum(pg_relation_size(p.oid, 'main') + pg_relation_size(p.oid, 'fsm')
                    + pg_relation_size(p.oid, 'vm') + pg_relation_size(p.oid, 'init')), 0)::int8,
       coalesce(sum(pg_indexes_size(p.oid)), 0)::int8,
       coalesce(sum(pg_total_relation_size(nullif(p.reltoastrelid, 0))), 0)::int8,
       -- Tables that were never analyzed say -1, before version 14 0 of 0 pages.
       sum(CASE WHEN p.reltuples < 0 OR p.relpages = 0 AND p.reltuples = 0 AND pg_relation_size(p.oid) > 0
                THEN NULL ELSE p.reltuples END)::int8
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN LATERAL (
         SELECT c.oid WHERE c.relkind IN ('r', 'm')
         UNION ALL
         SELECT relid FROM pg_partition_tree(c.oid) WHERE c.relkind = 'p' AND isleaf
       ) l ON true
  LEFT JOIN pg_class p ON p.oid = l.oid
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
   AND n.nspname !~ '^(pg_|information_schema$|poststack$)'
   AND ($1::text IS NULL OR n.nspname = $1) AND ($2::text IS NULL OR c.relname = $2)
   AND ($3::text IS NULL OR $3 IN (n.nspname, c.relname))
 GROUP BY n.nspname, c.oid
 ORDER BY n.nspname, c.relname
