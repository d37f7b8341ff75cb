"""Emits Script units: Alembic renders each statement by itself, and each becomes one item; text is never split.

Revisions are rendered one by one, as `transaction_per_migration` would run them, whatever env.py says: a unit is what
can be applied, proven and repeated by itself.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory
from sqlalchemy import TextClause, text
from sqlalchemy.engine.mock import MockConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateTable, DDLElement

from ..errors import MigrationError, RefusedError, UnknownHeadsError
from ..guard import Moment, guard, mark
from ..unit import Unit
from ..wire import Message
from .environment import Environment, Options
from .failures import last_line, revision_error
from .reading import sound
from .stand_in import NoAnswer, Unanswered

_COLON = re.compile(r"\\(:[\w$]*)(?![:\w$])")
_HARMLESS_SETTINGS = ("timeout", "application_name", "client_min_messages")


@dataclass(slots=True)
class _Part:
    """Statements between two transaction borders of one revision."""

    transactional: bool
    statements: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Rendered:
    step: RevisionStep
    before: frozenset[str]
    after: frozenset[str]
    parts: list[_Part]
    reason: str


class _Recorder:
    """Takes the place of the output of one MigrationContext."""

    def __init__(self, context: MigrationContext, asked: list[str]) -> None:
        self.parts: list[_Part] = []
        self.asked = asked
        self.touched = False
        self._context = context
        self._dialect = context.dialect
        self._dialect._backslash_escapes = False  # type: ignore[attr-defined]  # noqa: SLF001 - as any server since 9.1
        connection = _Bind(self)
        impl = context.impl
        context.connection = impl.connection = connection  # type: ignore[assignment]  # the offline one is a mock, too
        impl._exec = self.execute  # type: ignore[method-assign, assignment]  # noqa: SLF001 - where all SQL passes
        impl.static_output = lambda _: None  # type: ignore[method-assign, assignment]  # comments; BEGIN and COMMIT are below
        impl.emit_begin = lambda: self.border(transactional=True)  # type: ignore[method-assign]  # the borders
        impl.emit_commit = lambda: self.border(transactional=False)  # type: ignore[method-assign]  # the same

    @property
    def dialect(self) -> Any:
        return self._dialect

    def border(self, *, transactional: bool) -> None:
        self.parts.append(_Part(transactional))

    def execute(
        self,
        construct: Any,
        _execution_options: Mapping[str, Any] | None = None,
        multiparams: Sequence[Mapping[str, Any]] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> str:
        """Notes one statement with its values written into it, and returns it."""
        if isinstance(construct, str):
            construct = text(construct)
        if params:
            construct = _with_values(construct, params)
        elif isinstance(construct, TextClause):
            bound = {name: each.value for name, each in construct._bindparams.items()}  # noqa: SLF001 - no public way
            construct = _with_values(construct, {name: each for name, each in bound.items() if isinstance(each, str)})
        if multiparams:
            return [self.execute(construct, params=values) for values in multiparams][-1]
        literal = {} if isinstance(construct, DDLElement) else {"compile_kwargs": {"literal_binds": True}}
        compiled = construct.compile(dialect=self._dialect, **literal)
        statement = str(compiled).strip().rstrip(";").rstrip()
        match " ".join(statement.upper().split()):
            case "" | "BEGIN" | "BEGIN TRANSACTION" | "BEGIN WORK" | "START TRANSACTION":
                pass  # psycopg begins by itself
            case "COMMIT" | "COMMIT TRANSACTION" | "COMMIT WORK" | "END" | "END TRANSACTION":
                self.border(transactional=True)
            case _:
                self.parts[-1].statements.append(statement)
        return statement


class _Bind(MockConnection):
    """What `op.get_bind()` gives to a revision: it can tell, but not ask."""

    def __init__(self, recorder: _Recorder) -> None:
        super().__init__(recorder.dialect, lambda construct, *_, **__: recorder.execute(construct))
        self._recorder = recorder
        self.closed = False
        self.info: dict[str, Any] = {}

    def execute(self, statement: Any, parameters: Any = None, execution_options: Any = None) -> Any:  # noqa: ARG002 - as theirs
        self._recorder.touched |= not isinstance(statement, DDLElement)
        many = list(parameters) if isinstance(parameters, (list, tuple)) else None
        written = self._recorder.execute(statement, multiparams=many, params=None if many else parameters)
        return NoAnswer(" ".join(written.split()), self._recorder.asked)

    def in_transaction(self) -> bool:
        """Never: Alembic asks when it enters an autocommit block."""
        return False

    def exec_driver_sql(self, statement: str, parameters: Any = None, **_: Any) -> Any:
        self._recorder.touched = True
        if parameters:
            raise Unanswered(statement)
        return self.execute(text(statement.replace(":", r"\:")))

    def scalar(self, statement: Any, *_arguments: Any, **_: Any) -> Any:
        self._recorder.touched = True
        self._recorder.asked.append(" ".join(str(statement).split()))
        raise Unanswered(statement)

    scalars = scalar

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self._recorder.touched = True
        raise Unanswered(f"connection.{name}")


def emit(environment: Environment, arguments: Mapping[str, Any], _emit: Callable[[Message], None]) -> tuple[Unit, ...]:
    """The units from the heads `start` to `destination`, `direction` "up" or "down"; no database is reached."""
    start, destination, up = tuple(arguments["start"]), arguments["destination"], arguments["direction"] == "up"
    history = sound(environment)
    unknown = history.unknown(start)
    if unknown:
        raise UnknownHeadsError(
            f"No revision file has the id {' + '.join(unknown)}.", remedy="Start from heads that `sensei status` shows."
        )
    _refuse_relative(destination)
    rendered: list[_Rendered] = []
    tables: list[str] = []
    environment_says: list[str] = []

    def steps(_heads: Any, context: MigrationContext) -> Iterable[RevisionStep]:
        recorder = _Recorder(context, environment.asked)
        environment_says.extend(_statements(environment, recorder))
        tables.append(context.dialect.identifier_preparer.format_table(context._version))  # noqa: SLF001 - its only name
        context._version.create = lambda *_, **__: None  # type: ignore[method-assign]  # noqa: SLF001 - see _first
        tables.append(_creation(context))
        heads = frozenset(start)
        for step in _steps(environment.script, destination, start, up=up):
            recorder.parts, recorder.touched = [], False
            recorder.asked.clear()
            reasons: list[str] = []
            step.migration_fn = _watched(step, recorder, environment, reasons)
            yield step
            after = _moved(context, step, heads)
            rendered.append(_Rendered(step, heads, after, recorder.parts, reasons[0] if reasons else ""))
            heads = after

    def adjust(given: Options) -> None:
        given["transaction_per_migration"] = True
        given["transactional_ddl"] = True
        given["literal_binds"] = True

    environment.render(steps, adjust, starting_rev=start or None)
    setting = next((each for each in environment_says if _changes_session(each)), None)
    units: list[Unit] = []
    for each in rendered:
        if setting is not None:
            each.reason = f"env.py runs `{setting}` on its connection first, which a script cannot carry"
        first = [] if units else [each for each in environment_says if each.upper().startswith("CREATE ")]
        units += _units(environment.script, each, up=up, table=tables[0], creation=tables[1], first=first)
    return tuple(units)


def _refuse_relative(destination: Any) -> None:
    for each in (destination,) if isinstance(destination, str) else destination:
        if (each.lstrip("+-").isdigit() and each[:1] in {"+", "-"}) or "@-" in each or "@+" in each:
            raise RefusedError(
                f"{each} is a relative destination.",
                means="Counted steps undo the wrong revision when the database is not where one thinks.",
                remedy="Name the revision, or heads or base.",
            )


def _steps(script: ScriptDirectory, destination: Any, start: tuple[str, ...], *, up: bool) -> list[RevisionStep]:
    here: Any = start
    if up:
        return script._upgrade_revs(destination, here)  # noqa: SLF001 - what `alembic upgrade` calls
    return script._downgrade_revs(_one(destination), here)  # noqa: SLF001 - what `alembic downgrade` calls


def _one(destination: Any) -> str:
    """A downgrade goes to one place: Alembic takes it as text, and () is the base."""
    if isinstance(destination, str):
        return destination
    if len(destination) > 1:
        raise RefusedError(
            f"A downgrade cannot end at {' and '.join(destination)}.",
            means="Alembic goes down to one revision at a time.",
            remedy="Name the revision at which the branches part, or base.",
        )
    return str(destination[0]) if destination else "base"


def _watched(
    step: RevisionStep, recorder: _Recorder, environment: Environment, reasons: list[str]
) -> Callable[..., None]:
    """The revision's function; when it needs answers its statements are dropped, and `reasons` says why."""
    function = step.migration_fn

    def migrate(**arguments: Any) -> None:
        try:
            function(**arguments)
        except MigrationError:
            raise
        except BaseException as error:
            if not (recorder.asked or recorder.touched or isinstance(error, (Unanswered, SQLAlchemyError))):
                verb = "upgrade" if step.is_upgrade else "downgrade"
                raise revision_error(error, environment.layout, step.revision.revision, verb) from error
            if not recorder.asked:
                reasons.append(f"it cannot be written as SQL without a database: {last_line(error)}")
        if recorder.asked:
            reasons.append(f"it reads the database to decide what to do: {_short(recorder.asked[0])}")

    migrate.__name__ = function.__name__
    return migrate


