"""pg_dump's archives: their list of contents, what of it belongs to a table, and pg_restore over it."""

import re
import subprocess
import tempfile
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...postgres import client_programs, session
from ...postgres.client_programs import ClientPrograms
from ...terms.secrets import Secret
from .contents import Shape
from .errors import BrokenBackupError
from .manifest import Kept

POLL_SECONDS = 0.1
_LINE = re.compile(r"(\d+); (\d+) (\d+) (.+)")
_NEEDS = re.compile(r";\s+depends on:((?: \d+)+)")
_NO_OBJECTS = ("ENCODING ", "STDSTRINGS ", "SEARCHPATH ", "DATABASE ")

PRIVILEGED = (
    *("EXTENSION", "COMMENT - EXTENSION", "EVENT TRIGGER", "PUBLICATION", "SUBSCRIPTION", "FOREIGN DATA WRAPPER"),
    *("SERVER", "USER MAPPING", "FOREIGN TABLE", "PROCEDURAL LANGUAGE", "DEFAULT ACL", "DATABASE PROPERTIES"),
)
"""What a login without a superuser's rights may not make; none of it holds rows."""


REMARKS = ("ACL", "COMMENT", "SECURITY LABEL")
"""What is said of an object and goes with it."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an archive's list: the object as class:oid (0:0 for none), and its kind, schema, name and owner.

    `number` is its own in the archive, `needs` are those of what it rests on, what it is about first.
    """

    line: str
    part: str
    words: str
    number: int = 0
    needs: tuple[int, ...] = ()

    def of_kind(self, kinds: Collection[str]) -> bool:
        return any(self.words.startswith(f"{kind} ") for kind in kinds)


def items(programs: ClientPrograms, file: Path) -> tuple[Item, ...]:
    """The archive's list. Raises BrokenBackupError."""
    done = subprocess.run(
        [programs.pg_restore, "--list", "--verbose", str(file)],
        capture_output=True,
        text=True,
        check=False,
        errors="replace",
    )
    if done.returncode:
        raise _unreadable(done.stderr, file)
    found: list[Item] = []
    for line in done.stdout.splitlines():
        match = _LINE.fullmatch(line)
        if match and not match[4].startswith(_NO_OBJECTS):
            found.append(Item(line, f"{match[2]}:{match[3]}", match[4], int(match[1])))
        elif found and (needs := _NEEDS.match(line)):
            found[-1] = replace(found[-1], needs=tuple(int(each) for each in needs[1].split()))
    return tuple(found)


def _unreadable(said: str, file: Path) -> BrokenBackupError:
    return BrokenBackupError(
        "The dump's list of contents cannot be read.",
        means=f"pg_restore said: {said.strip()[-300:]}",
        remedy="Use another backup (sensei backups), or take a new one.",
        where=str(file),
    )


def belonging(every: Sequence[Item], tables: Collection[Kept | Shape]) -> list[Item]:
    """The tables, their rows, and the parts that go and come with them, in the archive's order.

    Objects are known by their number; what has none of its own (rows, positions, grants, comments) by what it is about.
    """
    parts = {part for table in tables for part in table.parts}
    ours = {each.number for each in every if each.part in parts}
    found = []
    for each in every:
        joins = each.of_kind(("INDEX ATTACH",))
        if each.part in parts or (joins and ours.issuperset(each.needs)):
            found.append(each)
        elif not joins and each.of_kind(_ATTENDANTS) and each.needs[:1] and each.needs[0] in ours:
            found.append(each)
            ours.add(each.number)
    return found


def rows_of(item: Item, table: Kept) -> bool:
    """Whether it is the table's rows."""
    return item.of_kind(("TABLE DATA",)) and item.part == table.parts[0].replace("1259:", "0:")


_ATTENDANTS = (
    *("TABLE DATA", "ROW SECURITY", "TABLE ATTACH", "SEQUENCE SET", "SEQUENCE OWNED BY"),
    *REMARKS,
)
"""What has no number of its own, and is about the first thing that it rests on."""


def statements(programs: ClientPrograms, file: Path, items: Sequence[Item], rights: Sequence[str] = ()) -> str:
    """The SQL that makes these items, without pg_restore's settings and comments, and without a last semicolon."""
    parts = []
    for each in items:
        with tempfile.TemporaryDirectory(prefix="sensei-restore-") as folder:
            command = [programs.pg_restore, *rights, f"--use-list={write_list([each], Path(folder))}", "--file=-"]
            done = subprocess.run([*command, str(file)], stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode:
            raise _unreadable(done.stderr.decode(errors="replace"), file)
        body = done.stdout.decode("utf-8").partition(_HEADER)[2].partition(_HEADER_ENDS)[2]
        parts.append(body.partition(_FOOTER)[0].strip().removesuffix(";"))
    return ";\n".join(each for each in parts if each)


_HEADER, _HEADER_ENDS = "\n-- Name: ", "\n--\n\n"
_FOOTER = "\n--\n-- PostgreSQL database dump complete\n"


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
