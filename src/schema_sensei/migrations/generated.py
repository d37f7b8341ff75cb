"""Generated: what autogenerate found, as data, and what it could not have found."""

from dataclasses import dataclass
from pathlib import Path


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
class Generated:
    """A generated revision; `path` is None when nothing was written.

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

    @property
    def empty(self) -> bool:
        """True when the models and the migrations agree, as far as autogenerate can see."""
        return not self.operations
