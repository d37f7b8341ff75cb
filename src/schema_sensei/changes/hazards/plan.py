"""What is to be judged: transactions of statements, where each comes from, and what its author allows."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ...migrations.unit import Unit
from ...postgres.version_table import VersionTable
from ...terms.json import JsonObject
from ..declared import declared
from ..proof import empty_downgrades, own_statements
from ..script import Script
from . import allowing, statements
from .allowing import Allowance
from .finding import Finding
from .statements import Statement
from .transactions import Transaction, single, transactions


@dataclass(frozen=True, slots=True)
class Origin:
    """The file (relative to the project, empty for none), line (from 1) and revision that a statement comes from."""

    file: str = ""
    line: int = 0
    revision: str = ""

    def to_json(self) -> JsonObject:
        return {"file": self.file, "line": self.line, "revision": self.revision}


@dataclass(frozen=True, slots=True)
class Source:
    """A revision file: its path relative to the project, and its text."""

    path: str
    text: str


_NO_WAY_BACK = "no-way-back"


@dataclass(frozen=True, slots=True)
class WayBack:
    """The way down of a script, or None and why there is none."""

    script: Script | None
    reason: str = ""

    def missing(self, revision: str, up: Script, version_table: VersionTable) -> str:
        """Why a revision has no way back; empty when it has one."""
        if self.script is None:
            return f"There is no way back: {self.reason}."
        if revision in empty_downgrades(up, self.script, version_table):
            return f"The downgrade of {revision} does nothing."
        return ""


@dataclass(frozen=True)
class Plan:
    """The whole text with its transactions; `origins` by offset of the statement in the text.

    `findings` are hazards that no run shows, `allowances` those that the author accepts.
    """

    text: str
    name: str
    transactions: tuple[Transaction, ...]
    origins: Mapping[int, Origin] = field(default_factory=dict)
    allowances: tuple[Allowance, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Every statement in order."""
        return tuple(each for part in self.transactions for each in part.statements)

    def shares(self, statement: Statement) -> bool:
        """Whether its file or revision has other statements too, settings aside."""
        revision = self.origin(statement).revision
        others = [each for each in self.statements if each is not statement and each.verb not in {"SET", "RESET"}]
        return any(self.origin(each).revision == revision for each in others)

    def origin(self, statement: Statement) -> Origin:
        """Where a statement comes from."""
        return self.origins.get(statement.offset, Origin(self.name, statement.line))


def of_text(text: str, *, name: str) -> Plan:
    """The plan of an SQL file. Raises SplitError, AllowanceError."""
    try:
        found = statements.split(text)
    except statements.SplitError as error:
        error.where = f"{name}, {error.where}" if name else error.where
        raise
    return Plan(text, name, transactions(found), allowances=allowing.in_comments(text, found, name=name))


def of_script(
    script: Script, *, version_table: VersionTable, sources: Mapping[str, Source], way_back: WayBack | None = None
) -> Plan:
    """The plan of emitted units, guards and version table left out; `sources` by revision.

    With `way_back`, revisions without one are a hazard, unless they say why. A unit is a transaction; what runs outside
    of one commits by itself. Raises SplitError, AllowanceError.
    """
    text = ""
    parts: list[Transaction] = []
    origins: dict[int, Origin] = {}
    allowances: list[Allowance] = []
    for unit in script.units:
        source = sources.get(unit.revision, Source("", ""))
        text += f"-- revision {unit.revision}\n"
        found: list[Statement] = []
        for each in own_statements(unit, version_table):
            ended = f"{each.strip().removesuffix(';')}\n;\n"
            some = tuple(_shifted(some, text) for some in _split(each, unit))
            allowances += allowing.in_comments(ended, some, name=source.path, start=len(text))
            origins |= {one.offset: Origin(source.path, _line(one, source.text), unit.revision) for one in some}
            text += ended
            found += some
        if unit.opaque:
            found = [_opaque(unit, len(text))]
            origins[len(text)] = Origin(source.path, _upgrade(source.text), unit.revision)
            text += f"-- {unit.reason}\n"
            parts.append(Transaction(tuple(found), online=unit.revision))
        elif unit.transactional and found:
            parts.append(Transaction(tuple(found)))
        else:
            parts += [single(each) for each in found]
    findings: list[Finding] = []
    for revision in script.revisions:
        source = sources.get(revision, Source("", ""))
        said = declared(source.text, where=source.path)
        for hazard, reason in said.allow.items():
            allowances.append(allowing.checked(hazard, reason, where=source.path, revision=revision))
        first = _first(parts, origins, revision)
        why = "" if way_back is None else way_back.missing(revision, script, version_table)
        if why and first is not None:
            findings.append(Finding(_NO_WAY_BACK, first, "", words=why))
            if said.irreversible:
                allowances.append(Allowance(_NO_WAY_BACK, said.irreversible, source.path, revision=revision))
    return Plan(text, "", tuple(parts), origins, tuple(allowances), tuple(findings))


def _first(parts: Sequence[Transaction], origins: Mapping[int, Origin], revision: str) -> Statement | None:
    each_statement = (each for part in parts for each in part.statements)
    return next((each for each in each_statement if origins[each.offset].revision == revision), None)


def _split(text: str, unit: Unit) -> tuple[Statement, ...]:
    try:
        return statements.split(text)
    except statements.SplitError as error:
        error.where = f"revision {unit.revision}, {error.where}"
        raise


def _shifted(statement: Statement, before: str) -> Statement:
    """The statement with its place counted from the start of a text that begins with `before`, a whole line."""
    return replace(statement, offset=statement.offset + len(before), line=statement.line + before.count("\n"))


def _opaque(unit: Unit, offset: int) -> Statement:
    text = f"-- revision {unit.revision}: {unit.reason}"
    return Statement(text, "", (), offset, 1, 1)


def _line(statement: Statement, source: str) -> int:
    """The line of a revision file that most likely emitted a statement: its own text, else an operation on its name."""
    for piece in _pieces(statement):
        found = source.find(piece, _start(source))
        if found >= 0:
            return source.count("\n", 0, found) + 1
    return _upgrade(source)


def _pieces(statement: Statement) -> Iterator[str]:
    yield statement.text.partition("\n")[0][:60]
    names = [each.strip('"') for each in re.findall(r'"[^"]+"|\b[a-z_]\w*\b', statement.bare) if each.strip('"')]
    yield from sorted((f'"{each}"' for each in names), key=len, reverse=True)
    yield from sorted((f"'{each}'" for each in names), key=len, reverse=True)


def _start(source: str) -> int:
    return max(0, source.find("def upgrade"))


def _upgrade(source: str) -> int:
    return source.count("\n", 0, _start(source)) + 1
