"""Cures by machine: the operation of a revision file that causes a hazard, rewritten the safe way.

Only an operation that stands by itself in `upgrade()`, on lines of its own, with its names written as literals, is
touched; what comes out is parsed again and must be the same operation with nothing but the cure added.
"""

import ast
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .model import Hazard
from .operations import Call, calls

_PLAIN_KEYWORDS = {"schema"}


@dataclass(frozen=True, slots=True)
class Cure:
    """The whole file with the cure in it, what was done in words, and the line (from 1) where it begins."""

    source: str
    words: str
    line: int


def cure(source: str, hazard: Hazard) -> Cure | None:
    """The file with the hazard's operation made safe; None when no machine should touch it."""
    for rule in _RULES.get(hazard.id, ()):
        found = [call for call in calls(source) if call.name in rule.operations and rule.about(call, hazard.statement)]
        lines = rule.rewrite(found[0]) if len(found) == 1 else None
        if lines is not None:
            call = found[0]
            before, after = (
                source.splitlines(keepends=True)[: call.first - 1],
                source.splitlines(keepends=True)[call.last :],
            )
            middle = "".join(f"{call.indent}{line}\n" if line else "\n" for line in lines)
            result = "".join(before) + middle + "".join(after)
            if _kept(result, call, rule.adds):
                return Cure(result, rule.words, call.first)
    return None


def _kept(result: str, call: Call, adds: Mapping[str, bool]) -> bool:
    """Whether the operation is still there as it was, `adds` aside, exactly once."""
    wanted = ast.Call(call.node.func, call.node.args, [
        *(each for each in call.node.keywords if each.arg not in adds),
        *(ast.keyword(name, ast.Constant(value)) for name, value in adds.items()),
    ])  # fmt: skip
    try:
        tree = ast.parse(result)
    except (SyntaxError, ValueError):
        return False
    replaced = call.name == "create_unique_constraint"
    return replaced or sum(ast.dump(each) == ast.dump(wanted) for each in ast.walk(tree)) == 1


@dataclass(frozen=True, slots=True)
class _Rule:
    """How operations of some kinds are made safe; `about` tells whether one emitted a statement."""

    operations: frozenset[str]
    words: str
    about: Callable[[Call, str], bool]
    rewrite: Callable[[Call], list[str] | None]
    adds: Mapping[str, bool]


