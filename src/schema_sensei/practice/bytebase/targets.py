"""The databases behind the instances: how to reach them, and PostgreSQL's errors in the words of the real server."""

from typing import TYPE_CHECKING

from .store import Document

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

CONNECT_TIMEOUT = 5


def connect(instance: Document, database: str, *, purpose: str) -> "psycopg.Connection[TupleRow]":
    """A connection as the instance's ADMIN data source, committing by itself. Raises psycopg.Error."""
    import psycopg

    source = instance["source"]
    return psycopg.connect(
        host=source["host"],
        port=source.get("port") or "5432",
        user=source.get("username", ""),
        password=source.get("password") or None,
        dbname=database,
        application_name=purpose,
        connect_timeout=CONNECT_TIMEOUT,
        autocommit=True,
        prepare_threshold=None,
    )


def words(error: Exception) -> str:
    """What the real server's driver says of the same error: severity, message, SQLSTATE."""
    import psycopg

    if isinstance(error, psycopg.Error) and error.diag.message_primary:
        said = error.diag
        return f"{said.severity}: {said.message_primary} (SQLSTATE {said.sqlstate})"
    return str(error).strip()


def refused_connection(instance: Document, error: Exception) -> str:
    """What it says when no connection can be had."""
    source = instance["source"]
    place = f"{source['host']}:{source.get('port') or '5432'}"
    return (
        "failed to connect to database: failed to connect to "
        f"`user={source.get('username', '')} database=postgres`: {place}: {str(error).strip()}"
    )
