"""Logins without a superuser's rights: what runs on a scratch database for somebody else cannot touch the machine.

A superuser may run programs, read files and load C code. Reviewed SQL runs as a login of its own, which acts as the
owner of its database (SET ROLE OWNER from the start) and can become nobody else; both are no superusers.
"""

import secrets
from contextlib import suppress

import psycopg
from psycopg import errors, sql

from ..terms.secrets import Secret
from . import url as urls
from .session import Connection

OWNER = "sensei_owner"
"""Owns scratch databases and what is in them, so that a clone belongs to whoever gets it; nobody logs in as it."""


def admit(admin: Connection, url: Secret, database: str) -> Secret:
    """The URL of `database` for a fresh login called like it; `url` itself when its user is no superuser anyway."""
    row = admin.execute("SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user").fetchone()
    if row is None or not row[0]:
        return url
    _owner(admin)
    password = secrets.token_urlsafe(24)
    names = {"name": sql.Identifier(database), "owner": sql.Identifier(OWNER), "password": sql.Literal(password)}
    admin.execute(sql.SQL("ALTER DATABASE {name} OWNER TO {owner}").format(**names))
    with suppress(errors.DuplicateObject):
        admin.execute(sql.SQL("CREATE ROLE {name} IN ROLE {owner}").format(**names))
    admin.execute(sql.SQL("ALTER ROLE {name} LOGIN PASSWORD {password}").format(**names))
    admin.execute(sql.SQL("ALTER ROLE {name} SET role = {owner}").format(**names))
    return urls.with_login(url, database, password)


def dismiss(admin: Connection, database: str) -> None:
    """Drop the login of a database that is gone, and the roles made there; without one nothing happens."""
    with suppress(psycopg.Error):
        admin.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(database)))
        if admin.info.server_version >= 160000 and not admin.execute(_OTHERS).fetchone():
            for (name,) in admin.execute(_MADE, [OWNER]).fetchall():
                with suppress(psycopg.Error):  # a template that is kept needs it
                    admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(str(name))))


# Whoever makes a role is its administrator, from 16 on.
_MADE = """
SELECT r.rolname FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = m.roleid
  JOIN pg_catalog.pg_roles o ON o.oid = m.member WHERE o.rolname = %s AND m.admin_option
"""
# Another copy that is at work may have made it, and not used it yet.
_OTHERS = "SELECT 1 FROM pg_catalog.pg_stat_activity WHERE pg_catalog.starts_with(usename, 'sensei_scratch_')"


def left_logins(admin: Connection, prefix: str) -> list[str]:
    """Logins whose database is gone."""
    rows = admin.execute(
        """
        SELECT r.rolname FROM pg_catalog.pg_roles r WHERE pg_catalog.starts_with(r.rolname, %s)
           AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_database d WHERE d.datname = r.rolname)
        """,
        [prefix],
    )
    return [str(name) for (name,) in rows]


def _owner(admin: Connection) -> None:
    if admin.execute("SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = %s", [OWNER]).fetchone():
        return
    # Migrations make roles, too. From 16 on that right stops short of the predefined roles that reach the machine.
    right = sql.SQL("CREATEROLE" if admin.info.server_version >= 160000 else "")
    with suppress(errors.DuplicateObject, errors.UniqueViolation):
        admin.execute(sql.SQL("CREATE ROLE {} NOLOGIN {}").format(sql.Identifier(OWNER), right))
    if admin.info.server_version >= 150000:
        admin.execute(sql.SQL("GRANT SET ON PARAMETER session_replication_role TO {}").format(sql.Identifier(OWNER)))
