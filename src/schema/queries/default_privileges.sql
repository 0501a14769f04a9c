SELECT 'u' || u.oid AS keys, 'default privileges' AS kind, n.nspname AS schema,
       quote_ident(pg_get_userbyid(u.defaclrole)) || ' ON ' || CASE u.defaclobjtype
         WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS'
         WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE OBJECTS' END AS name
  FROM pg_default_acl u
  LEFT JOIN pg_namespace n ON n.oid = u.defaclnamespace
 WHERE n.nspname IS DISTINCT FROM 'poststack';
