"""Opens sessions: one connection, its settings, and a clear error when it cannot be had."""

from typing import TypeAlias
from urllib.parse import unquote

import psycopg
from psycopg.rows import TupleRow

from ..terms.secrets import Redactor, Secret
from ..terms.targets import TargetLabel
from . import url as urls
from .errors import POOLER_MEANS, POOLER_REMEDY, OldServerError, PoolerError, StandbyError, explain

Connection: TypeAlias = psycopg.Connection[TupleRow]

CONNECT_TIMEOUT = 10
"""Seconds until a connection attempt to one address counts as failed (libpq's connect_timeout)."""

OLDEST_SERVER = 14
"""The oldest major version whose catalog the fingerprint was written for."""


def connect(
    url: Secret,
    *,
    application_name: str = "sensei",
    autocommit: bool = True,
    read_only: bool = False,
    lock_timeout_ms: int | None = None,
    statement_timeout_ms: int | None = None,
    connect_timeout: int = CONNECT_TIMEOUT,
    label: TargetLabel | None = None,
    variable: str | None = None,
) -> Connection:
    """A psycopg connection; session settings travel as libpq options, so that no statement precedes the caller's.

    `variable` names where the URL came from and `label` the target, both for errors only. Raises MalformedUrlError
    (exit 2) and the errors of `postgres.errors` (exit 7); a transaction pooler is refused.
    """
    conninfo = urls.for_libpq(url, variable=variable)
    address = urls.read(url, variable=variable)
    try:
        connection = psycopg.connect(
            conninfo,
            autocommit=autocommit,
            application_name=application_name,
            connect_timeout=connect_timeout,
            options=_options(conninfo, read_only, lock_timeout_ms, statement_timeout_ms),
            # Prepared statements break behind poolers and gain nothing for statements that run once.
            prepare_threshold=None,
        )
    except (psycopg.Error, OSError) as error:
        place = f"{address.shown_host}" if not address.local_socket else f"socket {address.host}"
        raise explain(
            masked(str(error), url),
            host=address.host,
            place=place,
            database=address.database,
            user=address.user,
            source=f"in {variable}" if variable else "in the URL",
            where=str(label) if label else "",
        ) from None  # the driver's traceback quotes the conninfo, password included
    try:
        _refuse_unfit(connection, address, label)
    except BaseException:
        connection.close()
        raise
    if read_only:
        connection.read_only = True
    return connection


def refuse_standby(connection: Connection, *, label: TargetLabel | None = None) -> None:
    """Raise StandbyError if the server is in recovery, where nothing can be written."""
    row = connection.execute("SELECT pg_catalog.pg_is_in_recovery()").fetchone()
    if row is not None and row[0]:
        raise StandbyError(
            "This server is a standby: it can be read, not changed.",
            remedy="Point the environment's URL at the primary.",
            where=str(label) if label else "",
        )


def masked(text: str, url: Secret) -> str:
    """Foreign text with the URL's password masked, in the form it was written and decoded."""
    redactor = Redactor()
    authority = url.reveal().partition("://")[2].partition("?")[0]
    password = authority.rpartition("@")[0].partition(":")[2]
    redactor.learn(url.reveal(), password, unquote(password))
    return redactor.mask(text).strip()


def _options(conninfo: str, read_only: bool, lock_timeout_ms: int | None, statement_timeout_ms: int | None) -> str:
    own = psycopg.conninfo.conninfo_to_dict(conninfo).get("options") if "options=" in conninfo else ""
    parts = [str(own)] if own else []
    if read_only:
        parts.append("-c default_transaction_read_only=on")
    if lock_timeout_ms is not None:
        parts.append(f"-c lock_timeout={lock_timeout_ms}")
    if statement_timeout_ms is not None:
        parts.append(f"-c statement_timeout={statement_timeout_ms}")
    return " ".join(parts)


def _refuse_unfit(connection: Connection, address: urls.Address, label: TargetLabel | None) -> None:
    where = str(label) if label else ""
    if connection.info.server_version // 10000 < OLDEST_SERVER:
        raise OldServerError(
            f"The server is PostgreSQL {connection.info.parameter_status('server_version')}.",
            means=f"Schema Sensei reads the catalog of PostgreSQL {OLDEST_SERVER} and later.",
            remedy="Upgrade the server, or use another one.",
            where=where,
        )
    if address.port == urls.TRANSACTION_POOLER_PORT and pooled(connection):
        raise PoolerError(
            f"Port {address.port} of {address.host} is a transaction pooler.",
            means=POOLER_MEANS,
            remedy=POOLER_REMEDY,
            where=where,
        )


def pooled(connection: Connection) -> bool:
    """Whether a pooler stands between: it makes up its own backend id, a server tells the true one."""
    row = connection.execute("SELECT pg_catalog.pg_backend_pid()").fetchone()
    if not connection.autocommit:
        connection.rollback()
    return row is not None and row[0] != connection.info.backend_pid
