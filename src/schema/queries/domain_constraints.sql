SELECT 'o' || o.oid AS keys, 'domain constraint' AS kind, n.nspname AS schema, t.typname AS "table",
       o.conname AS name, pg_get_constraintdef(o.oid) AS definition
  FROM pg_constraint o
  JOIN pg_type t ON t.oid = o.contypid
  JOIN pg_namespace n ON n.oid = t.typnamespace
 WHERE o.contype = 'c' AND o.contypid <> 0
   AND n.nspname !~ '^(pg_|information_schema$|poststack$)'
   AND t.oid NOT IN (SELECT objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass
                                                   AND classid = 'pg_type'::regclass AND deptype = 'e');
