"""Tells which database a session really reached: the part of a Target that no URL can promise."""

from dataclasses import dataclass

import psycopg

from .session import Connection


@dataclass(frozen=True, slots=True)
class Identity:
    """One database of one server, and what this login may do there.

    `system_identifier` is PostgreSQL's own; where the login may not read it, it stands empty and `fallback` is a
    stable substitute: the creation of the database as its oid and name, with host and port. `server_version` is
    libpq's number (180004 is 18.4).
    """

    host: str
    port: int
    database: str
    system_identifier: str
    fallback: str
    server_version: int
    user: str
    is_superuser: bool
    can_create_databases: bool
    in_recovery: bool

    @property
    def key(self) -> str:
        """Equal for two logins that reach the same database, as far as the server lets them know."""
        return f"{self.system_identifier or self.fallback}/{self.database}"

    @property
    def certain(self) -> bool:
        """Whether the server itself vouches for `key`."""
        return bool(self.system_identifier)

    @property
    def version(self) -> str:
        """The server's version as people write it."""
        return f"{self.server_version // 10000}.{self.server_version % 10000}"


def read(connection: Connection) -> Identity:
    """Ask the server who it is; changes nothing, and leaves an open transaction as it was."""
    info = connection.info
    with connection.transaction():
        row = connection.execute(
            """
            SELECT pg_catalog.current_database(), d.oid::text, session_user, r.rolsuper, r.rolcreatedb,
                   pg_catalog.pg_is_in_recovery(),
                   pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
              FROM pg_catalog.pg_database d, pg_catalog.pg_roles r
             WHERE d.datname = pg_catalog.current_database() AND r.rolname = session_user
            """
        ).fetchone()
        assert row is not None  # noqa: S101 -- one row by construction: the session's own database and role
        database, oid, user, superuser, create_databases, recovery, may_ask = row
        system = _system_identifier(connection) if may_ask else ""
    return Identity(
        host=info.host or "localhost",
        port=info.port,
        database=database,
        system_identifier=system,
        fallback=f"{info.host or 'localhost'}:{info.port}#{oid}",
        server_version=info.server_version,
        user=user,
        is_superuser=superuser,
        can_create_databases=superuser or create_databases,
        in_recovery=recovery,
    )


def _system_identifier(connection: Connection) -> str:
    try:
        with connection.transaction():
            row = connection.execute("SELECT system_identifier::text FROM pg_catalog.pg_control_system()").fetchone()
    except psycopg.Error:
        return ""  # some hosted servers withhold it in spite of the privilege
    return "" if row is None else str(row[0])
