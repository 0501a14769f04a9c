-- Schemas. What `initdb` gives to `public` counts as nothing said.
SELECT 'n' || n.oid AS keys, 'schema' AS kind, n.nspname AS name,
       CASE WHEN n.nspname <> 'public' OR (n.nspowner <> 10 AND pg_get_userbyid(n.nspowner) <> 'pg_database_owner')
            THEN pg_get_userbyid(n.nspowner) END AS owner
  FROM pg_namespace n
 WHERE n.nspname !~ '^(pg_|information_schema$|poststack$)'
   AND n.oid NOT IN (SELECT objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass
                                                   AND classid = 'pg_namespace'::regclass AND deptype = 'e');
