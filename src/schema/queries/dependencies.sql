-- Which object has to be there before which. A default stands for its column, the rule that makes a
-- view for the view, an array for its element, a row type for its table. And whose sequences are.
SELECT CASE d.classid
         WHEN 'pg_class'::regclass THEN 'c' || d.objid || CASE WHEN d.objsubid > 0 THEN '.' || d.objsubid ELSE '' END
         WHEN 'pg_attrdef'::regclass THEN 'c' || f.adrelid || '.' || f.adnum
         WHEN 'pg_rewrite'::regclass THEN CASE w.rulename WHEN '_RETURN' THEN 'c' || w.ev_class ELSE 'w' || w.oid END
         WHEN 'pg_type'::regclass THEN 't' || d.objid
         WHEN 'pg_proc'::regclass THEN 'p' || d.objid
         WHEN 'pg_constraint'::regclass THEN 'o' || d.objid
         WHEN 'pg_trigger'::regclass THEN 'g' || d.objid
         WHEN 'pg_policy'::regclass THEN 'y' || d.objid
         WHEN 'pg_operator'::regclass THEN 'r' || d.objid
         WHEN 'pg_cast'::regclass THEN 'a' || d.objid
         WHEN 'pg_event_trigger'::regclass THEN 'v' || d.objid
         WHEN 'pg_statistic_ext'::regclass THEN 'x' || d.objid
         WHEN 'pg_publication_rel'::regclass THEN 'b' || b.prpubid
       END AS dependent,
       CASE d.refclassid
         WHEN 'pg_class'::regclass THEN 'c' || d.refobjid || CASE WHEN d.refobjsubid > 0 THEN '.' || d.refobjsubid ELSE '' END
         WHEN 'pg_type'::regclass THEN 't' || CASE WHEN t.typlen = -1 AND t.typelem <> 0 THEN t.typelem ELSE t.oid END
         WHEN 'pg_proc'::regclass THEN 'p' || d.refobjid
         WHEN 'pg_constraint'::regclass THEN 'o' || d.refobjid
         WHEN 'pg_operator'::regclass THEN 'r' || d.refobjid
         WHEN 'pg_collation'::regclass THEN 'l' || d.refobjid
       END AS needs,
       -- A sequence belongs to a column, and may be what makes it an identity.
       CASE WHEN d.classid = 'pg_class'::regclass THEN CASE d.deptype WHEN 'a' THEN 'owner' WHEN 'i' THEN 'identity' END
         END AS as
  FROM pg_depend d
  LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
  LEFT JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
  LEFT JOIN pg_publication_rel b ON d.classid = 'pg_publication_rel'::regclass AND b.oid = d.objid
  LEFT JOIN pg_type t ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid
 WHERE d.objid >= 16384 AND d.refobjid >= 16384
   AND d.refclassid <> 'pg_namespace'::regclass
   AND (d.deptype = 'n' OR d.classid = 'pg_policy'::regclass
        OR d.classid = 'pg_attrdef'::regclass AND d.refobjsubid <> f.adnum
        OR d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
           AND d.objid IN (SELECT seqrelid FROM pg_sequence));
