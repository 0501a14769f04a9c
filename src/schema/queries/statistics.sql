SELECT 'x' || x.oid AS keys, 'statistics object' AS kind, n.nspname AS schema, c.relname AS "table",
       x.stxname AS name, pg_get_userbyid(x.stxowner) AS owner,
       pg_get_statisticsobjdef(x.oid) AS definition,
       CASE WHEN (to_jsonb(x) ->> 'stxstattarget')::int >= 0 THEN to_jsonb(x) ->> 'stxstattarget' END AS statistics
  FROM pg_statistic_ext x
  JOIN pg_class c ON c.oid = x.stxrelid
  JOIN pg_namespace n ON n.oid = x.stxnamespace
 WHERE n.nspname !~ '^(pg_|information_schema$|poststack$)';
