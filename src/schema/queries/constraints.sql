-- Constraints of tables with what their index adds. Copies of a foreign key that partitions have
-- follow from the partitioned table's; those for NOT NULL are a property of their column.
SELECT 'o' || o.oid || CASE WHEN i.indexrelid IS NOT NULL THEN ' c' || i.indexrelid ELSE '' END AS keys,
       'constraint' AS kind, n.nspname AS schema, c.relname AS "table", o.conname AS name,
       CASE o.contype WHEN 'c' THEN 'check' WHEN 'f' THEN 'foreign key' WHEN 'p' THEN 'primary key'
                      WHEN 'u' THEN 'unique' ELSE 'exclusion' END AS constraint_type,
       pg_get_constraintdef(o.oid) AS definition,
       CASE WHEN NOT o.conislocal THEN 'true' END AS inherited,
       array_to_string(ic.reloptions, E'\n') AS options,
       CASE WHEN ic.reltablespace <> 0 THEN
         (SELECT spcname FROM pg_tablespace WHERE oid = ic.reltablespace) END AS tablespace,
       CASE WHEN ic.relispartition THEN (SELECT quote_ident(pn.nspname) || '.' || quote_ident(pc.relname)
          FROM pg_inherits h JOIN pg_class pc ON pc.oid = h.inhparent JOIN pg_namespace pn ON pn.oid = pc.relnamespace
         WHERE h.inhrelid = i.indexrelid) END AS attached_to,
       CASE WHEN i.indisclustered THEN 'true' END AS clustered,
       CASE WHEN i.indisreplident THEN 'true' END AS replica_identity,
       CASE WHEN NOT i.indisvalid THEN 'true' END AS invalid
  FROM pg_constraint o
  JOIN pg_class c ON c.oid = o.conrelid
  JOIN pg_namespace n ON n.oid = o.connamespace
  LEFT JOIN pg_index i ON i.indexrelid = o.conindid AND o.contype IN ('p', 'u', 'x')
  LEFT JOIN pg_class ic ON ic.oid = i.indexrelid
 WHERE o.contype IN ('c', 'f', 'p', 'u', 'x') AND NOT (o.contype = 'f' AND o.conparentid <> 0)
   AND c.relkind IN ('r', 'p')
   AND n.nspname !~ '^(pg_|information_schema$|poststack$)'
   AND c.oid NOT IN (SELECT objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass
                                                   AND classid = 'pg_class'::regclass AND deptype = 'e');
