"""One table as source: a declarative class, or a Table where there is no primary key to map by."""

import re
from collections.abc import Iterator, Mapping

from ...postgres.structure import Column, Constraint, Index, Table
from .column_types import ColumnType, column_type
from .source import call, identifier, spread, sql, strings

Own = Mapping[tuple[str, str], ColumnType]

_INTEGERS = frozenset({"smallint", "integer", "bigint"})
_GREATEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}


def written(table: Table, name: str, own: Own) -> str:
    """The source of a table; `name` is its class or variable."""
    return _class(table, name, own) if primary_key(table) is not None else _core(table, name, own)


def primary_key(table: Table) -> Constraint | None:
    """The table's primary key, if it has one."""
    return next((each for each in table.constraints if each.kind == "p"), None)


def is_serial(table: Table, column: Column) -> bool:
    """Whether SQLAlchemy makes this column by itself with SERIAL: the only column of the key, counted the usual way."""
    key, numbers = primary_key(table), column.numbers
    if key is None or key.columns != (column.name,) or numbers is None or column.identity:
        return False
    usual = (numbers.start, numbers.increment, numbers.minimum, numbers.cache, numbers.cycle) == (1, 1, 1, 1, False)
    greatest = _GREATEST.get(column.type.text)
    named = column.sequence.rpartition(".")[2].strip('"') == f"{table.name}_{column.name}_seq"
    counts = column.default == f"nextval({_literal(column.sequence)}::regclass)"
    return usual and named and counts and numbers.type == column.type.text and numbers.maximum == greatest


def counting(column: Column) -> str:
    """The arguments of Identity() that are not PostgreSQL's own choice."""
    numbers = column.numbers
    if numbers is None:
        return ""
    given = {"always": "True" if column.identity == "a" else ""}
    down = numbers.increment < 0
    greatest = -1 if down else _GREATEST.get(numbers.type, 0)
    least = -_GREATEST.get(numbers.type, 0) - 1 if down else 1
    begin = numbers.maximum if down else numbers.minimum
    given["start"] = "" if numbers.start == begin else str(numbers.start)
    given["increment"] = "" if numbers.increment == 1 else str(numbers.increment)
    given["minvalue"] = "" if numbers.minimum == least else str(numbers.minimum)
    given["maxvalue"] = "" if numbers.maximum == greatest else str(numbers.maximum)
    given["cycle"] = "True" if numbers.cycle else ""
    given["cache"] = "" if numbers.cache == 1 else str(numbers.cache)
    return ", ".join(f"{key}={value}" for key, value in given.items() if value)


def _class(table: Table, name: str, own: Own) -> str:
    attributes: dict[str, str] = {}
    for column in table.columns:
        attribute = identifier(column.name, attributes)
        attributes[attribute] = _attribute(table, column, attribute, own)
    lines = [f"class {name}(Base):", f"    __tablename__ = {table.name!r}"]
    parts, options = _parts(table), _options(table)
    if parts:
        parts += [f"{{{', '.join(options)}}}"] if options else []
        lines.append("    __table_args__ = (\n" + "".join(f"        {each},\n" for each in parts) + "    )")
    elif options:
        lines.append(spread("__table_args__ = {", options, "}", "    "))
    return "\n".join([*lines, "", *attributes.values(), ""])


def _core(table: Table, name: str, own: Own) -> str:
    columns = [_column("sa.Column", table, column, own, named=True, nullable=True) for column in table.columns]
    options = [option.replace("'", "", 2).replace(": ", "=", 1) for option in _options(table)]
    parts = [repr(table.name), "Base.metadata", *columns, *_parts(table), *options]
    return f"{name} = sa.Table(\n" + "".join(f"    {each},\n" for each in parts) + ")\n"


def _attribute(table: Table, column: Column, attribute: str, own: Own) -> str:
    found = column_type(column.type, own, column.collation)
    python = found.python if column.not_null else f"{found.python} | None"
    source = _column("orm.mapped_column", table, column, own, named=attribute != column.name)
    return f"    {attribute}: orm.Mapped[{python}] = {source}"


