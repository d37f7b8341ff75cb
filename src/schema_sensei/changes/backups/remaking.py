"""Makes tables again that are not there: pg_restore's SQL goes through psql, is checked there, and then committed.

The COMMIT is ours and comes last: whatever ends earlier, a crash of this program included, is rolled back.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO

from psycopg import sql

from ...postgres import client_programs, session
from ...postgres.client_programs import ClientPrograms
from ...postgres.session import Connection
from . import archive
from .archive import Item
from .contents import content_query, plain
from .errors import BrokenBackupError, NotRestoredError
from .leaning import blocks, outcome
from .leaning import leaning as leanings
from .listener import Listener
from .manifest import Kept, Manifest
from .place import LOCK_MS, SETTINGS, Place

_CHUNK = 256 * 1024
_NOT_IN_TABLE_DUMPS = ("STATISTICS",)
"""What belongs to a table, and pg_dump --table leaves out."""

_UNWANTED = re.compile(rb"^SET (?:transaction_timeout|lock_timeout) = .*\n", re.MULTILINE)
"""The first is unknown to servers before 17, the second would undo our own."""


def remake(
    place: Place,
    connection: Connection,
    manifest: Manifest,
    tables: Sequence[Kept],
    *,
    programs: ClientPrograms,
    file: Path,
    schema: Path | None,
    first: str,
    aside: Collection[str],
    listener: Listener,
) -> list[str]:
    """Run the SQL of `first`, make these tables with all that belongs to them, compare, commit; what came with them.

    `aside` are the tables that `first` moves away. Raises NotRestoredError, BrokenBackupError.
    """
    chosen = archive.belonging(archive.items(programs, file), tables)
    types = _missing_types(connection, tables)
    described = schema if schema is not None else file
    every = archive.items(programs, described)
    of_types = [each for each in every if types & _typed(each)]
    behind = [] if schema is None else _left_out(archive.belonging(every, tables))
    rights = _rights(connection, manifest, tables)
    checks = "".join(_check(connection, table) for table in tables)
    leaning = leanings(every, tables, partial(archive.statements, programs, described, rights=rights))
    environment = client_programs.environment(place.url, application_name="sensei restore")
    with tempfile.TemporaryFile() as errors_file:
        psql = subprocess.Popen(
            [programs.psql, "-X", "-q", "-w", "-v", "ON_ERROR_STOP=1"],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors_file,
        )  # fmt: skip
        try:
            if psql.stdin is None:
                raise AssertionError("its input is a pipe")
            with suppress(BrokenPipeError):  # psql has stopped at an error, and says which
                psql.stdin.write(
                    f"BEGIN;\nSET lock_timeout = {LOCK_MS};\n{_schemas(connection, tables)}{first}".encode()
                )
                if of_types:
                    _pour(programs, described, of_types, rights, psql.stdin, listener)
                _pour(programs, file, chosen, rights, psql.stdin, listener)
                if behind:
                    _pour(programs, described, behind, rights, psql.stdin, listener)
                psql.stdin.write(f"{_settings()}{checks}{blocks(connection, leaning)}COMMIT;\n".encode())
            with suppress(BrokenPipeError):
                psql.stdin.close()
            psql.wait()
        finally:
            if psql.poll() is None:
                psql.kill()
                psql.wait()
        errors_file.seek(0)
        said = session.masked(errors_file.read().decode(errors="replace"), place.url)
    if psql.returncode:
        raise NotRestoredError(
            f"{', '.join(each.ident for each in tables)} could not be made again.",
            means=f"PostgreSQL said: {said[-500:]}\nIt was rolled back: {place.environment} is as it was.",
            remedy="Remove the cause that it names. Where a foreign key finds no parent, restore that table, too.",
            where=str(place.label),
        )
    return outcome(connection, leaning, said, aside=aside)


def _left_out(described: Sequence[Item]) -> list[Item]:
    """The statistics among what belongs to the tables, with their comments."""
    numbers = {each.number for each in described if each.of_kind(_NOT_IN_TABLE_DUMPS)}
    return [each for each in described if each.number in numbers or set(each.needs) & numbers]


def _pour(
    programs: ClientPrograms, file: Path, chosen: Sequence[Item], rights: Sequence[str], into: IO[bytes], hear: Listener
) -> None:
    """Write pg_restore's SQL for these items into psql."""
    with tempfile.TemporaryDirectory(prefix="sensei-restore-") as folder, tempfile.TemporaryFile() as errors_file:
        listed = archive.write_list(chosen, Path(folder))
        command = [programs.pg_restore, *rights, f"--use-list={listed}", "--file=-", str(file)]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors_file) as process:
            if process.stdout is None:
                raise AssertionError("its output is a pipe")
            try:
                head = b""
                while b"\n-- Name: " not in head and (chunk := os.read(process.stdout.fileno(), _CHUNK)):
                    head += chunk
                settings, mark, rest = head.partition(b"\n-- Name: ")
                into.write(_UNWANTED.sub(b"", settings) + mark + rest)
                while chunk := os.read(process.stdout.fileno(), _CHUNK):
                    hear.checkpoint()
                    into.write(chunk)
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            errors_file.seek(0)
            raise BrokenBackupError(
                "The dump cannot be read to its end.",
                means=f"pg_restore said: {errors_file.read().decode(errors='replace').strip()[-300:]}\n"
                "What had been restored was rolled back.",
                remedy="Use another backup: sensei backups",
                where=str(file),
            )


