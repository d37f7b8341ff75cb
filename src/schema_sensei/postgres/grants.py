"""Who else than its owner may do what with an object, as rows beside those of a Catalog: one per object and role."""

from collections.abc import Collection

from .catalog import Catalog, Entry
from .session import Connection

KIND = "grants"
PUBLIC = "PUBLIC"


def read(connection: Connection, *, without: Collection[str] = ()) -> frozenset[Entry]:
    """The grants on tables, columns, sequences, views, functions and procedures of all schemas but `without`.

    The ident is that of the object with the role behind a dot. What everybody may do with a new function is not told;
    that it was taken away is. The owner is left out, members of extensions are, too.
    """
    rows = connection.execute(_GRANTS, {"without": list(without)})
    return frozenset(Entry(KIND, str(ident), str(privileges)) for ident, privileges in rows)


def roles_of(catalog: Catalog) -> frozenset[str]:
    """The roles that grants of this catalog name, and everybody."""
    return frozenset({PUBLIC, *(_role(row) for row in catalog.rows if row.kind == KIND)})


def of_roles(catalog: Catalog, roles: Collection[str]) -> tuple[Catalog, frozenset[str]]:
    """The catalog with the grants to these roles only; and the other roles that it has grants to."""
    others = frozenset(_role(row) for row in catalog.rows if row.kind == KIND) - set(roles)
    if not others:
        return catalog, others
    return Catalog(frozenset(row for row in catalog.rows if row.kind != KIND or _role(row) not in others)), others


def _role(row: Entry) -> str:
    return row.ident.rpartition(".")[2]


_GRANTS = """
WITH holder AS (
  SELECT n.nspname || '.' || c.relname AS ident, c.relacl AS acl, c.relowner AS owner, n.nspname, c.oid,
         'pg_class'::text AS catalog
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND c.relpersistence <> 't' AND c.relacl IS NOT NULL
  UNION ALL
  SELECT n.nspname || '.' || c.relname || '.' || a.attname, a.attacl, c.relowner, n.nspname, c.oid, 'pg_class'
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attacl IS NOT NULL
  UNION ALL
  SELECT n.nspname || '.' || p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')',
         p.proacl, p.proowner, n.nspname, p.oid, 'pg_proc'
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE p.proacl IS NOT NULL
),
ours AS (
  SELECT h.* FROM holder h
   WHERE h.nspname !~ '^pg_' AND h.nspname <> 'information_schema' AND NOT h.nspname = ANY (%(without)s::text[])
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = h.oid AND d.deptype = 'e'
                        AND d.classid = ('pg_catalog.' || h.catalog)::pg_catalog.regclass)
)
SELECT ident || '.' || CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(grantee) END,
       string_agg(privilege_type || CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END, ', ' ORDER BY 1)
  FROM (SELECT o.ident, x.grantee, x.privilege_type, x.is_grantable
          FROM ours o CROSS JOIN LATERAL pg_catalog.aclexplode(o.acl) x
         WHERE x.grantee <> o.owner AND NOT (o.catalog = 'pg_proc' AND x.grantee = 0)) g
 GROUP BY ident, grantee
UNION ALL
SELECT o.ident || '.PUBLIC', 'no EXECUTE' FROM ours o
 WHERE o.catalog = 'pg_proc'
   AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(o.acl) x WHERE x.grantee = 0)
"""