def _column(maker: str, table: Table, column: Column, own: Own, *, named: bool, nullable: bool = False) -> str:
    key = primary_key(table)
    parts = [repr(column.name)] if named else []
    parts.append(column_type(column.type, own, column.collation).sqlalchemy)
    default, autoincrement = "", ""
    if column.identity:
        parts.append(f"sa.Identity({counting(column)})")
    elif column.generated:
        parts.append(call("sa.Computed", sql(column.default), persisted=str(column.generated == "s")))
    elif is_serial(table, column):
        pass
    else:
        default = sql(column.default) if column.default else ""
        alone = key is not None and key.columns == (column.name,) and column.type.text in _INTEGERS
        autoincrement = "False" if alone else ""
    return call(
        maker,
        *parts,
        primary_key="True" if key is not None and plain_key(table, key) and column.name in key.columns else "",
        autoincrement=autoincrement,
        nullable="False" if nullable and column.not_null else "",
        server_default=default,
        comment=repr(column.comment) if column.comment else "",
    )


def plain_key(table: Table, key: Constraint) -> bool:
    """Whether `primary_key=True` on the columns makes exactly this key."""
    usual = key.name == f"{table.name}_pkey"
    in_order = key.columns == tuple(each.name for each in table.columns if each.name in key.columns)
    return usual and in_order and not (key.deferrable or key.include or key.comment)


def _parts(table: Table) -> list[str]:
    found = [source for each in table.constraints for source in _constraint(table, each)]
    return found + [_index(each) for each in table.indexes]


def _options(table: Table) -> list[str]:
    found = {
        "schema": "" if table.schema == "public" else repr(table.schema),
        "comment": repr(table.comment) if table.comment else "",
        "prefixes": "['UNLOGGED']" if table.unlogged else "",
        "postgresql_partition_by": repr(table.partition_by) if table.partition_by else "",
        "postgresql_with": _storage(table.options),
    }
    return [f"{key!r}: {value}" for key, value in found.items() if value]


def _storage(options: tuple[str, ...]) -> str:
    pairs = (each.partition("=") for each in options)
    return f"{{{', '.join(f'{key!r}: {value!r}' for key, _, value in pairs)}}}" if options else ""


def _constraint(table: Table, each: Constraint) -> Iterator[str]:
    shared = {
        "name": repr(each.name),
        "deferrable": "True" if each.deferrable else "",
        "initially": "'DEFERRED'" if each.deferred else "",
        "comment": repr(each.comment) if each.comment else "",
    }
    include = strings(each.include) if each.include else ""
    match each.kind:
        case "p":
            if not plain_key(table, each):
                names = map(repr, each.columns)
                yield call("sa.PrimaryKeyConstraint", *names, **shared, postgresql_include=include)
        case "u":
            distinct = "True" if each.nulls_not_distinct else ""
            yield call(
                "sa.UniqueConstraint",
                *map(repr, each.columns),
                **shared,
                postgresql_nulls_not_distinct=distinct,
                postgresql_include=include,
            )
        case "f":
            yield call(
                "sa.ForeignKeyConstraint",
                strings(each.columns),
                strings([".".join((*qualifier(each.target), name)) for name in each.target_columns]),
                **shared,
                ondelete=repr(each.on_delete) if each.on_delete else "",
                onupdate=repr(each.on_update) if each.on_update else "",
                match=repr(each.match) if each.match else "",
            )
        case "c":
            yield call("sa.CheckConstraint", sql(each.definition), **shared)
        case "x":
            elements = [f"({sql(text)}, {operator!r})" for text, operator in each.elements]
            where = sql(each.where) if each.where else ""
            yield call("pg.ExcludeConstraint", *elements, **shared, using=repr(each.using), where=where)


def qualifier(target: tuple[str, str]) -> tuple[str, ...]:
    """Schema and table as metadata names them: `public` is not written."""
    return target[1:] if target[0] == "public" else target


def _index(index: Index) -> str:
    elements = [
        repr(plain) if plain and re.sub(r'^"|"$', "", text).replace('""', '"') == plain else sql(text)
        for text, plain in index.elements
    ]
    return call(
        "sa.Index",
        repr(index.name),
        *elements,
        unique="True" if index.unique else "",
        postgresql_using=repr(index.using) if index.using != "btree" else "",
        postgresql_include=strings(index.include) if index.include else "",
        postgresql_where=sql(index.where) if index.where else "",
        postgresql_with=_storage(index.options),
        postgresql_nulls_not_distinct="True" if index.nulls_not_distinct else "",
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
