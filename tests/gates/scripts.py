"""Scripts written by hand with real guards, a progress that remembers, and a target around a test database."""

from collections.abc import Callable
from dataclasses import dataclass, field

from schema_sensei.changes.script import Script
from schema_sensei.migrations.guard import Moment, guard, mark
from schema_sensei.migrations.unit import Unit
from schema_sensei.postgres import identity, session
from schema_sensei.project.environment import Environment, Gate, Target
from schema_sensei.terms.secrets import Secret
from schema_sensei.terms.targets import TargetLabel

VERSIONS = "CREATE TABLE IF NOT EXISTS alembic_version (version_num varchar(32) PRIMARY KEY)"


def first(revision: str, *statements: str) -> Unit:
    """The unit of a history's first revision."""
    moment = Moment(revision, (), frozenset(), frozenset({revision}), empty=True)
    stamp = f"INSERT INTO alembic_version VALUES ('{revision}')"  # noqa: S608 - ids of this file
    return Unit(
        revision, (), (revision,), transactional=True,
        statements=(guard(moment, "alembic_version"), VERSIONS, *statements, stamp),
    )  # fmt: skip


def later(revision: str, parent: str, *statements: str) -> Unit:
    """The unit of a revision that follows another."""
    moment = Moment(revision, (parent,), frozenset({parent}), frozenset({revision}))
    return Unit(
        revision, (parent,), (revision,), transactional=True,
        statements=(guard(moment, "alembic_version"), *statements, move(revision, parent)),
    )  # fmt: skip


def in_parts(revision: str, parent: str, before: str, outside: str, after: str) -> tuple[Unit, Unit, Unit]:
    """A revision with an autocommit block in its middle."""
    moments = [Moment(revision, (parent,), frozenset({parent}), frozenset(), part=part, parts=2) for part in (1, 2)]
    marks = [mark(moment, "alembic_version") or "" for moment in moments]
    guards = [guard(moment, "alembic_version") for moment in moments]
    return (
        Unit(revision, (parent,), (parent,), transactional=True, statements=(guards[0], before, marks[0])),
        Unit(revision, (parent,), (parent,), transactional=False, statements=(outside,)),
        Unit(
            revision, (parent,), (revision,), transactional=True,
            statements=(guards[1], after, move(revision, parent), marks[1]),
        ),
    )  # fmt: skip


def move(revision: str, parent: str) -> str:
    return f"UPDATE alembic_version SET version_num = '{revision}' WHERE version_num = '{parent}'"  # noqa: S608 - ids of this file


def target(url: Secret, *, protected: bool = False, gate: Gate = "direct") -> Target:
    label = TargetLabel("dev", "localhost", "test", protected=protected)
    return Target(Environment("dev", "URL", gate=gate, protected=protected), label, url)


def identity_of(url: Secret) -> str:
    with session.connect(url) as connection:
        return identity.read(connection).key


def digest_of(*units: Unit) -> str:
    return Script(units).digest


@dataclass
class Listener:
    """A Progress that remembers, and calls back where a test interferes."""

    on_statement: Callable[[str], None] = lambda _: None
    on_checkpoint: Callable[[], None] = lambda: None
    on_finished: Callable[[int], None] = lambda _: None
    begun: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    statements: list[tuple[int, int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def started(self, unit: int) -> None:
        self.begun.append(unit)

    def finished(self, unit: int) -> None:
        self.ended.append(unit)
        self.on_finished(unit)

    def statement(self, unit: int, number: int, text: str) -> None:
        self.statements.append((unit, number, text))
        self.on_statement(text)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def warn(self, text: str) -> None:
        self.notes.append(text)

    def checkpoint(self) -> None:
        self.on_checkpoint()
