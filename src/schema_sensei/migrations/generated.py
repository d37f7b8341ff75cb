"""Generated: what autogenerate found, as data, and what it could not have found."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

Way: TypeAlias = Literal["whole", "expand", "guard", "contract", "set-aside"]
"""What of a difference is written: all of it; what only adds; checks for columns that are to be required; the rest of
it, with those checks; all of it, but tables that go are moved to the trash."""

RenameKind: TypeAlias = Literal["table", "column", "constraint", "index", "sequence", "restore"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a generated upgrade.

    `kind` is Alembic's verb (create_table, add_column, alter_column, drop_constraint, execute …), `name` the column,
    index or constraint it is about. `destructive` when it can lose rows or values, `additive` when it only adds.
    """

    kind: str
    schema: str | None
    table: str | None
    name: str | None
    summary: str
    destructive: bool
    additive: bool


@dataclass(frozen=True, slots=True)
class Caution:
    """Something a person should look at before trusting the generated revision.

    `code` is stable: rename, enum, check, server-default, partial-index, index-options, exclusion, computed,
    primary-key, other-schema, partition, not-modelled, comparison. `about` names the table, column or type.
    """

    code: str
    about: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Rename:
    """An object that goes on under another name; `table` has the name after the renames before it.

    `restore` brings the table `old` back from the trash. `schema` is None for the default one.
    """

    kind: RenameKind
    schema: str | None
    table: str
    old: str
    new: str

    @property
    def where(self) -> str:
        """The table, with its schema if that is not the default one."""
        return f"{self.schema}.{self.table}" if self.schema else self.table


@dataclass(frozen=True, slots=True)
class Shape:
    """How a difference becomes a revision.

    The database is at the heads with `renames` done, and the revision begins with them. `ask`: nothing is written when
    something may be a rename; `in_steps`: nor when something in it would be better done in steps. `discard` names a
    table of the trash that is dropped for good, and `remade` holds the statements that make it again, empty.
    """

    way: Way = "whole"
    renames: tuple[Rename, ...] = ()
    ask: bool = False
    in_steps: bool = False
    discard: str = ""
    remade: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A column that rows must get a value for: it was made, or is to be made, `required`; `source` may hold it now."""

    schema: str | None
    table: str
    column: str
    required: bool
    source: str = ""


@dataclass(frozen=True, slots=True)
class Abrupt:
    """An operation that running applications or filled tables take badly, and that could be done in steps."""

    schema: str | None
    table: str
    what: str


@dataclass(frozen=True, slots=True)
class Generated:
    """A generated revision; `path` is None when nothing was written.

    `pairs` may be renames, `abrupt` is better done in steps, `waiting` are the columns that rows need a value for.

    `warnings` are about the operations that were found, `blind_spots` about what autogenerate does not compare and
    the models or the database make use of.
    """

    revision: str
    path: Path | None
    operations: tuple[Operation, ...]
    upgrade_source: str
    downgrade_source: str
    warnings: tuple[Caution, ...] = ()
    blind_spots: tuple[Caution, ...] = ()
    output: str = ""
    pairs: tuple[Rename, ...] = ()
    abrupt: tuple[Abrupt, ...] = ()
    waiting: tuple[Waiting, ...] = ()

    @property
    def empty(self) -> bool:
        """True when the models and the migrations agree, as far as autogenerate can see."""
        return not self.operations
