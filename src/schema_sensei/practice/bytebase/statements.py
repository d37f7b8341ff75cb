"""What kind of statement a piece of SQL is, as far as the server's reports tell."""

import re

_COMMENT = re.compile(r"\s*(?:--[^\n]*(?:\n|\Z)|/\*.*?\*/)", re.DOTALL)
_OBJECTS = "TABLE|VIEW|INDEX|SEQUENCE|SCHEMA|FUNCTION|TRIGGER|PROCEDURE|EVENT|EXTENSION|TYPE|DATABASE"
_DDL = re.compile(
    rf"(CREATE|DROP|ALTER)\s+(?:OR\s+REPLACE\s+|UNIQUE\s+|UNLOGGED\s+|TEMP(?:ORARY)?\s+|MATERIALIZED\s+|CONSTRAINT\s+)*({_OBJECTS})\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z]+")
_DML = ("INSERT", "UPDATE", "DELETE")
_NAME = r'(?:(?:"(?:[^"]|"")+"|\w+)\s*\.\s*)?(?:"(?:[^"]|"")+"|\w+)'
_TARGETS = {
    "UPDATE": re.compile(rf"UPDATE\s+(?:ONLY\s+)?({_NAME})", re.IGNORECASE),
    "DELETE": re.compile(rf"DELETE\s+FROM\s+(?:ONLY\s+)?({_NAME})", re.IGNORECASE),
    "ALTER_TABLE": re.compile(rf"ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?({_NAME})", re.IGNORECASE),
    "DROP_TABLE": re.compile(rf"DROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?({_NAME})", re.IGNORECASE),
}


def bare(sql: str) -> str:
    """The statement without the comments in front of it and without its semicolon."""
    place = 0
    while found := _COMMENT.match(sql, place):
        place = found.end()
    return sql[place:].strip().removesuffix(";").rstrip()


def kind(sql: str) -> str:
    """Such as CREATE_TABLE, UPDATE or COMMENT; "" for what the reports do not name (SELECT, DO, SET ...)."""
    text = bare(sql)
    if found := _DDL.match(text):
        return f"{found[1]}_{found[2]}".upper()
    word = _WORD.match(text)
    first = word[0].upper() if word else ""
    return first if first in (*_DML, "TRUNCATE", "COMMENT", "RENAME") else ""


def is_dml(sql: str) -> bool:
    """Whether it is an INSERT, UPDATE or DELETE."""
    return kind(sql) in _DML


def target(sql: str) -> tuple[str, str] | None:
    """Schema and table that an UPDATE, DELETE, ALTER TABLE or DROP TABLE names; no schema means public."""
    text = bare(sql)
    pattern = _TARGETS.get(kind(sql))
    found = pattern.match(text) if pattern else None
    if not found:
        return None
    parts = re.findall(r'"((?:[^"]|"")+)"|(\w+)', found[1])
    names = [quoted.replace('""', '"') if quoted else plain.lower() for quoted, plain in parts]
    return (names[0], names[1]) if len(names) == 2 else ("public", names[0])
