-- The fingerprint of a whole schema, PostgreSQL 14 and later: one row per object, (kind, ident, def).
-- Never reads user data, takes no lock beyond AccessShare on catalogs.
--
-- Runs with an empty search_path in the same read-only transaction (catalog.py sees to it), or pg_get_*def()
-- output depends on the session and two databases cannot be compared.
--
-- Parameters (psycopg):
--   schemas  text[] or NULL   schemas to cover; NULL = every non-system schema
--   without  text[]           schemas to leave out, such as those a platform manages
--   skip     text[]           schema-qualified relations to leave out, such as public.alembic_version
--
-- Left out by design: owners, ACLs, row data, sequence positions, statistics, physical column position (see
-- kind 'column_order'), storage and compression, publications, event triggers, roles, tablespaces.
WITH
ns AS MATERIALIZED (
  SELECT n.oid, n.nspname
  FROM pg_catalog.pg_namespace n
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND (CAST(%(schemas)s AS text[]) IS NULL OR n.nspname = ANY (CAST(%(schemas)s AS text[])))
    AND NOT (n.nspname = ANY (CAST(%(without)s AS text[])))
),
ext AS MATERIALIZED (            -- members of extensions are the extension's business
  SELECT d.classid, d.objid
  FROM pg_catalog.pg_depend d
  WHERE d.deptype = 'e'
    AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
),
rel AS MATERIALIZED (
  SELECT c.oid, ns.nspname || '.' || c.relname AS ident, c.relkind, c.relpersistence,
         c.reloptions, c.relrowsecurity, c.relforcerowsecurity, c.relispartition,
         c.relpartbound, c.reltype, c.relreplident
  FROM pg_catalog.pg_class c
  JOIN ns ON ns.oid = c.relnamespace
  WHERE c.relkind IN ('r','p','f','v','m','S','c')
    AND NOT EXISTS (SELECT 1 FROM ext WHERE ext.objid = c.oid
                    AND ext.classid = 'pg_catalog.pg_class'::pg_catalog.regclass)
    AND NOT (ns.nspname || '.' || c.relname = ANY (CAST(%(skip)s AS text[])))
),
cmt AS MATERIALIZED (
  SELECT classoid, objoid, objsubid, description FROM pg_catalog.pg_description
  WHERE classoid IN ('pg_catalog.pg_class'::pg_catalog.regclass,
                     'pg_catalog.pg_type'::pg_catalog.regclass,
                     'pg_catalog.pg_proc'::pg_catalog.regclass,
                     'pg_catalog.pg_constraint'::pg_catalog.regclass)
    AND objoid >= 16384
)

SELECT 'schema' AS kind, nspname::text AS ident, '' AS def FROM ns

UNION ALL
SELECT 'extension', e.extname, concat_ws(' ', e.extversion, n.nspname)
FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace

UNION ALL                        -- tables, partitions, foreign tables: table-level facts
SELECT 'table', r.ident,
       concat_ws(' | ', r.relkind, r.relpersistence, r.reloptions::text,
         CASE WHEN r.relrowsecurity THEN 'rls' END,
         CASE WHEN r.relforcerowsecurity THEN 'force rls' END,
         CASE WHEN r.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(r.oid) END,
         CASE WHEN r.relispartition THEN pg_catalog.pg_get_expr(r.relpartbound, r.oid) END,
         (SELECT string_agg(i.inhparent::pg_catalog.regclass::text, ',' ORDER BY i.inhseqno)
            FROM pg_catalog.pg_inherits i WHERE i.inhrelid = r.oid),
         NULLIF('replident ' || r.relreplident::text, 'replident d'),
         (SELECT 'comment ' || d.description FROM cmt d WHERE d.objoid = r.oid AND d.objsubid = 0
            AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass))
FROM rel r WHERE r.relkind IN ('r','p','f')

UNION ALL                        -- one row per column of every relation and composite type
SELECT 'column', r.ident || '.' || a.attname,
       concat_ws(' | ', pg_catalog.format_type(a.atttypid, a.atttypmod),
         CASE WHEN a.attnotnull THEN 'not null' END,
         NULLIF('identity ' || a.attidentity::text, 'identity '),
         NULLIF('generated ' || a.attgenerated::text, 'generated '),
         CASE WHEN a.atthasdef THEN      -- asked for only where there is one: most columns have none
           (SELECT 'default ' || pg_catalog.pg_get_expr(ad.adbin, ad.adrelid)
              FROM pg_catalog.pg_attrdef ad WHERE ad.adrelid = a.attrelid AND ad.adnum = a.attnum) END,
         CASE WHEN a.attcollation <> t.typcollation
              THEN 'collate ' || a.attcollation::pg_catalog.regcollation::text END,
         'comment ' || d.description)
FROM rel r
JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN cmt d ON d.objoid = a.attrelid AND d.objsubid = a.attnum
      AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
WHERE r.relkind IN ('r','p','f','c')

UNION ALL                        -- logical column order, one row per table; drop this kind to ignore it
SELECT 'column_order', r.ident, o.names
FROM rel r
CROSS JOIN LATERAL (SELECT string_agg(a.attname::text, ',' ORDER BY a.attnum) AS names
                    FROM pg_catalog.pg_attribute a
                    WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped) o
WHERE r.relkind IN ('r','p','f','c') AND o.names IS NOT NULL

UNION ALL                        -- PK, UNIQUE, FK, CHECK, EXCLUDE.  'n' (PG18 named NOT NULL) is the column's
SELECT 'constraint', r.ident || '.' || k.conname,
       concat_ws(' | ', pg_catalog.pg_get_constraintdef(k.oid),
         CASE WHEN NOT k.convalidated AND k.contype NOT IN ('f','c') THEN 'not valid' END,
         'comment ' || d.description)
