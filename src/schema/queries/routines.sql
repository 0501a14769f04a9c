SELECT 'p' || p.oid AS keys,
       CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END AS kind,
       n.nspname AS schema,
       quote_ident(p.proname) || '(' || CASE WHEN p.prokind <> 'a' THEN oidvectortypes(p.proargtypes)
         WHEN p.pronargs = 0 THEN '*' ELSE pg_get_function_identity_arguments(p.oid) END || ')' AS name,
       pg_get_userbyid(p.proowner) AS owner,
       CASE WHEN p.prokind <> 'a' THEN pg_get_function_arguments(p.oid) END AS arguments,
       CASE WHEN p.prokind IN ('f', 'w') THEN pg_get_function_result(p.oid) END AS returns,
       CASE WHEN p.prokind <> 'a' THEN rtrim(pg_get_functiondef(p.oid), E'\n') ELSE
         (SELECT concat_ws(E',\n    ',
                   'SFUNC = ' || g.aggtransfn::regproc,
                   'STYPE = ' || format_type(g.aggtranstype, NULL),
                   'SSPACE = ' || nullif(g.aggtransspace, 0),
                   'INITCOND = ' || quote_literal(g.agginitval),
                   'FINALFUNC = ' || nullif(g.aggfinalfn, 0)::regproc,
                   CASE WHEN g.aggfinalextra THEN 'FINALFUNC_EXTRA' END,
                   CASE WHEN g.aggfinalfn <> 0 AND g.aggfinalmodify <> CASE g.aggkind WHEN 'n' THEN 'r' ELSE 'w' END
                        THEN 'FINALFUNC_MODIFY = ' || CASE g.aggfinalmodify
                          WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END END,
                   'COMBINEFUNC = ' || nullif(g.aggcombinefn, 0)::regproc,
                   'SERIALFUNC = ' || nullif(g.aggserialfn, 0)::regproc,
                   'DESERIALFUNC = ' || nullif(g.aggdeserialfn, 0)::regproc,
                   'MSFUNC = ' || nullif(g.aggmtransfn, 0)::regproc,
                   'MINVFUNC = ' || nullif(g.aggminvtransfn, 0)::regproc,
                   'MSTYPE = ' || format_type(nullif(g.aggmtranstype, 0), NULL),
                   'MSSPACE = ' || nullif(g.aggmtransspace, 0),
                   'MINITCOND = ' || quote_literal(g.aggminitval),
                   'MFINALFUNC = ' || nullif(g.aggmfinalfn, 0)::regproc,
                   CASE WHEN g.aggmfinalextra THEN 'MFINALFUNC_EXTRA' END,
                   CASE WHEN g.aggmfinalfn <> 0 AND g.aggmfinalmodify <> CASE g.aggkind WHEN 'n' THEN 'r' ELSE 'w' END
                        THEN 'MFINALFUNC_MODIFY = ' || CASE g.aggmfinalmodify
                          WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END END,
                   (SELECT 'SORTOP = OPERATOR(' || quote_ident(sn.nspname) || '.' || s.oprname || ')'
                      FROM pg_operator s JOIN pg_namespace sn ON sn.oid = s.oprnamespace WHERE s.oid = g.aggsortop),
                   CASE p.proparallel WHEN 's' THEN 'PARALLEL = safe' WHEN 'r' THEN 'PARALLEL = restricted' END,
                   CASE g.aggkind WHEN 'h' THEN 'HYPOTHETICAL' END)
            FROM pg_aggregate g WHERE g.aggfnoid = p.oid) END AS definition
  FROM pg_proc p
  JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname !~ '^(pg_|information_schema$|poststack$)'
   AND p.oid NOT IN (SELECT objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass
                                                   AND classid = 'pg_proc'::regclass AND deptype = 'e')
   -- The constructors of a range type come with it.
   AND p.oid NOT IN (SELECT objid FROM pg_depend WHERE classid = 'pg_proc'::regclass AND deptype = 'i');
