"""Finds the carcasses that a failed CREATE INDEX CONCURRENTLY leaves: they cost writes and serve no query."""

from ..postgres.session import Connection


def invalid_indexes(connection: Connection) -> list[str]:
    """The qualified, quoted names of all invalid indexes of the database, sorted."""
    rows = connection.execute(
        """
        SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
          FROM pg_catalog.pg_index i
          JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE NOT i.indisvalid AND c.relkind = 'i' AND n.nspname !~ '^pg_'
         ORDER BY 1
        """
    )
    return [str(name) for (name,) in rows]
