"""The SQL of a whole schema as one text that runs in one transaction, whoever's session it is: pg_dump's, tidied."""

import re
import subprocess
from collections.abc import Collection

from ..terms.errors import UnreachableError
from ..terms.secrets import Secret
from ..terms.targets import TargetLabel
from . import client_programs, session

LOCK_MS = 3_000
"""How long reading waits for a lock of the target, so that nobody queues up behind it."""

_HEADER_ENDS = "SET row_security = off;\n"
_OF_PSQL = re.compile(r"^\\(?:un)?restrict .*\n?", re.MULTILINE)
_ON_EXTENSION = re.compile(r"^COMMENT ON EXTENSION .*;\n", re.MULTILINE)
# The names in the dump are qualified; what stood in search_path comes back, because Alembic's own names are not.
_OPEN = """SELECT pg_catalog.set_config('sensei.search_path', pg_catalog.current_setting('search_path'), true);
SELECT pg_catalog.set_config('search_path', '', true);
SET LOCAL check_function_bodies = false;
"""
_CLOSE = "SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('sensei.search_path'), true);\n"


class UndumpableError(UnreachableError):
    """pg_dump could not read the schema."""


def schema_text(
    target: Secret, *, without: Collection[str] = (), skip: Collection[str] = (), label: TargetLabel | None = None
) -> str:
    """The schema without owners and grants, `without` some schemas and the tables to `skip` (schema.table).

    Raises UndumpableError, MissingProgramsError and the errors of connect.
    """
    with session.connect(target, application_name="sensei look", read_only=True, label=label) as connection:
        programs = client_programs.find(connection.info.server_version, where=str(label or ""))
    command = [programs.pg_dump, "--schema-only", "--no-owner", "--no-privileges", "--no-publications"]
    command += ["--no-subscriptions", "--no-security-labels", "--no-tablespaces", "--no-password"]
    command += [f"--lock-wait-timeout={LOCK_MS}"]
    command += [f"--exclude-schema={_pattern(name)}" for name in without]
    command += [f"--exclude-table={'.'.join(_pattern(part) for part in name.split('.', 1))}" for name in skip]
    done = subprocess.run(
        command,
        env=client_programs.environment(target, application_name="sensei pull"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise UndumpableError(
            f"The schema of {label or 'the target'} cannot be dumped.",
            means=session.masked(done.stderr.decode(errors="replace"), target),
            remedy="Use a login that may read it (a member of pg_read_all_data is enough).",
            where=str(label or ""),
        )
    header, found, body = done.stdout.decode("utf-8").partition(_HEADER_ENDS)
    body = _ON_EXTENSION.sub("", _OF_PSQL.sub("", body if found else header))
    return _OPEN + body.strip() + "\n" + _CLOSE


def _pattern(name: str) -> str:
    """A name that pg_dump takes for itself and not for a pattern."""
    return '"' + name.replace('"', '""') + '"'
