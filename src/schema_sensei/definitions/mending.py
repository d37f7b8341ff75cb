"""Understands a document in spite of its mistakes, so that the linter can tell what is wrong with all the rest of it.

What is wrong is left out, or something stands in for it. What the linter then says about a place that was mended, or
concludes from something that is not there, is no finding; `Mended.concerns` tells which is one. Nothing that is run is
ever read in this way.
"""

import copy
from collections.abc import Mapping, MutableMapping, MutableSequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from .contents import Content
from .files import DefinitionFile, definition_of, read_content
from .problems import Problem
from .recovery import left_out_below, missing_there, parts_left_out, read_on
from .validation import validate
from .wire import WIRES, Kind
from .yaml_source import Document, Path

ROUNDS: Final = 4
"""What stands in for something may need something itself."""

STAND_IN: Final = "unreadable"
_STAND_INS: Final[Mapping[str, Any]] = {
    "to": f"workflow:{STAND_IN}",
    "backup": "none",
    "review": "low",
    "testing": "standard",
    "risk": {"backup": "none", "review": "low", "testing": "standard"},
    "dangerous": False,
    "steps": [{"action": STAND_IN}],
    "questions": [{"id": STAND_IN, "choices": [{"key": STAND_IN, "label": STAND_IN, "to": f"workflow:{STAND_IN}"}]}],
    "choices": [{"key": STAND_IN, "label": STAND_IN, "to": f"workflow:{STAND_IN}"}],
    "scenarios": [{"situation": STAND_IN, "answers": [STAND_IN], "leads_to": STAND_IN}],
    "match": [STAND_IN],
    "answers": [STAND_IN],
    "entries": [
        {"id": STAND_IN, "title": STAND_IN, "match": [STAND_IN], "means": ".", "dangerous": False, "remedy": "."}
    ],
}

_WAYS: Final = frozenset(
    {"id", "key", "action", "on", "to", "when", "skippable", "steps", "questions", "choices", "root", "answers"}
)
"""Keys that decide where a workflow or the tree leads; without one of them nobody can tell what is never reached."""
_FROM_WAYS: Final = frozenset(
    {
        "unreachable-step",
        "unreachable-question",
        "unreachable-workflow",
        "endless-loop",
        "not-run-yet",
        "unhandled-outcome",
        "circle",
        "scenario",
    }
)
_FROM_KEYS: Final = frozenset({"missing-parameter", "unhandled-outcome", "danger-without-undo"})
"""What is said of a step because it lacks something."""
_FROM_NAMES: Final[Mapping[str, str]] = {
    "unknown-step": "steps",
    "unknown-reference": "steps",
    "unknown-input": "inputs",
    "unknown-question": "questions",
    "missing-ask": "questions",
}
"""What is said of names that are defined in the same file, and the part of it where they would be."""


@dataclass(frozen=True)
class Mended:
    """What was changed to make sense of a document."""

    document: Document
    paths: frozenset[Path]
    texts: frozenset[str]
    """Names that stood where something else stands in now."""
    gaps: tuple[range, ...]
    """Lines that could not be read at all."""

    @cached_property
    def partly(self) -> frozenset[str]:
        """Keys of the document that such lines belong to."""
        return parts_left_out(self.document, self.gaps)

    @property
    def ways(self) -> bool:
        """Whether some of the ways through it are unknown."""
        return bool(self.partly & _WAYS) or any(part in _WAYS for path in self.paths for part in path)

    def concerns(self, problem: Problem) -> bool:
        """Whether a problem of this document is one of what was written, not of what stands in for it."""
        if problem.code in _FROM_WAYS and self.ways:
            return False
        part = _FROM_NAMES.get(problem.code)
        if part in self.partly or any(path[:1] == (part,) and path[2:] in {(), ("id",)} for path in self.paths):
            return False
        if problem.code in _FROM_KEYS and any(path[-1:] in {("confirm",), ("with",)} for path in self.paths):
            return False
        if any(f"`{text}`" in problem.message for text in (STAND_IN, *self.texts)):
            return False
        place = (problem.line, problem.column)
        if problem.code in _FROM_KEYS and missing_there(self.document, place, self.gaps):
            return False
        return all(place != self.document.mark(path, key=key) for path in self.paths for key in (False, True))


def mend(document: Document, kind: Kind, name: str, gaps: tuple[range, ...]) -> tuple[BaseModel | None, Mended]:
    """The document as its wire model with what is wrong replaced, and what was replaced; None when nothing is right.

    `name` stands in for an id that is missing or cannot be one.
    """
    data: Any = copy.deepcopy(document.data)
    paths, texts = set[Path](), set[str]()
    wire: BaseModel | None = None
    for _ in range(ROUNDS):
        try:
            wire = WIRES[kind].model_validate(data)
            break
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_context=False):
                path = tuple(part for part in detail["loc"] if part != "[key]")
                paths.add(path)
                old = _replace(data, path, "missing" if detail["type"] == "missing" else detail["loc"][-1:], name)
                texts |= {old} if isinstance(old, str) and old else set()
    return wire, Mended(document, frozenset(paths), frozenset(texts), gaps)


def read_all(content: Content) -> tuple[DefinitionFile, Mended | None]:
    """A file with every problem of YAML and of its shape, and what can be understood of it; never raises.

    What was mended is None when nothing had to be.
    """
    file = read_content(content)
    document, gaps = read_on(file.document)
    if not file.problems or not isinstance(document.data, Mapping):
        return replace(file, problems=tuple(sorted({*file.problems, *document.problems}))), None
    told = {(problem.line, problem.column) for problem in document.problems}
    shape = [
        problem
        for problem in validate(document, file.kind)[1]
        if (problem.line, problem.column) not in told
        and not (problem.code in {"wrong-type", "bad-value"} and left_out_below(document, problem.line, gaps))
        and not (problem.code == "missing-key" and _may_be_there(document, problem, gaps))
    ]
    wire, mended = mend(document, file.kind, file.stem, gaps)
    definition = definition_of(wire, file.source)
    problems = tuple(sorted({*document.problems, *shape}))
    return replace(file, document=document, definition=definition, problems=problems), mended


def _may_be_there(document: Document, problem: Problem, gaps: tuple[range, ...]) -> bool:
    name = problem.message.split("`")[1]
    return missing_there(document, (problem.line, problem.column), gaps, f"{name}:")


def _replace(data: Any, path: Path, trouble: object, name: str) -> object:
    """Put something else in one place; what stood there. A key that cannot be one goes."""
    owner = data
    for part in path[:-1]:
        try:
            owner = owner[part]
        except (LookupError, TypeError):  # what stood above is not what it was taken for
            return None
    last = path[-1] if path else None
    if isinstance(owner, MutableSequence) and isinstance(last, int) and last < len(owner):
        old, owner[last] = owner[last], copy.deepcopy(_STAND_INS.get(str(path[-2]), [STAND_IN]))[0]
        return old
    if not isinstance(owner, MutableMapping) or not isinstance(last, str):
        return None
    old = owner.pop(last, None)
    if trouble == ("[key]",):
        return last
    if trouble == "missing":
        owner[last] = name if path == ("id",) else copy.deepcopy(_STAND_INS.get(last, STAND_IN))
    return old
