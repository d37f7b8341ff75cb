"""Which SQLAlchemy type stands for a type of PostgreSQL, and which Python type its values have."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ...postgres.structure import TypeName
from .source import call


@dataclass(frozen=True, slots=True)
class ColumnType:
    """Both as source."""

    sqlalchemy: str
    python: str


_PLAIN: Mapping[str, tuple[str, str]] = {
    "bigint": ("sa.BigInteger", "int"),
    "integer": ("sa.Integer", "int"),
    "smallint": ("sa.SmallInteger", "int"),
    "text": ("sa.Text", "str"),
    "character varying": ("sa.String", "str"),
    "boolean": ("sa.Boolean", "bool"),
    "numeric": ("sa.Numeric", "decimal_.Decimal"),
    "double precision": ("sa.Double", "float"),
    "real": ("sa.REAL", "float"),
    "date": ("sa.Date", "dt.date"),
    "timestamp without time zone": ("sa.DateTime", "dt.datetime"),
    "timestamp with time zone": ("sa.DateTime(timezone=True)", "dt.datetime"),
    "time without time zone": ("sa.Time", "dt.time"),
    "time with time zone": ("sa.Time(timezone=True)", "dt.time"),
    "interval": ("pg.INTERVAL", "dt.timedelta"),
    "uuid": ("sa.Uuid", "uuid_.UUID"),
    "json": ("pg.JSON", "Any"),
    "jsonb": ("pg.JSONB", "Any"),
    "bytea": ("sa.LargeBinary", "bytes"),
    "inet": ("pg.INET", "Any"),
    "cidr": ("pg.CIDR", "Any"),
    "macaddr": ("pg.MACADDR", "str"),
    "money": ("pg.MONEY", "str"),
    "oid": ("pg.OID", "int"),
    "tsvector": ("pg.TSVECTOR", "str"),
    "tsquery": ("pg.TSQUERY", "str"),
    **{
        f"{name}{many}range": (f"pg.{name.upper()}{many.upper()}RANGE", "Any")
        for name in ("int4", "int8", "num", "ts", "tstz", "date")
        for many in ("", "multi")
    },
}
_MEASURED = (
    (re.compile(r"character varying\((\d+)\)"), "sa.String({})", "str"),
    (re.compile(r"character\((\d+)\)"), "sa.CHAR({})", "str"),
    (re.compile(r"numeric\((\d+),0\)"), "sa.Numeric({}, 0)", "decimal_.Decimal"),
    (re.compile(r"numeric\((\d+),(-?\d+)\)"), "sa.Numeric({}, {})", "decimal_.Decimal"),
    (re.compile(r"timestamp\((\d)\) without time zone"), "pg.TIMESTAMP(precision={})", "dt.datetime"),
    (re.compile(r"timestamp\((\d)\) with time zone"), "pg.TIMESTAMP(timezone=True, precision={})", "dt.datetime"),
    (re.compile(r"time\((\d)\) without time zone"), "pg.TIME(precision={})", "dt.time"),
    (re.compile(r"time\((\d)\) with time zone"), "pg.TIME(timezone=True, precision={})", "dt.time"),
)
_TEXTUAL = frozenset({"sa.Text", "sa.String", "sa.CHAR"})


def column_type(found: TypeName, own: Mapping[tuple[str, str], ColumnType], collation: str = "") -> ColumnType:
    """The type; `own` are the enums and domains of the module, by schema and name."""
    if found.array:
        suffix = "" if not collation else f" COLLATE {collation}"
        if suffix:
            return ColumnType(call("PgType", repr(f"{found.text}[]{suffix}")), "list[Any]")
        element = _scalar(found, own)
        return ColumnType(call("pg.ARRAY", element.sqlalchemy), f"list[{element.python}]")
    scalar = _scalar(found, own)
    if not collation:
        return scalar
    plain = re.fullmatch(r'"?([^".]+)"?', collation)
    name, opened, arguments = scalar.sqlalchemy.partition("(")
    if plain is None or name not in _TEXTUAL:
        return ColumnType(call("PgType", repr(f"{found.text} COLLATE {collation}")), scalar.python)
    given = [arguments.removesuffix(")")] if opened else []
    return ColumnType(call(name, *given, collation=repr(plain[1])), scalar.python)


def _scalar(found: TypeName, own: Mapping[tuple[str, str], ColumnType]) -> ColumnType:
    known = own.get((found.schema, found.name))
    if known is not None:
        return known
    plain = _PLAIN.get(found.text) if found.schema == "pg_catalog" else None
    if plain is not None:
        return ColumnType(*plain)
    for pattern, source, python in _MEASURED:
        measured = pattern.fullmatch(found.text)
        if measured is not None:
            return ColumnType(source.format(*measured.groups()), python)
    return ColumnType(call("PgType", repr(found.text)), "Any")