def _named(*places: tuple[int, str]) -> Callable[[Call, str], bool]:
    """True when all the names at these places are literals and stand in the statement as whole words."""

    def about(call: Call, statement: str) -> bool:
        names = [call.argument(position, keyword) for position, keyword in places]
        return all(name and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", statement) for name in names)

    return about


def _constraint(table: str) -> Callable[[Call, str], bool]:
    """True when the statement adds a constraint of exactly this name: no naming convention has changed it."""

    def about(call: Call, statement: str) -> bool:
        name = call.argument(0, "constraint_name")
        added = name and re.search(rf'\bCONSTRAINT\s+"?{re.escape(name)}(?!\w)', statement, re.IGNORECASE)
        return bool(added) and _named((1, table))(call, statement)

    return about


def _with(call: Call, adds: Mapping[str, bool]) -> list[str]:
    """The operation with keywords added (where they are not there yet), its lines relative to the indentation."""
    missing = [f"{name}={value}" for name, value in adds.items() if name not in call.keywords]
    before, after = call.split_at_end()
    text = call.text
    if missing and "\n" in after:  # one argument a line; what follows the last one may be a comment
        comma = "" if after.lstrip().startswith(",") else ","
        last = before.rpartition("\n")[2]
        margin = last[: len(last) - len(last.lstrip())]
        ending = "".join(f"\n{margin}{each}," for each in missing)
        text = f"{before}{comma}{after[:-1].rstrip()}{ending}\n{call.indent})"
    elif missing:
        text = f"{', '.join([before, *missing])})"
    first, *rest = text.splitlines()
    return [first, *(line.removeprefix(call.indent) for line in rest)]


def _autocommit(lines: list[str]) -> list[str]:
    return ["with op.get_context().autocommit_block():", *textwrap.indent("\n".join(lines), "    ").splitlines()]


def _concurrently(call: Call) -> list[str]:
    return _autocommit(_with(call, _CONCURRENTLY))


def _validated(call: Call, *, name: str, table: str) -> list[str]:
    schema = call.argument(None, "schema") or call.argument(None, "source_schema")
    validate = f"ALTER TABLE {_quoted(schema, table)} VALIDATE CONSTRAINT {_quoted('', name)}"
    return _autocommit([f"op.execute({validate!r})"])


def _not_valid(call: Call) -> list[str] | None:
    name, table = (
        call.argument(0, "constraint_name"),
        call.argument(1, "table_name") or call.argument(1, "source_table"),
    )
    if not _plain(name, table):
        return None
    return [*_with(call, _NOT_VALID), *_validated(call, name=name, table=table)]


def _not_null(call: Call) -> list[str] | None:
    table, column = call.argument(0, "table_name"), call.argument(1, "column_name")
    schema = call.argument(None, "schema")
    changes = call.keywords - {"existing_type", "existing_nullable", "existing_server_default", "existing_comment"}
    if changes - _PLAIN_KEYWORDS != {"nullable"} or call.written(None, "nullable") != "False":
        return None
    name = f"{column}_not_null"
    if not _plain(table, column, name, schema):
        return None
    place = f", schema={schema!r}" if schema else ""
    check = f'"{column}" IS NOT NULL'
    return [
        f"op.create_check_constraint(op.f({name!r}), {table!r}, {check!r}{place}, postgresql_not_valid=True)",
        *_validated(call, name=name, table=table),
        *_with(call, {}),
        f"op.drop_constraint(op.f({name!r}), {table!r}{place}, type_='check')",
    ]


def _unique(call: Call) -> list[str] | None:
    name, table = call.argument(0, "constraint_name"), call.argument(1, "table_name")
    schema, columns = call.argument(None, "schema"), call.written(2, "columns")
    if call.keywords - _PLAIN_KEYWORDS or not _plain(name, table, schema) or not columns:
        return None
    place = f", schema={schema!r}" if schema else ""
    index, constraint = f"op.f({name!r}), {table!r}, {columns}", _quoted("", name)
    use = f"ALTER TABLE {_quoted(schema, table)} ADD CONSTRAINT {constraint} UNIQUE USING INDEX {constraint}"
    return [
        *_autocommit([f"op.create_index({index}{place}, unique=True, postgresql_concurrently=True)"]),
        f"op.execute({use!r})",
    ]


def _plain(*names: str) -> bool:
    """Names that can be quoted in SQL and in Python without a second thought; the schema may be missing."""
    return all(not re.search(r"[\"'\\:%\s]", name) and len(name.encode()) <= 63 for name in names) and bool(names[0])


def _quoted(schema: str, name: str) -> str:
    return ".".join(f'"{each}"' for each in (schema, name) if each)


_CONCURRENTLY: Mapping[str, bool] = {"postgresql_concurrently": True}
_NOT_VALID: Mapping[str, bool] = {"postgresql_not_valid": True}
_ON_INDEX = _Rule(
    frozenset({"create_index"}),
    "the index is built concurrently, in a unit of its own",
    _named((0, "index_name"), (1, "table_name")),
    _concurrently,
    _CONCURRENTLY,
)
_RULES: Mapping[str, tuple[_Rule, ...]] = {
    "index-blocks-writes": (_ON_INDEX,),
    "concurrently-in-transaction": (_ON_INDEX,),
    "index-drop-blocks": (
        _Rule(
            frozenset({"drop_index"}),
            "the index is dropped concurrently, in a unit of its own",
            _named((0, "index_name")),
            _concurrently,
            _CONCURRENTLY,
        ),
    ),
    "constraint-scan": (
        _Rule(
            frozenset({"create_check_constraint"}),
            "the check is added NOT VALID and validated in the next unit",
            _constraint("table_name"),
            _not_valid,
            _NOT_VALID,
        ),
    ),
    "foreign-key-scan": (
        _Rule(
            frozenset({"create_foreign_key"}),
            "the foreign key is added NOT VALID and validated in the next unit",
            _constraint("source_table"),
            _not_valid,
            _NOT_VALID,
        ),
    ),
    "not-null-scan": (
        _Rule(
            frozenset({"alter_column"}),
            "a validated check proves it first, so that SET NOT NULL reads nothing",
            _named((0, "table_name"), (1, "column_name")),
            _not_null,
            {},
        ),
    ),
    "unique-constraint-build": (
        _Rule(
            frozenset({"create_unique_constraint"}),
            "the index is built concurrently first, then made the constraint",
            _constraint("table_name"),
            _unique,
            {},
        ),
    ),
}
