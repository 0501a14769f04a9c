SELECT 'c' || c.oid || ' t' || c.reltype AS keys,
       CASE c.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END AS kind,
       n.nspname AS schema, c.relname AS name, pg_get_userbyid(c.relowner) AS owner,
       rtrim(pg_get_viewdef(c.oid), ';') AS definition,
       (SELECT string_agg(o, E'\n' ORDER BY o) FROM unnest(c.reloptions) o) AS options,
       CASE WHEN c.reltablespace <> 0 THEN
         (SELECT spcname FROM pg_tablespace WHERE oid = c.reltablespace) END AS tablespace,
       CASE WHEN c.relam NOT IN (0, 2) THEN (SELECT amname FROM pg_am WHERE oid = c.relam) END AS access_method
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('v', 'm')
   AND n.nspname !~ '^(pg_|information_schema$|poststack$)'
   AND c.oid NOT IN (SELECT objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass
                                                   AND classid = 'pg_class'::regclass AND deptype = 'e');
