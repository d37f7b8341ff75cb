"""pg_dump's archives: their list of contents, what of it belongs to a table, and pg_restore over it."""

import re
import subprocess
import tempfile
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...postgres import client_programs, session
from ...postgres.client_programs import ClientPrograms
from ...terms.secrets import Secret
from .errors import BrokenBackupError
from .manifest import Kept

POLL_SECONDS = 0.1
_LINE = re.compile(r"\d+; (\d+) (\d+) (.+)")

PRIVILEGED = (
    *("EXTENSION", "COMMENT - EXTENSION", "EVENT TRIGGER", "PUBLICATION", "SUBSCRIPTION", "FOREIGN DATA WRAPPER"),
    *("SERVER", "USER MAPPING", "FOREIGN TABLE", "PROCEDURAL LANGUAGE", "DEFAULT ACL", "DATABASE PROPERTIES"),
)
"""What a login without a superuser's rights may not make; none of it holds rows."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an archive's list: the object as class:oid (0:0 for none), and its kind, schema, name and owner."""

    line: str
    part: str
    words: str

    def of_kind(self, kinds: Collection[str]) -> bool:
        return any(self.words.startswith(f"{kind} ") for kind in kinds)


def items(programs: ClientPrograms, file: Path) -> tuple[Item, ...]:
    """The archive's list. Raises BrokenBackupError."""
    done = subprocess.run(
        [programs.pg_restore, "--list", str(file)], capture_output=True, text=True, check=False, errors="replace"
    )
    if done.returncode:
        raise BrokenBackupError(
            "The dump's list of contents cannot be read.",
            means=f"pg_restore said: {done.stderr.strip()[-300:]}",
            remedy="Use another backup (sensei backups), or take a new one.",
            where=str(file),
        )
    found = []
    for line in done.stdout.splitlines():
        match = _LINE.fullmatch(line)
        if match:
            found.append(Item(line, f"{match[1]}:{match[2]}", match[3]))
    return tuple(found)


def belongs(item: Item, table: Kept) -> bool:
    """Whether it is the table, its rows, or a part that goes and comes with it.

    Objects are known by their number; what has none of its own (rows, positions, grants, comments) by name.
    """
    if item.part in table.parts or rows_of(item, table):
        return True
    if _names(item, ("ROW SECURITY", "TABLE ATTACH"), table.schema, table.name):
        return True
    if _names(item, _REMARKS, table.schema, f"TABLE {table.name}"):
        return True
    if any(item.words.startswith(f"{kind} {table.schema} COLUMN {table.name}.") for kind in _REMARKS):
        return True
    if any(item.words.startswith(f"COMMENT {table.schema} {kind} ") for kind in _ON_TABLES):
        return f" ON {table.name} " in item.words
    return any(
        _names(item, ("SEQUENCE SET", "SEQUENCE OWNED BY"), schema, name)
        or _names(item, _REMARKS, schema, f"SEQUENCE {name}")
        for schema, _, name in (sequence.partition(".") for sequence in table.sequences)
    )


def rows_of(item: Item, table: Kept) -> bool:
    """Whether it is the table's rows."""
    return _names(item, ("TABLE DATA",), table.schema, table.name)


_REMARKS = ("ACL", "COMMENT")
_ON_TABLES = ("CONSTRAINT", "TRIGGER", "POLICY", "RULE")


def _names(item: Item, kinds: Sequence[str], schema: str, name: str) -> bool:
    return any(item.words.startswith(f"{kind} {schema} {name} ") for kind in kinds)


def write_list(chosen: Sequence[Item], folder: Path) -> Path:
    """A file for pg_restore --use-list."""
    path = folder / "list"
    path.write_text("".join(f"{each.line}\n" for each in chosen), "utf-8")
    return path


def load(
    programs: ClientPrograms,
    file: Path,
    into: Secret,
    *,
    arguments: Sequence[str] = (),
    chosen: Sequence[Item] | None = None,
    checkpoint: Callable[[], None] = lambda: None,
) -> str:
    """Run pg_restore into a database; what it complained about, empty when all went well."""
    with tempfile.TemporaryDirectory(prefix="sensei-restore-") as folder, tempfile.TemporaryFile() as errors_file:
        command = [programs.pg_restore, "--no-password", *arguments]
        if chosen is not None:
            command.append(f"--use-list={write_list(chosen, Path(folder))}")
        environment = client_programs.environment(into, application_name="sensei restore")
        # Without a database pg_restore writes SQL to its output: the name is that of the URL.
        command += [f"--dbname={environment.get('PGDATABASE', '')}", str(file)]
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors_file
        )
        try:
            while process.poll() is None:
                try:
                    process.wait(POLL_SECONDS)
                except subprocess.TimeoutExpired:
                    checkpoint()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
        errors_file.seek(0)
        said = session.masked(errors_file.read().decode(errors="replace"), into)
    return (said or f"pg_restore ended with {process.returncode}") if process.returncode else ""
