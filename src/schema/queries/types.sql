-- Enum, composite, domain and range types.
SELECT 't' || t.oid || CASE WHEN t.typtype = 'c' THEN ' c' || t.typrelid ELSE '' END
           || CASE WHEN r.rngmultitypid IS NOT NULL THEN ' t' || r.rngmultitypid ELSE '' END -- since 14
       AS keys,
       CASE t.typtype WHEN 'e' THEN 'enum type' WHEN 'c' THEN 'composite type'
                      WHEN 'd' THEN 'domain' ELSE 'range type' END AS kind,
       n.nspname AS schema, t.typname AS name, pg_get_userbyid(t.typowner) AS owner,
       CASE WHEN t.typtype = 'e' THEN coalesce(
         (SELECT string_agg(quote_literal(v.enumlabel), E'\n' ORDER BY v.enumsortorder)
            FROM pg_enum v WHERE v.enumtypid = t.oid), '') END AS labels,
       CASE WHEN t.typtype = 'c' THEN coalesce(
         (SELECT string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
                   || CASE WHEN a.attcollation <> at.typcollation
                           THEN ' COLLATE ' || quote_ident(cn.nspname) || '.' || quote_ident(l.collname) ELSE '' END,
                   E'\n' ORDER BY a.attnum)
            FROM pg_attribute a JOIN pg_type at ON at.oid = a.atttypid
            LEFT JOIN pg_collation l ON l.oid = a.attcollation
            LEFT JOIN pg_namespace cn ON cn.oid = l.collnamespace
           WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped), '') END AS attributes,
       CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END AS type,
       CASE WHEN t.typtype = 'd' AND t.typcollation <> b.typcollation OR t.typtype = 'r' AND r.rngcollation <> s.typcollation
            THEN (SELECT quote_ident(cn.nspname) || '.' || quote_ident(l.collname)
                    FROM pg_collation l JOIN pg_namespace cn ON cn.oid = l.collnamespace
                   WHERE l.oid = CASE t.typtype WHEN 'd' THEN t.typcollation ELSE r.rngcollation END) END AS collation,
       CASE WHEN t.typtype = 'd' THEN coalesce(pg_get_expr(t.typdefaultbin, 0), quote_literal(t.typdefault)) END AS "default",
       CASE WHEN t.typtype = 'd' AND t.typnotnull THEN 'true' END AS not_null,
       CASE WHEN t.typtype = 'r' THEN concat_ws(E'\n',
         'subtype = ' || format_type(r.rngsubtype, NULL),
         (SELECT 'multirange_type_name = ' || quote_ident(mn.nspname) || '.' || quote_ident(m.typname) -- since 14
            FROM pg_type m JOIN pg_namespace mn ON mn.oid = m.typnamespace WHERE m.oid = r.rngmultitypid), -- since 14
         (SELECT 'subtype_opclass = ' || quote_ident(o_n.nspname) || '.' || quote_ident(o.opcname)
            FROM pg_opclass o JOIN pg_namespace o_n ON o_n.oid = o.opcnamespace
           WHERE o.oid = r.rngsubopc AND NOT o.opcdefault),
         'subtype_diff = ' || nullif(r.rngsubdiff, 0)::regproc) END AS definition,
       CASE WHEN t.typtype = 'r' AND r.rngcanonical <> 0 THEN r.rngcanonical::regproc::text END AS canonical
  FROM pg_type t
  JOIN pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_type b ON b.oid = t.typbasetype
  LEFT JOIN pg_range r ON r.rngtypid = t.oid
  LEFT JOIN pg_type s ON s.oid = r.rngsubtype
  LEFT JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c'
 WHERE n.nspname !~ '^(pg_|information_schema$|poststack$)'
   AND (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND c.oid IS NOT NULL)
   AND t.oid NOT IN (SELECT objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass
                                                   AND classid = 'pg_type'::regclass AND deptype = 'e');
