"""What a revision file declares beside its operations: that it cannot be undone on purpose, and accepted hazards.

Read from the source as literals; nothing is imported or run.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..terms.errors import UsageError

IRREVERSIBLE = "irreversible"
ALLOW = "sensei_allow"


@dataclass(frozen=True, slots=True)
class Declared:
    """`irreversible` says why there is no way back, empty where there is one; `allow` maps hazards to reasons."""

    irreversible: str = ""
    allow: Mapping[str, str] = field(default_factory=dict)


def declared(source: str, *, where: str) -> Declared:
    """The declarations of a revision file. Raises UsageError for one of another form."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return Declared()  # Alembic itself says so, and better
    found: dict[str, object] = {}
    for each in tree.body:
        targets = (
            each.targets if isinstance(each, ast.Assign) else [each.target] if isinstance(each, ast.AnnAssign) else []
        )
        value = each.value if isinstance(each, ast.Assign | ast.AnnAssign) else None
        for target in targets:
            if isinstance(target, ast.Name) and target.id in {IRREVERSIBLE, ALLOW} and value is not None:
                found[target.id] = _literal(value, target.id, f"{where}, line {each.lineno}")
    reason, allow = found.get(IRREVERSIBLE, ""), found.get(ALLOW, {})
    if not isinstance(reason, str) or (IRREVERSIBLE in found and len(reason.strip()) < len("why")):
        raise UsageError(
            f"{IRREVERSIBLE} needs a reason in words.",
            remedy=f'Write {IRREVERSIBLE} = "why this cannot be undone"',
            where=where,
        )
    if not isinstance(allow, dict) or not all(isinstance(each, str) for pair in allow.items() for each in pair):
        raise UsageError(
            f"{ALLOW} maps hazards to reasons.", remedy=f'Write {ALLOW} = {{"drop-table": "why"}}', where=where
        )
    return Declared(reason.strip(), {str(hazard): str(why) for hazard, why in allow.items()})


def _literal(value: ast.expr, name: str, where: str) -> object:
    try:
        return ast.literal_eval(value)
    except (ValueError, TypeError):
        raise UsageError(
            f"{name} is not written as a literal.", remedy="Write it as plain text or a plain dict.", where=where
        ) from None
