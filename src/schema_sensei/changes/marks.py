"""What a way back must restore, too, though two databases may differ in it: rights, comments, settings, publications.

The fingerprint that drift is judged by leaves these out.
"""

from collections.abc import Collection

from ..postgres.session import Connection

Mark = tuple[str, str, str]


def read(connection: Connection, *, skip: Collection[str] = ()) -> frozenset[Mark]:
    """(kind, object, what it is) of every mark; `skip` leaves relations out, each as schema.table."""
    found = [*connection.execute(_GRANTS, (list(skip),)), *connection.execute(_OTHERS, {"skip": list(skip)})]
    return frozenset((str(kind), str(ident), str(what)) for kind, ident, what in found)


_GRANTS = """
SELECT what, ident, pg_catalog.string_agg(
         pg_catalog.concat_ws(' ', CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(x.grantee) END,
           x.privilege_type, CASE WHEN x.is_grantable THEN 'WITH GRANT OPTION' END),
         ', ' ORDER BY x.grantee, x.privilege_type)
  FROM (SELECT 'grants' AS what, n.nspname || '.' || c.relname AS ident, n.nspname, c.relpersistence <> 't' AS kept,
               coalesce(c.relacl, pg_catalog.acldefault(
                 CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END, c.relowner)) AS acl
          FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
        UNION ALL
        SELECT 'grants', n.nspname || '.' || c.relname || '.' || a.attname, n.nspname, true, a.attacl
          FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attacl IS NOT NULL
        UNION ALL
        SELECT 'grants', n.nspname, n.nspname, true, coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))
          FROM pg_catalog.pg_namespace n
        UNION ALL
        SELECT 'grants', n.nspname || '.' || t.typname, n.nspname, true,
               coalesce(t.typacl, pg_catalog.acldefault('T', t.typowner))
          FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
         WHERE t.typtype IN ('e', 'd', 'r')
        UNION ALL
        SELECT 'default privileges',
               pg_catalog.concat_ws(' ', d.defaclnamespace::pg_catalog.regnamespace, d.defaclobjtype), '', true,
               d.defaclacl
          FROM pg_catalog.pg_default_acl d
        UNION ALL
        SELECT 'grants', n.nspname || '.' || p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid)
               || ')', n.nspname, true, coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))
          FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
         WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d
                            WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                              AND d.objid = p.oid AND d.deptype = 'e')
       ) holder CROSS JOIN LATERAL pg_catalog.aclexplode(holder.acl) x
 WHERE kept AND nspname !~ '^pg_' AND nspname <> 'information_schema' AND NOT ident = ANY (%s)
 GROUP BY what, ident
"""

# Comments on tables, their columns and constraints are in the fingerprint.
_OTHERS = """
WITH rel AS (
  SELECT c.oid, n.nspname || '.' || c.relname AS ident
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't'
     AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
     AND NOT n.nspname || '.' || c.relname = ANY (%(skip)s)
), made AS (
  SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass AS class, oid FROM pg_catalog.pg_operator WHERE oid >= 16384
  UNION ALL SELECT 'pg_catalog.pg_opclass'::pg_catalog.regclass, oid FROM pg_catalog.pg_opclass WHERE oid >= 16384
  UNION ALL SELECT 'pg_catalog.pg_cast'::pg_catalog.regclass, oid FROM pg_catalog.pg_cast WHERE oid >= 16384
  UNION ALL SELECT 'pg_catalog.pg_collation'::pg_catalog.regclass, oid FROM pg_catalog.pg_collation WHERE oid >= 16384
  UNION ALL SELECT 'pg_catalog.pg_ts_config'::pg_catalog.regclass, oid FROM pg_catalog.pg_ts_config WHERE oid >= 16384
  UNION ALL SELECT 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, oid FROM pg_catalog.pg_ts_dict WHERE oid >= 16384
  UNION ALL SELECT 'pg_catalog.pg_event_trigger'::pg_catalog.regclass, oid FROM pg_catalog.pg_event_trigger
  UNION ALL SELECT 'pg_catalog.pg_foreign_server'::pg_catalog.regclass, oid FROM pg_catalog.pg_foreign_server
)
SELECT 'comment', o.type || ' ' || o.identity, d.description
  FROM pg_catalog.pg_description d
  LEFT JOIN pg_catalog.pg_class c ON d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = d.objoid
 CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) o
 WHERE (d.objoid >= 16384 OR d.classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass)
   AND d.classoid <> 'pg_catalog.pg_constraint'::pg_catalog.regclass
   AND coalesce(c.relkind, 'i') NOT IN ('r', 'p', 'f', 'c')
   AND coalesce(o.schema, '') !~ '^(pg_|information_schema$)' AND o.identity !~ '^(pg_|information_schema$)'
UNION ALL
SELECT 'column settings', rel.ident || '.' || a.attname,
       pg_catalog.concat_ws(' ', 'storage ' || nullif(a.attstorage, t.typstorage)::text,
         'compression ' || nullif(a.attcompression::text, ''), 'statistics ' || nullif(a.attstattarget, -1),
         a.attoptions::text)
  FROM rel JOIN pg_catalog.pg_attribute a ON a.attrelid = rel.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
 WHERE a.attstorage <> t.typstorage OR a.attcompression <> '' OR coalesce(a.attstattarget, -1) <> -1
    OR a.attoptions IS NOT NULL
UNION ALL
SELECT 'cluster order', rel.ident, x.indexrelid::pg_catalog.regclass::text
  FROM rel JOIN pg_catalog.pg_index x ON x.indrelid = rel.oid AND x.indisclustered
UNION ALL
SELECT 'publication', p.pubname,
       pg_catalog.concat_ws(' ', p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate,
         (SELECT string_agg(r.prrelid::pg_catalog.regclass::text, ', ' ORDER BY r.prrelid::pg_catalog.regclass::text)
            FROM pg_catalog.pg_publication_rel r WHERE r.prpubid = p.oid))
  FROM pg_catalog.pg_publication p
UNION ALL
SELECT 'setting of the database', coalesce(s.setrole::pg_catalog.regrole::text, 'all'), s.setconfig::text
  FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_database b ON b.oid = s.setdatabase
 WHERE b.datname = pg_catalog.current_database()
UNION ALL
SELECT o.type, o.identity, ''
  FROM made CROSS JOIN LATERAL pg_catalog.pg_identify_object(made.class, made.oid, 0) o
 WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d
                    WHERE d.classid = made.class AND d.objid = made.oid AND d.deptype = 'e')
"""
