SELECT 'v' || v.oid AS keys, 'event trigger' AS kind, v.evtname AS name, pg_get_userbyid(v.evtowner) AS owner,
       concat_ws(' ', 'ON ' || v.evtevent,
         'WHEN TAG IN (' || (SELECT string_agg(quote_literal(tag), ', ' ORDER BY tag)
                               FROM unnest(v.evttags) tag) || ')',
         'EXECUTE FUNCTION ' || quote_ident(n.nspname) || '.' || quote_ident(p.proname) || '()') AS definition,
       CASE v.evtenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END AS enabled
  FROM pg_event_trigger v
  JOIN pg_proc p ON p.oid = v.evtfoid
  JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname <> 'poststack'
   AND v.oid NOT IN (SELECT objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass
                                                   AND classid = 'pg_event_trigger'::regclass AND deptype = 'e');