def _short(statement: str) -> str:
    return statement if len(statement) <= 100 else statement[:99] + "…"


def _with_values(construct: Any, values: Mapping[str, Any]) -> Any:
    """The statement with these values bound.

    SQLAlchemy removes a backslash before a colon from the whole text, written-in values included: they get one more.
    """
    if not isinstance(construct, TextClause):
        return construct.values(**values)
    return construct.bindparams(
        **{name: _COLON.sub(r"\\\\\1", each) if isinstance(each, str) else each for name, each in values.items()}
    )


def _moved(context: MigrationContext, step: RevisionStep, heads: frozenset[str]) -> frozenset[str]:
    """The heads after the step, by Alembic's own rules, without repeating its statements."""
    from alembic.runtime.migration import HeadMaintainer

    maintainer = HeadMaintainer(context, heads)
    execute, context.impl._exec = context.impl._exec, lambda *_, **__: None  # type: ignore[method-assign]  # noqa: SLF001
    try:
        maintainer.update_to_step(step)
    finally:
        context.impl._exec = execute  # type: ignore[method-assign]  # noqa: SLF001 - as it was
    return frozenset(maintainer.heads)


def _creation(context: MigrationContext) -> str:
    """CREATE TABLE for the version table; it may stand there empty, after a downgrade to the base."""
    return str(CreateTable(context._version, if_not_exists=True).compile(dialect=context.dialect)).strip()  # noqa: SLF001


