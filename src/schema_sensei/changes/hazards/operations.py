"""The operations of a revision file: each `op.name(...)` that stands by itself in `upgrade()`, with its place."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Call:
    """One operation: its node, its text (the first line without indentation), its first and last line (from 1)."""

    name: str
    node: ast.Call
    text: str
    first: int
    last: int
    indent: str

    def argument(self, position: int | None, keyword: str) -> str:
        """A name given as a literal, also within op.f(); empty when there is none."""
        found = self._at(position, keyword)
        if isinstance(found, ast.Call) and ast.unparse(found.func) == "op.f" and found.args:
            found = found.args[0]
        return found.value if isinstance(found, ast.Constant) and isinstance(found.value, str) else ""

    def written(self, position: int | None, keyword: str) -> str:
        """An argument as source text."""
        found = self._at(position, keyword)
        return "" if found is None else ast.unparse(found)

    @property
    def keywords(self) -> set[str]:
        """The names of its keyword arguments."""
        return {each.arg or "**" for each in self.node.keywords}

    def split_at_end(self) -> tuple[str, str]:
        """The text up to the end of its last argument, and what follows: a comma, comments, the bracket."""
        every = [*self.node.args, *(each.value for each in self.node.keywords)]
        last = max(every, key=lambda each: (each.end_lineno or 0, each.end_col_offset or 0))
        lines = self.text.splitlines(keepends=True)
        row = (last.end_lineno or self.first) - self.first
        skipped = len(self.indent.encode()) if row == 0 else 0
        column = len(lines[row].encode()[: (last.end_col_offset or 0) - skipped].decode())
        at = len("".join(lines[:row])) + column
        return self.text[:at], self.text[at:]

    def _at(self, position: int | None, keyword: str) -> ast.expr | None:
        found = next((each.value for each in self.node.keywords if each.arg == keyword), None)
        if found is None and position is not None and position < len(self.node.args):
            found = self.node.args[position]
        return found


def calls(source: str) -> Iterator[Call]:
    """Every operation on lines of its own, directly in `upgrade()`; none when the file is not Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    lines = source.splitlines()
    upgrade = next((each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == "upgrade"), None)
    for each in upgrade.body if upgrade else ():
        match each:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="op"), attr=name)) as node):
                first, last = each.lineno, each.end_lineno or each.lineno
                indent = lines[first - 1].encode()[: each.col_offset].decode()
                rest = lines[last - 1].encode()[each.end_col_offset :].decode().strip()
                text = ast.get_source_segment(source, each)
                if not indent.strip() and not rest and text:
                    yield Call(name, node, text, first, last, indent)
            case _:
                pass
