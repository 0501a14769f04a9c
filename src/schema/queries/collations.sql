-- The columns of the locale bear other names in other versions, so each row is looked into by name.
SELECT 'l' || l.oid AS keys, 'collation' AS kind, n.nspname AS schema, l.collname AS name,
       pg_get_userbyid(l.collowner) AS owner,
       concat_ws(', ',
         'provider = ' || CASE l.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END,
         CASE WHEN NOT l.collisdeterministic THEN 'deterministic = false' END,
         coalesce('locale = ' || quote_literal(coalesce(j.row ->> 'colllocale', j.row ->> 'colliculocale')),
                  CASE WHEN l.collcollate = l.collctype THEN 'locale = ' || quote_literal(l.collcollate)
                       ELSE 'lc_collate = ' || quote_literal(l.collcollate)
                            || ', lc_ctype = ' || quote_literal(l.collctype) END),
         'rules = ' || quote_literal(j.row ->> 'collicurules')) AS definition
  FROM pg_collation l
  JOIN pg_namespace n ON n.oid = l.collnamespace
 CROSS JOIN LATERAL (SELECT to_jsonb(l) AS row) j
 WHERE n.nspname !~ '^(pg_|information_schema$|poststack$)'
   AND l.oid NOT IN (SELECT objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass
                                                   AND classid = 'pg_collation'::regclass AND deptype = 'e');
