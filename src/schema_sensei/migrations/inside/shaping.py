"""Shaping: from the difference that autogenerate found to what the revision does, in the way that was asked for."""

from collections.abc import Iterable, Iterator, Sequence

from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Connection, Identity, Integer, text

from ...terms.trash import TRASH
from ..errors import RefusedError
from ..generated import Abrupt, Shape, Waiting
from .operations import destructive, flat
from .renames import StatementOp, column_pairs, operation, quoted, set_aside, trashed

Found = Sequence[ops.MigrateOperation]


def shaped(script: ops.MigrationScript, shape: Shape, migration: MigrationContext) -> None:
    """Rewrites the upgrade and the downgrade of a generated script in place. Raises RefusedError."""
    connection = migration.connection
    if connection is None:
        return
    default = connection.dialect.default_schema_name or "public"
    renames = [each for rename in shape.renames for each in operation(rename, default)]
    for up, down in zip(script.upgrade_ops_list, script.downgrade_ops_list, strict=True):
        if shape.way == "whole" and not shape.discard:
            up.ops[:0] = renames
            down.ops += [each.reverse() for each in reversed(renames)]
            continue
        up.ops[:] = [*renames, *_chosen(list(flat(up)), shape, connection, default)]
        up.reverse_into(down)
        down.ops[:] = [each for each in down.ops if not isinstance(each, StatementOp) or each.sql]


def waiting(found: Found) -> Iterator[Waiting]:
    """The columns that rows get only later: new ones without a default, and old ones that become required."""
    sources = {(each.schema, each.table, each.new): each.old for each in column_pairs(found)}
    for each in found:
        match each:
            case ops.AddColumnOp(column=column, table_name=table) if not _has_value(column):
                name = str(column.name)
                source = sources.get((each.schema, table, name), "")
                yield Waiting(each.schema, table, name, not column.nullable, source)
            case ops.AlterColumnOp(modify_nullable=False, table_name=table, column_name=name):
                yield Waiting(each.schema, table, name, True)
            case _:
                pass


def abrupt(found: Found) -> Iterator[Abrupt]:
    """What is better done in steps where the table has rows or an application runs."""
    for each in found:
        match each:
            case ops.AddColumnOp(column=column, table_name=table) if not column.nullable and not _has_value(column):
                yield Abrupt(each.schema, table, f"{column.name} is required, and rows that are there have no value")
            case ops.AlterColumnOp(modify_nullable=False, table_name=table, column_name=name):
                yield Abrupt(
                    each.schema, table, f"{name} becomes required: every row is checked while nobody can write"
                )
            case ops.AlterColumnOp(table_name=table, column_name=name, modify_type=new) if destructive(
                each
            ) or isinstance(new, Integer):
                yield Abrupt(each.schema, table, f"{name} gets another type: every row is written anew")
            case _:
                pass


def guard_name(table: str, column: str) -> str:
    """The name of the check that stands in for NOT NULL until every row has a value."""
    return f"ck_{table}_{column}"[:56] + "_filled"


def _chosen(found: Found, shape: Shape, connection: Connection, default: str) -> Iterable[ops.MigrateOperation]:
    if shape.discard:
        yield from _discarding(shape, connection, default)
        return
    match shape.way:
        case "whole":
            yield from found
        case "expand":
            yield from _expanding(found)
        case "guard":
            yield from _guards(found)
        case "contract":
            yield from _contracting(found, connection)
        case "set-aside":
            yield from _setting_aside(found, connection, default)


def _expanding(found: Found) -> Iterator[ops.MigrateOperation]:
    """Only what adds, and no addition that rows must satisfy at once."""
    made = {(each.schema, each.table_name) for each in found if isinstance(each, ops.CreateTableOp)}
    for each in found:
        match each:
            case ops.CreateTableOp():
                yield each
            case ops.AddColumnOp(column=column):
                if not _has_value(column):
                    column.nullable = True
                yield each
            case ops.CreateIndexOp(table_name=table) if (each.schema, table) in made:
                yield each
            case _:
                pass


