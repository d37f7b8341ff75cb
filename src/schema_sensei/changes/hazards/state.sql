-- Every user object by oid as one JSON document; PostgreSQL 14 and later; catalogs only.
WITH ns AS (
  SELECT oid, nspname FROM pg_catalog.pg_namespace
  WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
), rel AS (
  SELECT c.*, n.nspname || '.' || c.relname AS ident
  FROM pg_catalog.pg_class c JOIN ns n ON n.oid = c.relnamespace
  WHERE c.relpersistence <> 't'
    AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
)
SELECT pg_catalog.json_build_object(
 'relations', (SELECT coalesce(json_agg(json_build_array(oid::bigint, ident, relkind, coalesce(
     pg_catalog.pg_relation_filenode(oid), 0)::bigint, relpersistence, relrowsecurity, relforcerowsecurity, relispartition,
     relkind = 'S' AND EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
       AND d.objid = rel.oid AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i')))), '[]') FROM rel),
 'columns', (SELECT coalesce(json_agg(json_build_array(a.attrelid::bigint, a.attnum, a.attname,
     pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
     coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), nullif(a.attidentity::text, '')), a.attgenerated <> '')), '[]')
   FROM rel JOIN pg_catalog.pg_attribute a ON a.attrelid = rel.oid AND a.attnum > 0 AND NOT a.attisdropped
   LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE rel.relkind IN ('r', 'p', 'v', 'm', 'c', 'f')),
 'constraints', (SELECT coalesce(json_agg(json_build_array(k.oid::bigint, k.conrelid::bigint, k.conname, k.contype,
     k.convalidated, k.conkey, k.confrelid::bigint, k.confkey, pg_catalog.pg_get_constraintdef(k.oid))), '[]')
   FROM rel JOIN pg_catalog.pg_constraint k ON k.conrelid = rel.oid
   WHERE k.contype IN ('p', 'u', 'f', 'c', 'x') AND k.conparentid = 0),
 'indexes', (SELECT coalesce(json_agg(json_build_array(x.indexrelid::bigint, x.indrelid::bigint, rel.ident, x.indisvalid,
     x.indisunique, (SELECT json_agg(k ORDER BY n) FROM unnest(x.indkey::int2[]) WITH ORDINALITY AS u(k, n) WHERE n <= x.indnkeyatts),
     x.indpred IS NOT NULL, pg_catalog.pg_get_indexdef(x.indexrelid), am.amname)), '[]')
   FROM rel JOIN pg_catalog.pg_index x ON x.indexrelid = rel.oid JOIN pg_catalog.pg_am am ON am.oid = rel.relam),
 'policies', (SELECT coalesce(json_agg(json_build_array(p.oid::bigint, p.polrelid::bigint, p.polname,
     concat_ws(' ', p.polcmd, p.polpermissive, p.polroles, pg_catalog.pg_get_expr(p.polqual, p.polrelid),
               pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)))), '[]')
   FROM rel JOIN pg_catalog.pg_policy p ON p.polrelid = rel.oid),
 'triggers', (SELECT coalesce(json_agg(json_build_array(g.oid::bigint, g.tgrelid::bigint, g.tgname, g.tgenabled)), '[]')
   FROM rel JOIN pg_catalog.pg_trigger g ON g.tgrelid = rel.oid WHERE NOT g.tgisinternal AND g.tgparentid = 0),
 'traits', (SELECT coalesce(json_agg(json_build_array(kind, oid::bigint, ident, words, noted)), '[]') FROM (
     SELECT 'routine' AS kind, p.oid, ns.nspname || '.' || p.proname AS ident,
       md5(concat_ws('|', p.prosrc, p.probin, p.prosqlbody, p.provolatile, p.proisstrict, p.prosecdef, p.proconfig, p.prolang, p.proargdefaults)) AS words,
       CASE WHEN p.prosecdef AND NOT coalesce(array_to_string(p.proconfig, ' ') ~ 'search_path=', false) THEN 'definer'
            WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_depend d
                          WHERE d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.refobjid = p.oid
                            AND (d.classid IN ('pg_catalog.pg_constraint'::pg_catalog.regclass, 'pg_catalog.pg_policy'::pg_catalog.regclass)
                              OR EXISTS (SELECT 1 FROM pg_catalog.pg_attrdef f JOIN pg_catalog.pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
                                          WHERE d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND f.oid = d.objid AND a.attgenerated = 's')
                              OR EXISTS (SELECT 1 FROM pg_catalog.pg_index x
                                          WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND x.indexrelid = d.objid)))
            THEN 'stored' ELSE '' END AS noted
       FROM pg_catalog.pg_proc p JOIN ns ON ns.oid = p.pronamespace
      WHERE p.prokind IN ('f', 'p') AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.deptype = 'e'
                          AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid)
     UNION ALL SELECT 'view', rel.oid, ident, pg_catalog.pg_get_viewdef(rel.oid, true), array_to_string(reloptions, ' ')
       FROM rel WHERE relkind = 'v'
     UNION ALL SELECT 'rule', w.oid, rel.ident || '.' || w.rulename, w.ev_enabled::text, w.is_instead::text
       FROM rel JOIN pg_catalog.pg_rewrite w ON w.ev_class = rel.oid WHERE w.ev_type <> '1' AND rel.relkind IN ('r', 'p')
     UNION ALL SELECT 'sequence', rel.oid, ident, concat_ws(' ', q.seqincrement, q.seqmin, q.seqmax, q.seqcycle), ''
       FROM rel JOIN pg_catalog.pg_sequence q ON q.seqrelid = rel.oid
     UNION ALL SELECT 'replica identity', rel.oid, ident, relreplident::text, '' FROM rel WHERE relkind IN ('r', 'p')
     UNION ALL SELECT 'heir', rel.oid, ident, string_agg(i.inhparent::bigint::text, ' ' ORDER BY i.inhseqno), ''
       FROM rel JOIN pg_catalog.pg_inherits i ON i.inhrelid = rel.oid WHERE rel.relkind = 'r' AND NOT rel.relispartition
      GROUP BY rel.oid, ident) AS t),
 'enums', (SELECT coalesce(json_agg(json_build_array(t.oid::bigint, ns.nspname || '.' || t.typname,
     (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid))), '[]')
   FROM pg_catalog.pg_type t JOIN ns ON ns.oid = t.typnamespace WHERE t.typtype = 'e'),
 'others', (SELECT coalesce(json_agg(json_build_array(kind, oid::bigint, ident)), '[]') FROM (
     SELECT 'schema' AS kind, oid, nspname::text AS ident FROM ns
     UNION ALL SELECT 'function', p.oid, ns.nspname || '.' || p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')'
       FROM pg_catalog.pg_proc p JOIN ns ON ns.oid = p.pronamespace
      WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.deptype = 'e'
                          AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid)
     UNION ALL SELECT 'type', t.oid, ns.nspname || '.' || t.typname
       FROM pg_catalog.pg_type t JOIN ns ON ns.oid = t.typnamespace WHERE t.typtype IN ('e', 'd', 'r')
        AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.deptype = 'e'
                          AND d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = t.oid)
     UNION ALL SELECT 'extension', oid, extname::text FROM pg_catalog.pg_extension
     UNION ALL SELECT 'publication', oid, pubname::text FROM pg_catalog.pg_publication
     UNION ALL SELECT 'collation', k.oid, ns.nspname || '.' || k.collname FROM pg_catalog.pg_collation k JOIN ns ON ns.oid = k.collnamespace) AS o),
 'public', (SELECT coalesce(json_agg(json_build_array(ident, privilege)), '[]') FROM (
     SELECT rel.ident, a.privilege_type AS privilege FROM rel, pg_catalog.aclexplode(rel.relacl) a WHERE a.grantee = 0
     UNION ALL SELECT ns.nspname, a.privilege_type FROM ns JOIN pg_catalog.pg_namespace n ON n.oid = ns.oid,
       pg_catalog.aclexplode(n.nspacl) a WHERE a.grantee = 0
     UNION ALL SELECT rel.ident || '.' || t.attname, a.privilege_type FROM rel JOIN pg_catalog.pg_attribute t ON t.attrelid = rel.oid,
       pg_catalog.aclexplode(t.attacl) a WHERE a.grantee = 0) AS g),
 'granted', (SELECT coalesce(json_agg(json_build_array(kind, oid::bigint, part, ident,
     CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(grantee)::text END, privilege)), '[]') FROM (
     SELECT 'relation' AS kind, rel.oid, 0 AS part, rel.ident, a.grantee, a.privilege_type AS privilege
       FROM rel, pg_catalog.aclexplode(rel.relacl) a WHERE a.grantee <> rel.relowner
     UNION ALL SELECT 'column', rel.oid, t.attnum, rel.ident || '.' || t.attname, a.grantee, a.privilege_type
       FROM rel JOIN pg_catalog.pg_attribute t ON t.attrelid = rel.oid, pg_catalog.aclexplode(t.attacl) a
      WHERE a.grantee <> rel.relowner
     UNION ALL SELECT 'schema', n.oid, 0, n.nspname, a.grantee, a.privilege_type
       FROM ns JOIN pg_catalog.pg_namespace n ON n.oid = ns.oid, pg_catalog.aclexplode(n.nspacl) a WHERE a.grantee <> n.nspowner
     UNION ALL SELECT 'function', p.oid, 0, ns.nspname || '.' || p.proname, a.grantee, a.privilege_type
       FROM pg_catalog.pg_proc p JOIN ns ON ns.oid = p.pronamespace,
       pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a WHERE a.grantee <> p.proowner) AS h)
)