FROM rel r
JOIN pg_catalog.pg_constraint k ON k.conrelid = r.oid
LEFT JOIN cmt d ON d.objoid = k.oid AND d.classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
WHERE k.contype IN ('p','u','f','c','x') AND k.conparentid = 0

UNION ALL                        -- indexes that no constraint owns
SELECT 'index', r.ident || '.' || ic.relname,
       concat_ws(' | ', pg_catalog.pg_get_indexdef(x.indexrelid),
         CASE WHEN NOT x.indisvalid THEN 'INVALID' END,
         CASE WHEN x.indisreplident THEN 'replica identity' END)
FROM rel r
JOIN pg_catalog.pg_index x ON x.indrelid = r.oid
JOIN pg_catalog.pg_class ic ON ic.oid = x.indexrelid
WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k
                  WHERE k.conindid = x.indexrelid AND k.contype IN ('p','u','x'))

UNION ALL                        -- sequences, without their position
SELECT 'sequence', r.ident,
       concat_ws(' ', pg_catalog.format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement,
                 s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
                 (SELECT o.refobjid::pg_catalog.regclass::text || '.' || a.attname
                    FROM pg_catalog.pg_depend o
                    JOIN pg_catalog.pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid
                   WHERE o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.objid = r.oid
                     AND o.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                     AND o.deptype IN ('a','i') AND o.refobjsubid > 0 LIMIT 1))
FROM rel r JOIN pg_catalog.pg_sequence s ON s.seqrelid = r.oid

UNION ALL
SELECT CASE r.relkind WHEN 'v' THEN 'view' ELSE 'matview' END, r.ident,
       concat_ws(' | ', r.reloptions::text, pg_catalog.pg_get_viewdef(r.oid))
FROM rel r WHERE r.relkind IN ('v','m')

UNION ALL
SELECT 'rule', r.ident || '.' || w.rulename, pg_catalog.pg_get_ruledef(w.oid)
FROM rel r JOIN pg_catalog.pg_rewrite w ON w.ev_class = r.oid
WHERE w.rulename <> '_RETURN'

UNION ALL
SELECT 'trigger', r.ident || '.' || g.tgname,
       concat_ws(' | ', g.tgenabled, pg_catalog.pg_get_triggerdef(g.oid))
FROM rel r JOIN pg_catalog.pg_trigger g ON g.tgrelid = r.oid
WHERE NOT g.tgisinternal AND g.tgparentid = 0

UNION ALL
SELECT 'policy', r.ident || '.' || p.polname,
       concat_ws(' | ', p.polcmd, p.polpermissive,
         (SELECT string_agg(CASE WHEN u = 0 THEN 'public' ELSE u::pg_catalog.regrole::text END, ',' ORDER BY 1)
            FROM unnest(p.polroles) u),
         'using ' || pg_catalog.pg_get_expr(p.polqual, p.polrelid),
         'check ' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
FROM rel r JOIN pg_catalog.pg_policy p ON p.polrelid = r.oid

UNION ALL
SELECT 'statistics', ns.nspname || '.' || s.stxname, pg_catalog.pg_get_statisticsobjdef(s.oid)
FROM pg_catalog.pg_statistic_ext s JOIN ns ON ns.oid = s.stxnamespace

UNION ALL                        -- enums: labels in order
SELECT 'enum', ns.nspname || '.' || t.typname,
       (SELECT string_agg(quote_literal(l.enumlabel), ',' ORDER BY l.enumsortorder)
          FROM pg_catalog.pg_enum l WHERE l.enumtypid = t.oid)
FROM pg_catalog.pg_type t JOIN ns ON ns.oid = t.typnamespace
WHERE t.typtype = 'e'
  AND NOT EXISTS (SELECT 1 FROM ext WHERE ext.objid = t.oid
                  AND ext.classid = 'pg_catalog.pg_type'::pg_catalog.regclass)

UNION ALL
SELECT 'domain', ns.nspname || '.' || t.typname,
       concat_ws(' | ', pg_catalog.format_type(t.typbasetype, t.typtypmod),
         CASE WHEN t.typnotnull THEN 'not null' END, 'default ' || t.typdefault,
         (SELECT string_agg(k.conname || ' ' || pg_catalog.pg_get_constraintdef(k.oid), ', ' ORDER BY k.conname)
            FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'))
FROM pg_catalog.pg_type t JOIN ns ON ns.oid = t.typnamespace
WHERE t.typtype = 'd'
  AND NOT EXISTS (SELECT 1 FROM ext WHERE ext.objid = t.oid
                  AND ext.classid = 'pg_catalog.pg_type'::pg_catalog.regclass)

UNION ALL
SELECT 'range', ns.nspname || '.' || t.typname, pg_catalog.format_type(g.rngsubtype, NULL)
FROM pg_catalog.pg_type t JOIN ns ON ns.oid = t.typnamespace
JOIN pg_catalog.pg_range g ON g.rngtypid = t.oid

UNION ALL                        -- functions and procedures; identity by argument types
SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
       ns.nspname || '.' || p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')',
       CASE WHEN p.prokind = 'a'
            THEN pg_catalog.pg_get_function_result(p.oid) || ' ' ||
                 (SELECT concat_ws(' ', a.aggtransfn, a.aggfinalfn, a.agginitval)
                    FROM pg_catalog.pg_aggregate a WHERE a.aggfnoid = p.oid)
            ELSE pg_catalog.pg_get_functiondef(p.oid) END
FROM pg_catalog.pg_proc p JOIN ns ON ns.oid = p.pronamespace
WHERE NOT EXISTS (SELECT 1 FROM ext WHERE ext.objid = p.oid
                  AND ext.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass)
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.objid = p.oid AND d.deptype = 'i'  -- a range type's
                  AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass)
