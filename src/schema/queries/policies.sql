SELECT 'y' || y.oid AS keys, 'policy' AS kind, n.nspname AS schema, c.relname AS "table", y.polname AS name,
       concat_ws(' ',
         CASE WHEN NOT y.polpermissive THEN 'AS RESTRICTIVE' END,
         CASE y.polcmd WHEN 'r' THEN 'FOR SELECT' WHEN 'a' THEN 'FOR INSERT'
                       WHEN 'w' THEN 'FOR UPDATE' WHEN 'd' THEN 'FOR DELETE' END,
         CASE WHEN y.polroles <> '{0}' THEN 'TO ' ||
           (SELECT string_agg(CASE WHEN role = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(role)) END, ', '
                              ORDER BY pg_get_userbyid(role)) FROM unnest(y.polroles) role) END,
         'USING (' || pg_get_expr(y.polqual, y.polrelid) || ')',
         'WITH CHECK (' || pg_get_expr(y.polwithcheck, y.polrelid) || ')') AS definition
  FROM pg_policy y
  JOIN pg_class c ON c.oid = y.polrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname !~ '^(pg_|information_schema$|poststack$)'
   AND c.oid NOT IN (SELECT objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass
                                                   AND classid = 'pg_class'::regclass AND deptype = 'e');