def _guards(found: Found) -> Iterator[ops.MigrateOperation]:
    for each in found:
        if isinstance(each, ops.AlterColumnOp) and each.modify_nullable is False:
            yield _guard(each)


def _guard(required: ops.AlterColumnOp) -> StatementOp:
    table, column = quoted(required.schema, required.table_name), quoted(required.column_name)
    name = quoted(guard_name(required.table_name, required.column_name))
    return StatementOp(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
        words=f"check that new rows of {required.table_name} have {required.column_name}; old ones are not looked at",
        back_words=f"drop the check on {required.table_name}.{required.column_name}",
        table=required.table_name,
        schema=required.schema,
    )


def _contracting(found: Found, connection: Connection) -> Iterator[ops.MigrateOperation]:
    """The difference, with each column that has its guard required without a scan under the strongest lock."""
    guarded = _guarded(connection)
    names = {name for _, name in guarded}
    for each in found:
        match each:
            case ops.DropConstraintOp(constraint_name=name) if name in names:
                pass  # ours, which goes with the column's NOT NULL
            case ops.AlterColumnOp(modify_nullable=False, table_name=table, column_name=column) if (
                table,
                guard_name(table, column),
            ) in guarded:
                guard = _guard(each)
                name = quoted(guard_name(table, column))
                yield StatementOp(
                    f"ALTER TABLE {quoted(each.schema, table)} VALIDATE CONSTRAINT {name}",
                    "",  # that it was checked goes with the check itself
                    words=f"check that every row of {table} has {column}, while others read and write",
                    back_words="",
                    table=table,
                    schema=each.schema,
                )
                yield each
                yield guard.reverse()
            case _:
                yield each


def _guarded(connection: Connection) -> frozenset[tuple[str, str]]:
    rows = connection.execute(
        text(
            "SELECT r.relname, k.conname FROM pg_catalog.pg_constraint k"
            " JOIN pg_catalog.pg_class r ON r.oid = k.conrelid WHERE k.contype = 'c' AND k.conname ~ '^ck_.*_filled$'"
        )
    )
    return frozenset((str(table), str(name)) for table, name in rows)


def _setting_aside(found: Found, connection: Connection, default: str) -> Iterator[ops.MigrateOperation]:
    gone = {(each.schema, each.table_name) for each in found if isinstance(each, ops.DropTableOp)}
    kept = trashed(connection)
    for each in found:
        table = getattr(each, "table_name", None)
        if isinstance(each, ops.DropTableOp):
            if each.table_name in kept:
                raise RefusedError(
                    f"There is a table {each.table_name} in {TRASH} already, from an earlier removal.",
                    means="Its indexes have the names that this table's indexes would take there.",
                    remedy="Drop that one for good first: sensei run drop-for-good",
                )
            yield from set_aside(each.schema, each.table_name, default)
        elif (getattr(each, "schema", None), table) not in gone:
            yield each


class DropTableOp(ops.DropTableOp):
    """Drops a table of the trash; the way back makes it again with all that belonged to it, empty."""

    def __init__(self, table: str, remade: Sequence[str]) -> None:
        super().__init__(table, schema=TRASH)
        self._remade = remade

    def reverse(self) -> ops.ModifyTableOps:  # type: ignore[override]  # Alembic reverses into whatever it finds
        again = f"make table {self.table_name} again, empty"
        steps = [
            StatementOp(each, "", words=again, back_words="", table=self.table_name, schema=TRASH)
            for each in self._remade
        ]
        return ops.ModifyTableOps(self.table_name, steps, schema=TRASH)


def _discarding(shape: Shape, connection: Connection, default: str) -> Iterator[ops.MigrateOperation]:
    if shape.discard not in trashed(connection):
        raise RefusedError(
            f"There is no table {shape.discard} in {TRASH}.",
            remedy="Deploy the revision that moves it there first, or name another one.",
        )
    yield DropTableOp(shape.discard, shape.remade)
    made, _ = set_aside(None, shape.discard, default)
    yield made.reverse()  # the trash itself, when this was the last table in it


def _has_value(column: Column[object]) -> bool:
    return column.server_default is not None or column.computed is not None or isinstance(column.identity, Identity)
