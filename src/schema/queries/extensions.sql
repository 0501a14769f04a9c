SELECT 'e' || e.oid AS keys, 'extension' AS kind, e.extname AS name,
       n.nspname AS in_schema, e.extversion AS version
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace;
