SELECT 'r' || o.oid AS keys, 'operator' AS kind, n.nspname AS schema,
       o.oprname || ' (' || CASE WHEN o.oprleft = 0 THEN 'NONE' ELSE format_type(o.oprleft, NULL) END || ', '
                 || CASE WHEN o.oprright = 0 THEN 'NONE' ELSE format_type(o.oprright, NULL) END || ')' AS name,
       pg_get_userbyid(o.oprowner) AS owner,
       concat_ws(E',\n    ',
         'FUNCTION = ' || o.oprcode::regproc,
         'LEFTARG = ' || format_type(nullif(o.oprleft, 0), NULL),
         'RIGHTARG = ' || format_type(nullif(o.oprright, 0), NULL),
         (SELECT 'COMMUTATOR = OPERATOR(' || quote_ident(m.nspname) || '.' || c.oprname || ')'
            FROM pg_operator c JOIN pg_namespace m ON m.oid = c.oprnamespace WHERE c.oid = o.oprcom),
         (SELECT 'NEGATOR = OPERATOR(' || quote_ident(m.nspname) || '.' || c.oprname || ')'
            FROM pg_operator c JOIN pg_namespace m ON m.oid = c.oprnamespace WHERE c.oid = o.oprnegate),
         'RESTRICT = ' || nullif(o.oprrest, 0)::regproc,
         'JOIN = ' || nullif(o.oprjoin, 0)::regproc,
         CASE WHEN o.oprcanhash THEN 'HASHES' END,
         CASE WHEN o.oprcanmerge THEN 'MERGES' END) AS definition
  FROM pg_operator o
  JOIN pg_namespace n ON n.oid = o.oprnamespace
 WHERE o.oprcode <> 0
   AND n.nspname !~ '^(pg_|information_schema$|poststack$)'
   AND o.oid NOT IN (SELECT objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass
                                                   AND classid = 'pg_operator'::regclass AND deptype = 'e');
