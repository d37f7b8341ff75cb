"""Renames: pairs of a drop and an addition that may be one, and the operations that write them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import renderers
from alembic.operations import Operations, ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Connection, text
from sqlalchemy.dialects import postgresql

from ...terms.trash import TRASH
from ..generated import Rename
from ..wire import Message
from .environment import Environment

_PREPARER = postgresql.dialect().identifier_preparer  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped


class RenameColumnOp(ops.AlterColumnOp):
    """op.alter_column(…, new_column_name=…), which Alembic writes but cannot reverse."""

    def reverse(self) -> "RenameColumnOp":
        return RenameColumnOp(self.table_name, str(self.modify_name), schema=self.schema, modify_name=self.column_name)


class RenameTableOp(ops.RenameTableOp):
    """op.rename_table(…), which Alembic knows but neither writes nor reverses."""

    def reverse(self) -> "RenameTableOp":
        return RenameTableOp(self.new_table_name, self.table_name, schema=self.schema)


@renderers.dispatch_for(RenameTableOp)
def _render_rename_table(_context: AutogenContext, operation: RenameTableOp) -> str:
    schema = f", schema={operation.schema!r}" if operation.schema else ""
    return f"op.rename_table({operation.table_name!r}, {operation.new_table_name!r}{schema})"


class StatementOp(ops.ExecuteSQLOp):
    """A statement that autogenerate never writes, with the one that takes it back and what it does in words."""

    def __init__(
        self, sql: str, back: str, *, words: str, back_words: str, table: str, schema: str | None, loses: bool = False
    ) -> None:
        super().__init__(sql.replace(":", r"\:"))
        self.sql, self.back = sql, back
        self.words, self.back_words = words, back_words
        self.table_name, self.schema = table, schema
        self.loses = loses

    def reverse(self) -> "StatementOp":
        return StatementOp(
            self.back, self.sql, words=self.back_words, back_words=self.words, table=self.table_name, schema=self.schema
        )


@renderers.dispatch_for(StatementOp)
def _render_statement(_context: AutogenContext, operation: StatementOp) -> str:
    """One string literal for each line: the indentation of the file is none of the statement's."""
    lines = str(operation.sqltext).splitlines(keepends=True)
    if len(lines) == 1:
        return f"op.execute({lines[0]!r})"
    return "op.execute(\n" + "".join(f"    {line!r}\n" for line in lines) + ")"


def quoted(*names: str | None) -> str:
    """A qualified name, quoted where PostgreSQL needs it; None parts are left out."""
    return ".".join(_PREPARER.quote(name) for name in names if name)


def column_pairs(found: Sequence[ops.MigrateOperation]) -> Iterator[Rename]:
    """A column that goes and one of like type that comes in the same table."""
    added = [each for each in found if isinstance(each, ops.AddColumnOp)]
    for dropped in (each for each in found if isinstance(each, ops.DropColumnOp)):
        old = dropped._reverse.column if dropped._reverse is not None else None  # noqa: SLF001 - its type is nowhere else
        for new in added:
            same = (new.table_name, new.schema) == (dropped.table_name, dropped.schema)
            if same and old is not None and _alike(old, new.column):
                yield Rename("column", dropped.schema, dropped.table_name, dropped.column_name, str(new.column.name))


def table_pairs(found: Sequence[ops.MigrateOperation]) -> Iterator[Rename]:
    """A table that goes and one with nearly the same columns that comes in the same schema."""
    created = [each for each in found if isinstance(each, ops.CreateTableOp)]
    for dropped in (each for each in found if isinstance(each, ops.DropTableOp)):
        before = {column.name for column in dropped.to_table().columns}
        for new in created:
            after = {column.name for column in new.to_table().columns}
            if new.schema == dropped.schema and before and 2 * len(before & after) >= len(before | after):
                yield Rename("table", dropped.schema, dropped.table_name, dropped.table_name, new.table_name)


def restorable(found: Sequence[ops.MigrateOperation], connection: Connection) -> Iterator[Rename]:
    """A table that comes and stands in the trash under the same name."""
    created = [each for each in found if isinstance(each, ops.CreateTableOp)]
    kept = trashed(connection) if created else frozenset[str]()
    for new in created:
        if new.table_name in kept:
            yield Rename("restore", new.schema, new.table_name, new.table_name, new.table_name)


def trashed(connection: Connection) -> frozenset[str]:
    """The names of the tables in the trash."""
    rows = connection.execute(
        text(
            "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = :trash AND c.relkind IN ('r', 'p')"
        ),
        {"trash": TRASH},
    )
    return frozenset(str(name) for (name,) in rows)


def operation(rename: Rename, default_schema: str) -> tuple[ops.MigrateOperation, ...]:
    """What a revision does for a rename; all of it can be reversed."""
    schema, table, old, new = rename.schema, rename.table, rename.old, rename.new
    match rename.kind:
        case "column":
            return (RenameColumnOp(table, old, schema=schema, modify_name=new),)
        case "table":
            return (RenameTableOp(old, new, schema=schema),)
        case "restore":
            return tuple(reversed([each.reverse() for each in set_aside(schema, table, default_schema)]))
        case "constraint":
            head, here, there = f"ALTER TABLE {quoted(schema, table)} RENAME CONSTRAINT", quoted(old), quoted(new)
            up, down = f"{head} {here} TO {there}", f"{head} {there} TO {here}"
        case "index" | "sequence" as kind:
            head = f"ALTER {kind.upper()}"
            up = f"{head} {quoted(schema, old)} RENAME TO {quoted(new)}"
            down = f"{head} {quoted(schema, new)} RENAME TO {quoted(old)}"
    return (
        StatementOp(
            up,
            down,
            words=f"rename {rename.kind} {old} → {new}",
            back_words=f"rename {rename.kind} {new} → {old}",
            table=table,
            schema=schema,
        ),
    )


def rename(environment: Environment, arguments: Mapping[str, Any], _emit: Callable[[Message], None]) -> int:
    """Does the renames in a scratch database, exactly as the revision will do them; how many."""
    with environment.approved.connection() as connection:
        operations = Operations(MigrationContext.configure(connection))
        default = connection.dialect.default_schema_name or "public"
        for each in arguments["renames"]:
            for step in operation(each, default):
                operations.invoke(step)
        connection.commit()
    return len(arguments["renames"])


def set_aside(schema: str | None, table: str, default_schema: str) -> tuple[StatementOp, ...]:
    """Moves a table with all that is in it to the trash; the way back also takes the trash away when it is empty."""
    home = quoted(schema or default_schema)
    name = quoted(table)
    return (
        StatementOp(
            f"CREATE SCHEMA IF NOT EXISTS {TRASH}",
            f"DO $$ BEGIN DROP SCHEMA {TRASH}; EXCEPTION WHEN dependent_objects_still_exist THEN NULL; END $$",
            words=f"make the schema {TRASH} if it is not there",
            back_words=f"drop the schema {TRASH} if it is empty",
            table=table,
            schema=schema,
        ),
        StatementOp(
            f"ALTER TABLE {home}.{name} SET SCHEMA {TRASH}",
            f"ALTER TABLE {TRASH}.{name} SET SCHEMA {home}",
            words=f"move table {table} to {TRASH}, with its rows",
            back_words=f"bring table {table} back from {TRASH}, with its rows",
            table=table,
            schema=schema,
        ),
    )


def _alike(old: Column[Any], new: Column[Any]) -> bool:
    return old.type._type_affinity is new.type._type_affinity  # noqa: SLF001 - what Alembic compares types by
