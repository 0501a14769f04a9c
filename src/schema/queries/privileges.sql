-- What was granted beyond, and revoked of, the privileges a new object has. Not of columns.
WITH lists (key, kind, owner, given, usual) AS (
    SELECT 'n' || oid, 'n', nspowner, nspacl,
           -- `initdb` opens `public`.
           CASE WHEN nspname <> 'public' THEN acldefault('n', nspowner)
                ELSE acldefault('n', nspowner) || makeaclitem(0, nspowner, 'USAGE', false)
                     || makeaclitem(0, nspowner, 'CREATE', false) -- until 14
                END
      FROM pg_namespace WHERE nspacl IS NOT NULL AND nspname !~ '^(pg_|information_schema$|poststack$)'
    UNION ALL
    SELECT 'c' || oid, relkind::text, relowner, relacl,
           acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner)
      FROM pg_class WHERE relacl IS NOT NULL AND oid >= 16384
    UNION ALL
    SELECT 'p' || oid, 'f', proowner, proacl, acldefault('f', proowner)
      FROM pg_proc WHERE proacl IS NOT NULL AND oid >= 16384
    UNION ALL
    SELECT 't' || oid, 'T', typowner, typacl, acldefault('T', typowner)
      FROM pg_type WHERE typacl IS NOT NULL AND oid >= 16384
    UNION ALL
    SELECT 'u' || oid, 'u', defaclrole, defaclacl,
           CASE defaclnamespace WHEN 0 THEN acldefault(CASE defaclobjtype WHEN 'S' THEN 's' ELSE defaclobjtype END, defaclrole)
                END
      FROM pg_default_acl
), items (key, owner, given, grantee, privilege, grantable) AS (
    -- An owner may always grant.
    SELECT key, owner, true, g.grantee, g.privilege_type, g.is_grantable AND g.grantee <> owner
      FROM lists, aclexplode(given) g
    UNION ALL
    SELECT key, owner, false, g.grantee, g.privilege_type, g.is_grantable AND g.grantee <> owner
      FROM lists, aclexplode(usual) g
), changed AS (
    SELECT key, owner, grantee, privilege, bool_or(given) AS is_grant, grantable
      FROM items
     GROUP BY key, owner, grantee, privilege, grantable
    HAVING bool_and(given) OR bool_and(NOT given)
), lines (key, line) AS (
    SELECT key, CASE WHEN is_grant THEN 'GRANT ' ELSE 'REVOKE ' END
                || string_agg(DISTINCT privilege, ', ' ORDER BY privilege)
                || CASE WHEN is_grant THEN ' TO ' ELSE ' FROM ' END
                || CASE grantee WHEN 0 THEN 'PUBLIC' WHEN owner THEN 'OWNER'
                                ELSE quote_ident(pg_get_userbyid(grantee)) END
                || CASE WHEN is_grant AND grantable THEN ' WITH GRANT OPTION' ELSE '' END
      FROM changed
     GROUP BY key, is_grant, owner, grantee, grantable
)
SELECT key AS privileges_of, string_agg(line, E'\n' ORDER BY line) AS text FROM lines GROUP BY key;
