SELECT 'w' || w.oid AS keys, 'rule' AS kind, n.nspname AS schema, c.relname AS "table", w.rulename AS name,
       rtrim(pg_get_ruledef(w.oid), ';') AS definition,
       CASE w.ev_enabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END AS enabled
  FROM pg_rewrite w
  JOIN pg_class c ON c.oid = w.ev_class
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE w.rulename <> '_RETURN' AND w.oid >= 16384
   AND n.nspname !~ '^(pg_|information_schema$|poststack$)'
   AND c.oid NOT IN (SELECT objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass
                                                   AND classid = 'pg_class'::regclass AND deptype = 'e');
