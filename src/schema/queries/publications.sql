SELECT 'b' || b.oid AS keys, 'publication' AS kind, b.pubname AS name, pg_get_userbyid(b.pubowner) AS owner,
       CASE WHEN b.puballtables THEN 'ALL TABLES' ELSE concat_ws(E'\n',
         (SELECT string_agg('TABLE ' || CASE c.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END
                   || quote_ident(n.nspname) || '.' || quote_ident(c.relname)
                   || coalesce(' (' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) -- since 15
                        FROM pg_attribute a -- since 15
                       WHERE a.attrelid = c.oid AND a.attnum = ANY (r.prattrs)) || ')', '') -- since 15
                   || coalesce(' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')', '') -- since 15
                   , E'\n' ORDER BY n.nspname, c.relname)
            FROM pg_publication_rel r JOIN pg_class c ON c.oid = r.prrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace WHERE r.prpubid = b.oid)
         , (SELECT string_agg('TABLES IN SCHEMA ' || quote_ident(n.nspname), E'\n' ORDER BY n.nspname) -- since 15
             FROM pg_publication_namespace s JOIN pg_namespace n ON n.oid = s.pnnspid -- since 15
            WHERE s.pnpubid = b.oid) -- since 15
         ) END AS definition,
       concat_ws(', ',
         'publish = ' || quote_literal(concat_ws(', ', CASE WHEN b.pubinsert THEN 'insert' END,
           CASE WHEN b.pubupdate THEN 'update' END, CASE WHEN b.pubdelete THEN 'delete' END,
           CASE WHEN b.pubtruncate THEN 'truncate' END)),
         CASE WHEN b.pubviaroot THEN 'publish_via_partition_root = true' END, -- since 13
         CASE WHEN to_jsonb(b) ->> 'pubgencols' = 's' THEN 'publish_generated_columns = stored' END) AS options
  FROM pg_publication b;
