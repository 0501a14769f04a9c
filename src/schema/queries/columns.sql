-- Columns of tables, in order. Those of views and composite types are read for what may be said of
-- them alone: default, statistics, comment, privileges.
SELECT 'c' || c.oid || '.' || a.attnum AS keys, 'column' AS kind,
       n.nspname AS schema, c.relname AS "table", a.attname AS name,
       CASE WHEN c.relkind IN ('r', 'p') THEN format_type(a.atttypid, a.atttypmod) END AS type,
       CASE WHEN c.relkind IN ('r', 'p') AND a.attcollation <> t.typcollation THEN
         (SELECT quote_ident(cn.nspname) || '.' || quote_ident(l.collname)
            FROM pg_collation l JOIN pg_namespace cn ON cn.oid = l.collnamespace
           WHERE l.oid = a.attcollation) END AS collation,
       -- A default names no column, so it can do without the table.
       CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, 0) END AS "default",
       CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END AS generated,
       CASE WHEN a.attgenerated = 'v' THEN 'true' END AS virtual,
       CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END AS identity,
       CASE WHEN a.attnotnull THEN 'true' END AS not_null,
       CASE WHEN c.relkind IN ('r', 'p', 'm') AND a.attstorage <> t.typstorage
            THEN CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL'
                                   WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END AS storage,
       CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END AS compression, -- since 14
       CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END AS statistics,
       -- Since 15.20 and its like the server keeps a number of its own there, `pg_attver`.
       CASE WHEN cardinality(a.attoptions) > 1 OR a.attoptions[1] !~ '^pg_' THEN
         (SELECT string_agg(o, E'\n') FROM unnest(a.attoptions) AS options (o) WHERE o !~ '^pg_') END AS options,
       CASE WHEN NOT a.attislocal THEN 'true' END AS inherited,
       -- Here and not in privileges.sql, which would go through all columns once more.
       CASE WHEN a.attacl IS NOT NULL THEN
         (SELECT string_agg(line, E'\n' ORDER BY line)
            FROM (SELECT 'GRANT ' || string_agg(privilege_type, ', ' ORDER BY privilege_type)
                         || CASE grantee WHEN 0 THEN ' TO PUBLIC' WHEN c.relowner THEN ' TO OWNER'
                                         ELSE ' TO ' || quote_ident(pg_get_userbyid(grantee)) END
                         || CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
                    FROM aclexplode(a.attacl) GROUP BY grantee, is_grantable) AS lines (line)) END AS privileges
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON a.atthasdef AND d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'c') AND a.attnum > 0 AND NOT a.attisdropped
   AND n.nspname !~ '^(pg_|information_schema$|poststack$)'
   AND c.oid NOT IN (SELECT objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass
                                                   AND classid = 'pg_class'::regclass AND deptype = 'e')
 ORDER BY a.attrelid, a.attnum;
