-- What the user has that the other queries do not read.
SELECT 'not covered' AS kind, what || ' ' || name AS name FROM (
    SELECT 'foreign table' AS what, c.oid::regclass::text AS name, 'pg_class'::regclass AS class, c.oid
      FROM pg_class c WHERE c.relkind = 'f'
    UNION ALL SELECT 'foreign-data wrapper', fdwname, 'pg_foreign_data_wrapper'::regclass, oid FROM pg_foreign_data_wrapper
    UNION ALL SELECT 'foreign server', srvname, 'pg_foreign_server'::regclass, oid FROM pg_foreign_server
    UNION ALL SELECT 'operator class', opcname, 'pg_opclass'::regclass, oid FROM pg_opclass
    UNION ALL SELECT 'text search configuration', cfgname, 'pg_ts_config'::regclass, oid FROM pg_ts_config
    UNION ALL SELECT 'text search dictionary', dictname, 'pg_ts_dict'::regclass, oid FROM pg_ts_dict
    UNION ALL SELECT 'language', lanname, 'pg_language'::regclass, oid FROM pg_language
    UNION ALL SELECT 'base type', typname, 'pg_type'::regclass, oid FROM pg_type WHERE typtype = 'b' AND typelem = 0
    UNION ALL SELECT 'transform', oid::text, 'pg_transform'::regclass, oid FROM pg_transform
    UNION ALL SELECT 'conversion', conname, 'pg_conversion'::regclass, oid FROM pg_conversion
    UNION ALL SELECT 'access method', amname, 'pg_am'::regclass, oid FROM pg_am
) o
 WHERE o.oid >= 16384
   AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = o.class AND e.objid = o.oid AND e.deptype = 'e');
