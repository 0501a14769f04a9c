-- Ordinary and partitioned tables, partitions among both. Columns are a query of their own.
SELECT 'c' || c.oid || ' t' || c.reltype AS keys, 'table' AS kind, n.nspname AS schema, c.relname AS name,
       pg_get_userbyid(c.relowner) AS owner,
       CASE c.relpersistence WHEN 'u' THEN 'unlogged' END AS persistence,
       CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END AS partition_key,
       CASE WHEN c.relispartition THEN p.parents END AS partition_of,
       CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END AS partition_bound,
       CASE WHEN NOT c.relispartition THEN p.parents END AS inherits,
       CASE WHEN c.reloptions IS NOT NULL OR toast.reloptions IS NOT NULL THEN
         (SELECT string_agg(o, E'\n' ORDER BY o)
            FROM (SELECT unnest(c.reloptions) UNION ALL SELECT 'toast.' || unnest(toast.reloptions)) AS options (o))
         END AS options,
       CASE WHEN c.reltablespace <> 0 THEN
         (SELECT spcname FROM pg_tablespace WHERE oid = c.reltablespace) END AS tablespace,
       -- 0 is none, 2 is `heap`.
       CASE WHEN c.relam NOT IN (0, 2) THEN (SELECT amname FROM pg_am WHERE oid = c.relam) END AS access_method,
       CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END AS of_type,
       CASE WHEN c.relrowsecurity THEN 'true' END AS row_security,
       CASE WHEN c.relforcerowsecurity THEN 'true' END AS force_row_security,
       CASE c.relreplident WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'full' END AS replica_identity
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid AND toast.reloptions IS NOT NULL
  LEFT JOIN (SELECT i.inhrelid, string_agg(quote_ident(pn.nspname) || '.' || quote_ident(pc.relname),
                                           E'\n' ORDER BY i.inhseqno) AS parents
               FROM pg_inherits i
               JOIN pg_class pc ON pc.oid = i.inhparent AND pc.relkind IN ('r', 'p')
               JOIN pg_namespace pn ON pn.oid = pc.relnamespace
              GROUP BY i.inhrelid) p ON p.inhrelid = c.oid
 WHERE c.relkind IN ('r', 'p')
   AND n.nspname !~ '^(pg_|information_schema$|poststack$)'
   AND c.oid NOT IN (SELECT objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass
                                                   AND classid = 'pg_class'::regclass AND deptype = 'e');
