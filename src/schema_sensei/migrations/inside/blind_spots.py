"""What autogenerate cannot see: guesses about what it found, and facts about what it never compares.

The list is measured against Alembic 1.20 and SQLAlchemy 2.1. Where a short catalog query can tell whether there is a
difference, it is asked, so that a caution means something.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, Enum, Index, MetaData, Table, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from ..generated import Caution
from ..settings import Settings
from .environment import Options
from .operations import flat
from .renames import column_pairs, table_pairs

_CHECK_PLUGIN = "checkconstraint_byname"


def suspicions(upgrades: Iterable[ops.UpgradeOps], migration: MigrationContext) -> Iterator[Caution]:
    """Cautions about operations that were found and may not mean what they say."""
    found = [each for upgrade in upgrades for each in flat(upgrade)]
    yield from _renamed_columns(found)
    yield from _renamed_tables(found)
    yield from _types_left_behind(found)
    connection = migration.connection
    if connection is not None:
        yield from _partitions(found, connection)
        yield from _retyped_to_enum(found)


def blind_spots(settings: Settings, options: Options, migration: MigrationContext) -> Iterator[Caution]:
    """Cautions about what the models or the database use and autogenerate does not compare."""
    connection = migration.connection
    if connection is None:
        return
    given = options.get("target_metadata")
    every = list(given) if isinstance(given, (list, tuple)) else [given]
    tables = [table for metadata in every if isinstance(metadata, MetaData) for table in metadata.sorted_tables]
    yield from _other_schemas(settings, tables)
    yield from _enum_labels(tables, connection)
    yield from _checks(settings, tables, connection)
    yield from _server_defaults(settings, tables)
    yield from _indexes(tables)
    yield from _exclusions(tables, connection)
    yield from _computed(tables)
    yield from _primary_keys(tables, connection)
    yield from _not_modelled(connection)


def _name(table: Any, schema: Any = None) -> str:
    return f"{schema}.{table}" if schema else str(table)


def _renamed_columns(found: list[ops.MigrateOperation]) -> Iterator[Caution]:
    for pair in column_pairs(found):
        yield Caution(
            "rename",
            f"{pair.where}.{pair.old}",
            f"{pair.where}.{pair.old} is dropped and {pair.new} of the same type is added: "
            "if that is a rename, its values would be lost.",
            f'For a rename write op.alter_column("{pair.table}", "{pair.old}", '
            f'new_column_name="{pair.new}") in place of the two operations.',
        )


def _renamed_tables(found: list[ops.MigrateOperation]) -> Iterator[Caution]:
    for pair in table_pairs(found):
        yield Caution(
            "rename",
            pair.where,
            f"{pair.where} is dropped and {_name(pair.new, pair.schema)} "
            "with nearly the same columns is created: if that is a rename, its rows would be lost.",
            f'For a rename write op.rename_table("{pair.old}", "{pair.new}") instead.',
        )


def _types_left_behind(found: list[ops.MigrateOperation]) -> Iterator[Caution]:
    for each in found:
        columns: Iterable[Any] = ()
        if isinstance(each, ops.DropColumnOp) and each._reverse is not None:  # noqa: SLF001 - its type is nowhere else
            columns = (each._reverse.column,)  # noqa: SLF001 - the same
        elif isinstance(each, ops.DropTableOp):
            columns = each.to_table().columns
        for column in columns:
            if isinstance(column.type, Enum) and column.type.native_enum and column.type.name:
                yield Caution(
                    "enum",
                    column.type.name,
                    f"The enum type {column.type.name} stays behind when {column.name} goes; "
                    "a later upgrade that creates it again fails.",
                    f'If nothing else uses it, add op.execute("DROP TYPE {column.type.name}") to the upgrade, and let '
                    "the downgrade create it again.",
                )


def _retyped_to_enum(found: list[ops.MigrateOperation]) -> Iterator[Caution]:
    for each in found:
        if isinstance(each, ops.AlterColumnOp) and isinstance(each.modify_type, Enum) and each.modify_type.native_enum:
            yield Caution(
                "enum",
                f"{_name(each.table_name, each.schema)}.{each.column_name}",
                f"{each.column_name} becomes the enum {each.modify_type.name}: autogenerate writes neither CREATE TYPE "
                "nor the USING clause that PostgreSQL needs.",
                "Create the type first (sa.Enum(…).create(op.get_bind(), checkfirst=False)) and give "
                f'postgresql_using="{each.column_name}::{each.modify_type.name}".',
            )


def _partitions(found: list[ops.MigrateOperation], connection: Connection) -> Iterator[Caution]:
    dropped = [each for each in found if isinstance(each, ops.DropTableOp)]
    if not dropped:
        return
    rows = connection.execute(
        text(
            "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
            " ON n.oid = c.relnamespace WHERE c.relispartition AND c.relkind IN ('r', 'p')"
        )
    )
    children = {(schema, name) for schema, name in rows}
    default = connection.dialect.default_schema_name
    for each in dropped:
        if (each.schema or default, each.table_name) in children:
            yield Caution(
                "partition",
                _name(each.table_name, each.schema),
                f"{each.table_name} is a partition of another table, not a table of its own; "
                "this drop would lose its rows.",
                "Delete the operation, and skip partitions with include_object in env.py.",
            )


def _other_schemas(settings: Settings, tables: list[Table]) -> Iterator[Caution]:
    named = sorted({table.schema for table in tables if table.schema})
    if named and not settings.include_schemas:
        yield Caution(
            "other-schema",
            ", ".join(named),
            f"The models name the schema {', '.join(named)}, but env.py does not set include_schemas: tables that "
            "exist there are generated as new ones.",
            "Pass include_schemas=True to context.configure() and an include_name that lists your schemas.",
        )
    if named:
        yield Caution(
            "other-schema",
            ", ".join(named),
            "Autogenerate never writes CREATE SCHEMA.",
            f'In the first revision that needs it: op.execute("CREATE SCHEMA IF NOT EXISTS {named[0]}").',
        )


def _enum_labels(tables: list[Table], connection: Connection) -> Iterator[Caution]:
    wanted: dict[tuple[str, str], list[str]] = {}
    default = connection.dialect.default_schema_name or "public"
    for table in tables:
        for column in table.columns:
            kind = column.type
            while hasattr(kind, "item_type"):
                kind = kind.item_type
            if isinstance(kind, Enum) and kind.native_enum and kind.name:
                wanted[kind.schema or default, kind.name] = list(kind.enums)
    if not wanted:
        return
    rows = connection.execute(
        text(
            "SELECT n.nspname, t.typname, array_agg(e.enumlabel::text ORDER BY e.enumsortorder)"
            " FROM pg_catalog.pg_enum e JOIN pg_catalog.pg_type t ON t.oid = e.enumtypid"
            " JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace GROUP BY 1, 2"
        )
    )
    there = {(schema, name): list(labels) for schema, name, labels in rows}
    for key, labels in sorted(wanted.items()):
        now = there.get(key)
        if now is not None and now != labels:
            new, gone = [each for each in labels if each not in now], [each for each in now if each not in labels]
            changes = [f"new: {', '.join(new)}"] * bool(new) + [f"gone: {', '.join(gone)}"] * bool(gone)
            yield Caution(
                "enum",
                key[1],
                f"The labels of enum {key[1]} differ ({'; '.join(changes) or 'another order'}); autogenerate does not "
                "compare them.",
                "\n".join(f"op.execute(\"ALTER TYPE {key[1]} ADD VALUE '{each}'\")" for each in new)
                or "Removing or reordering labels needs a new type: create it, convert the columns, drop the old one.",
            )


def _own_checks(table: Table) -> Iterator[CheckConstraint]:
    for each in table.constraints:
        if isinstance(each, CheckConstraint) and not getattr(each, "_type_bound", False):
            yield each


def _checks(settings: Settings, tables: list[Table], connection: Connection) -> Iterator[Caution]:
    rows = connection.execute(
        text(
            "SELECT n.nspname, c.relname, k.conname FROM pg_catalog.pg_constraint k"
            " JOIN pg_catalog.pg_class c ON c.oid = k.conrelid"
            " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE k.contype = 'c'"
        )
    )
    there = {(schema, table, name) for schema, table, name in rows}
    exist = {(schema, table) for schema, table in connection.execute(text(_TABLES))}
    default = connection.dialect.default_schema_name or "public"
    compared = any(_CHECK_PLUGIN in plugin for plugin in settings.plugins)
    for table in tables:
        schema = table.schema or default
        if (schema, table.name) not in exist:
            continue
        for check in _own_checks(table):
            name = str(check.name) if isinstance(check.name, str) and check.name else None
            if name is None:
                yield Caution(
                    "check",
                    _name(table.name, table.schema),
                    f"A CHECK of {table.name} has no name ({check.sqltext}): whether the database has it is never "
                    "compared.",
                    "Name it in the model; a naming_convention on the MetaData names the rest.",
                )
            elif not compared and (schema, table.name, name) not in there:
                yield Caution(
                    "check",
                    f"{_name(table.name, table.schema)}.{name}",
                    f"The database lacks the CHECK {name} of {table.name}; autogenerate does not compare CHECKs.",
                    f'Add op.create_check_constraint("{name}", "{table.name}", "{check.sqltext}"), or switch on the '
                    'plugin "alembic.ext.checkconstraint_byname" in env.py.',
                )


def _server_defaults(settings: Settings, tables: list[Table]) -> Iterator[Caution]:
    if settings.compare_server_default:
        return
    names = [f"{table.name}.{column.name}" for table in tables for column in table.columns if column.server_default]
    if names:
        yield Caution(
            "server-default",
            _some(names),
            f"{len(names)} columns have a server default, identity or computed value; env.py does not compare them.",
            "Pass compare_server_default=True to context.configure().",
        )


def _indexes(tables: list[Table]) -> Iterator[Caution]:
    indexes = sorted((each for table in tables for each in table.indexes), key=lambda each: str(each.name))
    partial = [str(each.name) for each in indexes if _options(each, "where")]
    if partial:
        yield Caution(
            "partial-index",
            _some(partial),
            f"Changes to the WHERE of a partial index are not compared ({_some(partial)}).",
            "After changing one, write op.drop_index and op.create_index yourself.",
        )
    special = [str(each.name) for each in indexes if _options(each, "using", "include", "ops", "with")]
    if special:
        yield Caution(
            "index-options",
            _some(special),
            f"Method, operator class and INCLUDE of an index are not compared ({_some(special)}).",
            "After changing them, write op.drop_index and op.create_index yourself.",
        )


def _options(index: Index, *names: str) -> bool:
    options = index.dialect_options["postgresql"]
    return any(options.get(name) not in (None, False, {}, [], ()) for name in names)


def _exclusions(tables: list[Table], connection: Connection) -> Iterator[Caution]:
    named = [(table, each) for table in tables for each in table.constraints if isinstance(each, ExcludeConstraint)]
    if not named:
        return
    there = set(connection.scalars(text("SELECT conname FROM pg_catalog.pg_constraint WHERE contype = 'x'")))
    exist = {(schema, table) for schema, table in connection.execute(text(_TABLES))}
    default = connection.dialect.default_schema_name or "public"
    for table, each in named:
        if (table.schema or default, table.name) in exist and str(each.name) not in there:
            yield Caution(
                "exclusion",
                f"{_name(table.name, table.schema)}.{each.name}",
                f"The database lacks the exclusion constraint {each.name} of {table.name}; autogenerate does not "
                "compare them.",
                "Add op.create_exclude_constraint(…) to the revision.",
            )


def _computed(tables: list[Table]) -> Iterator[Caution]:
    names = [f"{table.name}.{column.name}" for table in tables for column in table.columns if column.computed]
    if names:
        yield Caution(
            "computed",
            _some(names),
            f"The expression of a computed column is not compared ({_some(names)}).",
            "After changing one, drop and add the column yourself.",
        )


def _primary_keys(tables: list[Table], connection: Connection) -> Iterator[Caution]:
    rows = connection.execute(
        text(
            "SELECT n.nspname, c.relname, array_agg(a.attname::text ORDER BY k.place)"
            " FROM pg_catalog.pg_constraint p CROSS JOIN LATERAL unnest(p.conkey) WITH ORDINALITY AS k(number, place)"
            " JOIN pg_catalog.pg_class c ON c.oid = p.conrelid"
            " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number"
            " WHERE p.contype = 'p' GROUP BY 1, 2"
        )
    )
    there = {(schema, table): list(columns) for schema, table, columns in rows}
    exist = {(schema, table) for schema, table in connection.execute(text(_TABLES))}
    default = connection.dialect.default_schema_name or "public"
    for table in tables:
        key = (table.schema or default, table.name)
        wanted = [str(column.name) for column in table.primary_key.columns]
        if key in exist and there.get(key, []) != wanted:
            yield Caution(
                "primary-key",
                _name(table.name, table.schema),
                f"The primary key of {table.name} is ({', '.join(there.get(key, [])) or 'none'}) in the database and "
                f"({', '.join(wanted) or 'none'}) in the models; autogenerate does not compare keys.",
                "Write op.drop_constraint and op.create_primary_key yourself.",
            )


def _not_modelled(connection: Connection) -> Iterator[Caution]:
    counts = connection.execute(text(_NOT_MODELLED)).one()._mapping  # noqa: SLF001 - the public way to the names
    there = [f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count]
    if there:
        yield Caution(
            "not-modelled",
            ", ".join(there),
            f"The database has {', '.join(there)}: autogenerate neither creates, changes nor drops such objects.",
            "Carry their changes in the revision with op.execute.",
        )


def _some(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


_TABLES = (
    "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p')"
)
_OWN = (
    "NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'"
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = {oid} AND d.deptype = 'e')"
)
_NOT_MODELLED = f"""
SELECT
  (SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('v', 'm') AND n.nspname {_OWN.format(oid="c.oid")}) AS views,
  (SELECT count(*) FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
   WHERE n.nspname {_OWN.format(oid="p.oid")}) AS functions,
  (SELECT count(*) FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
   JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE NOT t.tgisinternal AND n.nspname {_OWN.format(oid="c.oid")}) AS triggers,
  (SELECT count(*) FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
   JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname {_OWN.format(oid="c.oid")}) AS row_policies
"""  # noqa: S608 - constants of this module
