"""Rules for what a comparison leaves out: `table:audit.*`, `schema:reporting`, or a pattern for any kind of object."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

KINDS = (
    *("schema", "extension", "table", "view", "matview", "column", "constraint", "index", "sequence", "enum", "domain"),
    *("range", "function", "procedure", "aggregate", "trigger", "policy", "rule", "statistics", "grants"),
)
"""What a rule may name before its colon: the kinds of objects in a Catalog."""
_HOLD_OTHERS = frozenset({"schema", "table", "view", "matview"})


@dataclass(frozen=True, slots=True)
class Rule:
    """Objects whose name fits `pattern` (with * and ?), of one `kind` or, when that is empty, of any.

    What belongs to an object goes with it: the columns and indexes of a table, everything in a schema.
    """

    kind: str
    pattern: str

    @classmethod
    def parse(cls, text: str) -> "Rule":
        """The rule in `KIND:PATTERN` or `PATTERN`. Raises ValueError with what is wrong, in words."""
        kind, colon, pattern = text.strip().partition(":")
        if not colon:
            kind, pattern = "", kind
        kind, pattern = kind.strip(), pattern.strip()
        if kind and kind not in KINDS:
            raise ValueError(f"there are no objects of kind {kind!r}: {', '.join(KINDS)}")
        if not pattern.strip("*.?"):
            raise ValueError("the pattern names nothing, or everything")
        return cls(kind, pattern)

    def fits(self, kind: str, ident: str) -> bool:
        """Whether an object is left out by this rule; `ident` is its qualified name."""
        if self.kind in {"", kind} and fnmatchcase(ident, self.pattern):
            return True
        if self.kind and self.kind not in _HOLD_OTHERS:
            return False
        parts = ident.split(".")
        own = kind == "column_order"  # named like its table, and a part of it
        holders = (".".join(parts[:length]) for length in range(1, len(parts) + own))
        return any(fnmatchcase(each, self.pattern) for each in holders)
