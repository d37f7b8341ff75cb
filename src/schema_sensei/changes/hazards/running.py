"""Sends one statement to the server as psql would: the rows of a COPY with it, what a COPY answers thrown away."""

from contextlib import suppress

import psycopg
from psycopg import errors

from ...postgres.session import Connection
from .statements import Statement

_ROLES = ("ROLE", "USER", "GROUP")


def execute(connection: Connection, statement: Statement) -> None:
    """Run it. Raises psycopg.Error."""
    text = statement.text.encode()
    if any(statement.starts("CREATE", each) for each in _ROLES):
        _role(connection, text)
        return
    if statement.verb != "COPY" or not {"STDIN", "STDOUT"} & set(statement.words):
        connection.execute(text)
        return
    with connection.cursor().copy(text) as copy:
        if "STDIN" in statement.words:
            copy.write(statement.rows.encode())
        else:
            for _ in copy:
                pass


def _role(connection: Connection, text: bytes) -> None:
    """Roles belong to the server, not to the copy: one that is there already, from an earlier copy, will do."""
    with suppress(errors.DuplicateObject), connection.transaction():
        connection.execute(text)


def syntax_error(connection: Connection, statement: Statement) -> psycopg.Error | None:
    """What the server's parser says against it, None when it parses; nothing is run, and names are not looked up."""
    if not statement.words:
        return None
    result = connection.pgconn.prepare(b"", statement.text.encode())
    if result.status == psycopg.pq.ExecStatus.FATAL_ERROR:
        error = psycopg.errors.error_from_result(result, encoding="utf-8")
        return error if error.sqlstate == "42601" else None
    return None