def _rights(connection: Connection, manifest: Manifest, tables: Sequence[Kept]) -> list[str]:
    """Owners and grants come back where their roles are there and this login may give them."""
    there = {
        str(name): bool(member)
        for name, member in connection.execute(
            "SELECT rolname, pg_catalog.pg_has_role(oid, 'MEMBER') FROM pg_catalog.pg_roles"
        )
    }
    rights = []
    if not all(there.get(each.owner) for each in tables):
        rights.append("--no-owner")
    if not set(manifest.roles) <= set(there):
        rights.append("--no-privileges")
    return rights


def _missing_types(connection: Connection, tables: Sequence[Kept]) -> set[str]:
    """The types of columns that went with the tables, as schema.name."""
    types = {each.type.removesuffix("[]") for table in tables for each in table.columns if each.foreign}
    rows = connection.execute(
        "SELECT t FROM unnest(%s::text[]) AS t WHERE pg_catalog.to_regtype(t) IS NULL", (sorted(types),)
    )
    return {str(name).replace('"', "") for (name,) in rows}


def _typed(item: Item) -> set[str]:
    words = item.words.split(" ")
    return {f"{words[1]}.{words[2]}"} if words[0] in {"TYPE", "DOMAIN"} and len(words) > 2 else set()


def _check(connection: Connection, table: Kept) -> str:
    """A block that raises unless the table holds what was saved."""
    query = content_query(
        sql.Identifier(table.schema, table.name), plain(table.columns), table.content.method
    ).as_string(connection)
    message = sql.Literal(f"{table.ident} did not come back as it was saved").as_string(connection)
    wanted = sql.Literal(f"{table.content.rows} {table.content.sum}").as_string(connection)
    found = f"(SELECT f.rows || ' ' || f.sum FROM ({query}) AS f (rows, sum))"  # noqa: S608 - names quoted by psycopg
    refusal = f"RAISE EXCEPTION USING MESSAGE = {message}"
    return f"DO $sensei$ BEGIN IF {found} IS DISTINCT FROM {wanted} THEN {refusal}; END IF; END $sensei$;\n"


def _schemas(connection: Connection, tables: Sequence[Kept]) -> str:
    """pg_dump of a table leaves its schema out."""
    names = sorted({each.schema for each in tables})
    rows = connection.execute(
        "SELECT n FROM unnest(%s::text[]) AS n WHERE pg_catalog.to_regnamespace(pg_catalog.quote_ident(n)) IS NULL",
        (names,),
    )
    make = sql.SQL("CREATE SCHEMA {};\n")
    return "".join(make.format(sql.Identifier(str(name))).as_string(connection) for (name,) in rows)


def _settings() -> str:
    return "".join(f"SET {name} = '{value}';\n" for name, value in SETTINGS.items())
