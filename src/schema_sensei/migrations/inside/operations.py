"""Alembic's operations as data: what each does, to what, and whether it can lose anything."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from alembic.operations import ops
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import Enum, Integer, Numeric, String, TypeEngine

from ..generated import Operation
from .renames import RenameColumnOp, RenameTableOp, StatementOp

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped


def described(upgrades: Iterable[ops.UpgradeOps]) -> tuple[Operation, ...]:
    """One Operation for each operation of these upgrades, in order."""
    return tuple(_describe(each) for upgrade in upgrades for each in flat(upgrade))


def flat(container: ops.OpContainer) -> Iterator[ops.MigrateOperation]:
    """The operations in it, those of each table's group one by one."""
    for each in container.ops:
        if isinstance(each, ops.OpContainer):
            yield from flat(each)
        else:
            yield each


def _describe(operation: ops.MigrateOperation) -> Operation:
    kind = _kind(operation)
    schema = getattr(operation, "schema", None)
    table: object
    name: object
    match operation:
        case ops.CreateTableOp(table_name=table) | ops.DropTableOp(table_name=table):
            name = None
        case ops.AddColumnOp(table_name=table, column=column):
            name = column.name
        case (
            ops.DropColumnOp(table_name=table, column_name=name) | ops.AlterColumnOp(table_name=table, column_name=name)
        ):
            pass
        case ops.CreateIndexOp(table_name=table, index_name=name) | ops.DropIndexOp(table_name=table, index_name=name):
            pass
        case ops.AddConstraintOp():
            constraint = operation.to_constraint()
            table, name = constraint.table.name, constraint.name
            schema = constraint.table.schema
        case ops.DropConstraintOp(table_name=table, constraint_name=name):
            pass
        case _:
            table, name = getattr(operation, "table_name", None), getattr(operation, "column_name", None)
    shown = None if name is None else str(name)
    return Operation(
        kind=kind,
        schema=None if schema is None else str(schema),
        table=None if table is None else str(table),
        name=shown,
        summary=_summary(kind, schema, table, shown, operation),
        destructive=destructive(operation),
        additive=kind.startswith(("create_", "add_")) or "comment" in kind,
    )


def _kind(operation: ops.MigrateOperation) -> str:
    name = type(operation).__name__.removesuffix("Op")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _summary(kind: str, schema: object, table: object, name: str | None, operation: ops.MigrateOperation) -> str:
    where = ".".join(str(part) for part in (schema, table) if part is not None)
    target = f"{where}.{name}" if name and where else where or name or ""
    text = f"{kind.replace('_', ' ')} {target}".strip()
    match operation:
        case RenameColumnOp():
            return f"{text} → {operation.modify_name}"
        case RenameTableOp():
            return f"{text} → {operation.new_table_name}"
        case StatementOp(words=words):
            return words
        case ops.AlterColumnOp():
            changes = []
            if operation.modify_type is not None:
                changes.append(f"type {_typed(operation.existing_type)} → {_typed(operation.modify_type)}")
            if operation.modify_nullable is not None:
                changes.append("nullable" if operation.modify_nullable else "not null")
            if operation.modify_server_default is not False:
                changes.append("server default")
            if operation.modify_comment is not False:
                changes.append("comment")
            return f"{text} ({', '.join(changes)})" if changes else text
        case ops.AddColumnOp(column=column):
            return f"{text} ({_typed(column.type)}{'' if column.nullable else ', not null'})"
        case ops.ExecuteSQLOp(sqltext=sql):
            return f"execute {' '.join(str(sql).split())[:80]}"
        case _:
            return text


def _typed(kind: TypeEngine[Any] | None) -> str:
    """The type as PostgreSQL calls it."""
    return "unknown" if kind is None else kind.compile(dialect=_DIALECT)


def destructive(operation: ops.MigrateOperation) -> bool:
    """True when it can lose rows or values, or when nobody can tell."""
    match operation:
        case ops.AlterColumnOp(modify_type=TypeEngine() as new, existing_type=old):
            return old is None or not _widens(old, new)
        case ops.DropTableOp() | ops.DropColumnOp():
            return True
        case RenameTableOp():
            return False
        case StatementOp(loses=loses):
            return loses
        case (
            ops.CreateTableOp()
            | ops.AddColumnOp()
            | ops.AlterColumnOp()
            | ops.CreateIndexOp()
            | ops.DropIndexOp()
            | ops.AddConstraintOp()
            | ops.DropConstraintOp()
            | ops.CreateTableCommentOp()
            | ops.DropTableCommentOp()
        ):
            return False
        case _:  # plain SQL or an operation of somebody's plugin: nobody can tell
            return True


def _widens(old: TypeEngine[object], new: TypeEngine[object]) -> bool:
    """True where every value of the old type is a value of the new one."""
    sizes = {"SMALLINT": 2, "INTEGER": 4, "BIGINT": 8}
    match old, new:
        case Enum(), _:
            return False
        case String(), String() if not isinstance(new, Enum):
            return new.length is None or (old.length is not None and old.length <= new.length)
        case Integer(), Integer():
            before, after = sizes.get(str(old), 8), sizes.get(str(new), 0)
            return before <= after
        case Numeric(), Numeric():
            if new.precision is None:
                return True
            if old.precision is None:
                return False
            return (new.scale or 0) >= (old.scale or 0) and new.precision - (new.scale or 0) >= old.precision - (
                old.scale or 0
            )
        case _:
            return False
