SELECT 'g' || g.oid AS keys, 'trigger' AS kind, n.nspname AS schema, c.relname AS "table", g.tgname AS name,
       pg_get_triggerdef(g.oid) AS definition,
       CASE g.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END AS enabled
  FROM pg_trigger g
  JOIN pg_class c ON c.oid = g.tgrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE NOT g.tgisinternal
   AND g.tgparentid = 0 -- since 13
   AND n.nspname !~ '^(pg_|information_schema$|poststack$)'
   AND g.oid NOT IN (SELECT objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass
                                                   AND classid = 'pg_trigger'::regclass AND deptype = 'e')
   AND c.oid NOT IN (SELECT objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass
                                                   AND classid = 'pg_class'::regclass AND deptype = 'e');
