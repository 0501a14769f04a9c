-- Comments, by the key of what they are about. Those of extensions come with their version.
SELECT CASE d.classoid
         WHEN 'pg_class'::regclass THEN 'c' || d.objoid || CASE WHEN d.objsubid > 0 THEN '.' || d.objsubid ELSE '' END
         WHEN 'pg_namespace'::regclass THEN 'n' || d.objoid
         WHEN 'pg_type'::regclass THEN 't' || d.objoid
         WHEN 'pg_proc'::regclass THEN 'p' || d.objoid
         WHEN 'pg_constraint'::regclass THEN 'o' || d.objoid
         WHEN 'pg_trigger'::regclass THEN 'g' || d.objoid
         WHEN 'pg_rewrite'::regclass THEN 'w' || d.objoid
         WHEN 'pg_policy'::regclass THEN 'y' || d.objoid
         WHEN 'pg_operator'::regclass THEN 'r' || d.objoid
         WHEN 'pg_cast'::regclass THEN 'a' || d.objoid
         WHEN 'pg_collation'::regclass THEN 'l' || d.objoid
         WHEN 'pg_event_trigger'::regclass THEN 'v' || d.objoid
         WHEN 'pg_publication'::regclass THEN 'b' || d.objoid
         WHEN 'pg_statistic_ext'::regclass THEN 'x' || d.objoid
       END AS comment_of,
       d.description AS text
  FROM pg_description d
 WHERE d.objoid >= 16384
    OR d.classoid = 'pg_namespace'::regclass AND d.description <> 'standard public schema';
