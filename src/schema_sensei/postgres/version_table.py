"""Reads where a database stands from Alembic's version table, wherever the project keeps it."""

from collections.abc import Iterable
from dataclasses import dataclass

from psycopg import sql

from .session import Connection


@dataclass(frozen=True, slots=True)
class VersionTable:
    """The table's name and schema; without a schema the connection's search_path decides, as it does for Alembic."""

    name: str = "alembic_version"
    schema: str | None = None

    @property
    def _identifier(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name) if self.schema else sql.Identifier(self.name)

    def heads(self, connection: Connection) -> tuple[str, ...]:
        """The revisions it holds, sorted; () when there is no such table or it is empty."""
        name = self._identifier.as_string(connection)
        row = connection.execute("SELECT pg_catalog.to_regclass(%s)", (name,)).fetchone()
        if row is None or row[0] is None:
            return ()
        query = sql.SQL("SELECT version_num::text FROM {}").format(self._identifier)
        return tuple(sorted(str(version) for (version,) in connection.execute(query)))

    def put(self, connection: Connection, heads: Iterable[str]) -> None:
        """Make it hold exactly these revisions, as `alembic stamp` would; for scratch databases."""
        name = self._identifier
        connection.execute(sql.SQL("CREATE TABLE IF NOT EXISTS {} (version_num varchar(32) PRIMARY KEY)").format(name))
        connection.execute(sql.SQL("DELETE FROM {}").format(name))
        for head in heads:
            connection.execute(sql.SQL("INSERT INTO {} (version_num) VALUES (%s)").format(name), [head])

    def comment(self, connection: Connection) -> str:
        """The table's comment, in which a Script counts the parts of a revision; empty without one."""
        name = self._identifier.as_string(connection)
        row = connection.execute(
            "SELECT pg_catalog.obj_description(pg_catalog.to_regclass(%s), 'pg_class')", (name,)
        ).fetchone()
        return "" if row is None or row[0] is None else str(row[0])
