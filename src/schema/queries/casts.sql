SELECT 'a' || a.oid AS keys, 'cast' AS kind,
       '(' || format_type(a.castsource, NULL) || ' AS ' || format_type(a.casttarget, NULL) || ')' AS name,
       concat_ws(' ',
         CASE a.castmethod WHEN 'f' THEN 'WITH FUNCTION ' || a.castfunc::regprocedure
                           WHEN 'i' THEN 'WITH INOUT' ELSE 'WITHOUT FUNCTION' END,
         CASE a.castcontext WHEN 'a' THEN 'AS ASSIGNMENT' WHEN 'i' THEN 'AS IMPLICIT' END) AS definition
  FROM pg_cast a
 WHERE a.oid >= 16384
   -- The cast of a range type to its multirange comes with it.
   AND a.oid NOT IN (SELECT objid FROM pg_depend WHERE classid = 'pg_cast'::regclass AND deptype IN ('e', 'i'));
