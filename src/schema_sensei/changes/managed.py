"""Schemas that belong to a platform or to ourselves: no model describes them, no drift is told of them.

Source: Supabase CLI's own list of what a diff leaves out, and schemas that its newer extensions make.
"""

from ..terms.trash import TRASH

_SUPABASE = frozenset(
    {"auth", "storage", "realtime", "_realtime", "extensions", "graphql", "graphql_public", "vault", "pgsodium"}
    | {"pgsodium_masks", "pgbouncer", "supabase_functions", "supabase_migrations", "_analytics", "_supavisor", "etl"}
    | {"net", "cron", "pgmq", "pgtle", "dbdev", "repack", "tiger", "tiger_data", "topology"}
)
_SUPABASE_MARKS = frozenset({"supabase_migrations", "storage", "realtime", "vault", "graphql_public"})
_TOOLS = frozenset({"drizzle", "sensei_backup", TRASH})
_TIMESCALE = ("timescaledb_", "_timescaledb_")


def managed(schemas: frozenset[str]) -> frozenset[str]:
    """Those of a database's schemas that others manage.

    `auth`, `net` or `cron` are common words: Supabase's list counts only beside a schema that Supabase alone makes.
    """
    theirs = {name for name in schemas if name in _TOOLS or name.startswith(_TIMESCALE)}
    if schemas & _SUPABASE_MARKS:
        theirs |= schemas & _SUPABASE
    return frozenset(theirs)