def _statements(environment: Environment, recorder: _Recorder) -> list[str]:
    """What env.py executed before it configured the migration, as SQL."""
    recorder.parts = [_Part(transactional=True)]
    for statement in environment.stand_in_statements:
        recorder.execute(statement)
    return recorder.parts[0].statements


def _changes_session(statement: str) -> bool:
    words = statement.lower()
    sets = words.startswith("set ") or "set_config(" in words
    return sets and not any(setting in words for setting in _HARMLESS_SETTINGS)


def _units(
    script: ScriptDirectory, each: _Rendered, *, up: bool, table: str, creation: str, first: list[str]
) -> Iterable[Unit]:
    revision = each.step.revision.revision
    before, after = tuple(sorted(each.before)), tuple(sorted(each.after))
    if each.reason:
        yield Unit(revision, before, after, transactional=True, statements=(), opaque=True, reason=each.reason)
        return
    parts = [part for part in each.parts if part.statements]
    if not each.before and up:
        begin = next((part for part in parts[:1] if part.transactional), None)
        if begin is None:
            begin = _Part(transactional=True)
            parts.insert(0, begin)
        begin.statements[:0] = [*first, creation]
    elif first:
        parts[0].statements[:0] = first
    total, number = sum(part.transactional for part in parts), 0
    for index, part in enumerate(parts):
        heads = after if index == len(parts) - 1 else before
        if not part.transactional:
            for statement in part.statements:
                yield Unit(revision, before, before, transactional=False, statements=(statement,))
            continue
        number += 1
        moment = _moment(script, each, up=up, part=number, parts=total)
        marked = mark(moment, table)
        ending = (marked,) if marked else ()
        statements = (guard(moment, table), *part.statements, *ending)
        yield Unit(revision, before, heads, transactional=True, statements=statements)


def _moment(script: ScriptDirectory, each: _Rendered, *, up: bool, part: int, parts: int) -> Moment:
    """What the version table must hold: the rows that this step takes away, and none that it puts in.

    A step that only adds a row (a second base, a fork from a revision that has moved on) must find neither that row nor
    any later one of its line, and its parents must be there or have moved on.
    """
    revision = each.step.revision.revision
    taken, put = each.before - each.after, each.after - each.before
    absent, covered = put, []
    if up and not taken:
        absent = frozenset().union(*(_line(script, new) for new in put))
    if up:
        parents = script.get_revision(revision)._normalized_down_revisions  # noqa: SLF001 - down_revision and depends_on
        covered = [_line(script, parent) for parent in parents if parent not in taken]
    return Moment(
        revision=revision,
        heads=tuple(sorted(each.before)),
        present=taken,
        absent=absent,
        covered=tuple(covered),
        empty=up and not each.before,
        part=part,
        parts=parts,
    )


def _line(script: ScriptDirectory, revision: str) -> frozenset[str]:
    """The revision and everything that rests on it."""
    nodes = script.revision_map._get_descendant_nodes([script.get_revision(revision)], include_dependencies=True)  # noqa: SLF001
    return frozenset(node.revision for node in nodes)
