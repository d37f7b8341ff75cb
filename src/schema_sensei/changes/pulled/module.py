"""A whole module of SQLAlchemy models from the structure of a database.

Written by ourselves because what it says must be exactly what the database has, which a comparison checks afterwards:
sqlacodegen 4.0 goes through reflection, which loses expression indexes, orders, domains' checks, exclusion constraints,
partition keys and the order of columns.
"""

from collections.abc import Iterator

from ...postgres.structure import Domain, Enum, Sequence, Structure, Table
from .column_types import ColumnType, column_type
from .source import call, class_name, identifier, sql
from .tables import is_serial, primary_key, qualifier, written

_HEAD = '''"""The tables of {name}, written by `sensei pull`. Yours to edit: rename classes, add relationships."""

import datetime as dt
import decimal as decimal_
import uuid as uuid_
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.types import UserDefinedType


class Base(orm.DeclarativeBase):
    """What all tables share."""


class PgType(UserDefinedType[Any]):
    """A type of PostgreSQL that SQLAlchemy has no class for, by its name."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: Any) -> str:
        """The name, as it stands in DDL."""
        return self.name

'''

_FOREIGN = "# Somebody else's table: leave it out of autogenerate (include_object in env.py)."


def source(structure: Structure, name: str) -> str:
    """The module; `name` says whose tables they are. Tables that others manage and foreign keys lead to are stubs."""
    blocks: list[str] = []
    own: dict[tuple[str, str], ColumnType] = {}
    taken: set[str] = set()
    for enum in structure.enums:
        variable = _variable("enum", enum.name, taken)
        blocks.append(f"{variable} = {_enum(enum)}")
        own[enum.schema, enum.name] = ColumnType(variable, "str")
    for domain in structure.domains:
        variable = _variable("domain", domain.name, taken)
        base = column_type(domain.base, own, "")
        if [name for name, _ in domain.checks] in ([], [f"{domain.name}_check"]):
            blocks.append(f"{variable} = {_domain(domain, base)}")
            own[domain.schema, domain.name] = ColumnType(variable, base.python)
        else:
            blocks.append(_event("before_create", _create_domain(domain)))
    serial = {
        (table.schema, table.name, column.name)
        for table in structure.tables
        for column in table.columns
        if is_serial(table, column)
    }
    for sequence in structure.sequences:
        if sequence.owner not in serial:
            blocks.append(f"{_variable('sequence', sequence.name, taken)} = {_sequence(sequence)}")
            if sequence.owner:
                blocks.append(_event("after_create", _owned_by(sequence)))
    blocks += _stubs(structure, own)
    text = _HEAD.format(name=name) + "".join(f"\n{block}\n" for block in blocks)
    for table in structure.tables:
        made = class_name(table.name, taken)
        if primary_key(table) is None:
            made = _variable("table", table.name, taken)
        taken.add(made)
        text += f"\n\n{written(table, made, own)}"
    return text


def _variable(kind: str, name: str, taken: set[str]) -> str:
    found = identifier(f"{kind}_{name}", taken)
    taken.add(found)
    return found


def _schema(name: str) -> str:
    return "" if name == "public" else repr(name)


def _enum(enum: Enum) -> str:
    return call(
        "sa.Enum",
        *map(repr, enum.labels),
        name=repr(enum.name),
        schema=_schema(enum.schema),
        metadata="Base.metadata",
    )


def _domain(domain: Domain, base: ColumnType) -> str:
    check = domain.checks[0] if domain.checks else ("", "")
    return call(
        "pg.DOMAIN",
        repr(domain.name),
        base.sqlalchemy,
        schema=_schema(domain.schema),
        collation=repr(domain.collation.strip('"')) if domain.collation else "",
        default=sql(domain.default) if domain.default else "",
        not_null="True" if domain.not_null else "",
        constraint_name=repr(check[0]) if check[0] else "",
        check=sql(check[1]) if check[1] else "",
        metadata="Base.metadata",
    )


def _create_domain(domain: Domain) -> str:
    array = "[]" if domain.base.array else ""
    parts = [f"CREATE DOMAIN {_quoted(domain.schema)}.{_quoted(domain.name)} AS {domain.base.text}{array}"]
    parts += [f"COLLATE {domain.collation}"] if domain.collation else []
    parts += [f"DEFAULT {domain.default}"] if domain.default else []
    parts += ["NOT NULL"] if domain.not_null else []
    parts += [f"CONSTRAINT {_quoted(name)} CHECK ({text})" for name, text in domain.checks]
    return " ".join(parts)


def _sequence(sequence: Sequence) -> str:
    numbers = sequence.numbers
    greatest = {"smallint": 2**15 - 1, "integer": 2**31 - 1}.get(numbers.type, 2**63 - 1)
    types = {"smallint": "sa.SmallInteger", "integer": "sa.Integer"}
    return call(
        "sa.Sequence",
        repr(sequence.name),
        start=str(numbers.start),
        increment=str(numbers.increment) if numbers.increment != 1 else "",
        minvalue=str(numbers.minimum) if numbers.minimum != 1 else "",
        maxvalue=str(numbers.maximum) if numbers.maximum != greatest else "",
        cycle="True" if numbers.cycle else "",
        cache=str(numbers.cache) if numbers.cache != 1 else "",
        data_type=types.get(numbers.type, ""),
        schema=_schema(sequence.schema),
        metadata="Base.metadata",
    )


def _owned_by(sequence: Sequence) -> str:
    owner = ".".join(map(_quoted, sequence.owner))
    return f"ALTER SEQUENCE {_quoted(sequence.schema)}.{_quoted(sequence.name)} OWNED BY {owner}"


def _event(moment: str, statement: str) -> str:
    doubled = statement.replace("%", "%%")
    return f"sa.event.listen(Base.metadata, {moment!r}, sa.DDL({doubled!r}))"


def _stubs(structure: Structure, own: dict[tuple[str, str], ColumnType]) -> Iterator[str]:
    """Tables of others: the columns that foreign keys lead to."""
    here = {(table.schema, table.name) for table in structure.tables}
    wanted: dict[tuple[str, str], dict[tuple[str, ...], list[str]]] = {}
    for table in structure.tables:
        columns = {column.name: column for column in table.columns}
        for each in table.constraints:
            if each.kind == "f" and each.target not in here:
                types = [column_type(columns[name].type, own).sqlalchemy for name in each.columns]
                wanted.setdefault(each.target, {})[each.target_columns] = types
    for target, keys in wanted.items():
        stub: dict[str, str] = {}
        for names, types in keys.items():
            stub.update(zip(names, types, strict=True))
        parts = [repr(target[1]), "Base.metadata", *(f"sa.Column({name!r}, {made})" for name, made in stub.items())]
        parts += [f"sa.UniqueConstraint({', '.join(map(repr, names))})" for names in keys]
        parts += [f"schema={target[0]!r}"] if qualifier(target) == target else []
        yield f"{_FOREIGN}\n{call('sa.Table', *parts)}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def tables_without_key(structure: Structure) -> tuple[Table, ...]:
    """Those that became a Table instead of a class."""
    return tuple(table for table in structure.tables if primary_key(table) is None)
