-- Indexes that no constraint owns.
SELECT 'c' || x.oid AS keys, 'index' AS kind, n.nspname AS schema, c.relname AS "table", x.relname AS name,
       pg_get_indexdef(x.oid) AS definition,
       CASE WHEN x.reltablespace <> 0 THEN
         (SELECT spcname FROM pg_tablespace WHERE oid = x.reltablespace) END AS tablespace,
       CASE WHEN x.relispartition THEN (SELECT quote_ident(pn.nspname) || '.' || quote_ident(pc.relname)
          FROM pg_inherits h JOIN pg_class pc ON pc.oid = h.inhparent JOIN pg_namespace pn ON pn.oid = pc.relnamespace
         WHERE h.inhrelid = x.oid) END AS attached_to,
       CASE WHEN i.indisclustered THEN 'true' END AS clustered,
       CASE WHEN i.indisreplident THEN 'true' END AS replica_identity,
       CASE WHEN NOT i.indisvalid THEN 'true' END AS invalid
  FROM pg_index i
  JOIN pg_class x ON x.oid = i.indexrelid
  JOIN pg_class c ON c.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = x.relnamespace
 WHERE n.nspname !~ '^(pg_|information_schema$|poststack$)'
   AND x.oid NOT IN (SELECT conindid FROM pg_constraint WHERE contype IN ('p', 'u', 'x'))
   AND c.oid NOT IN (SELECT objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass
                                                   AND classid = 'pg_class'::regclass AND deptype = 'e');
