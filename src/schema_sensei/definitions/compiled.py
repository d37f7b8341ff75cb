"""What a library holds, and how it is kept as JSON so that the next start need not read YAML."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, overload

from ..terms.values import value
from .contents import Content
from .tree import Choice, Question, Scenario, Source, Tree, onward

if TYPE_CHECKING:  # the first question needs the tree alone; the rest is decoded when somebody asks for it
    from .problems import Problem
    from .signature import Signature
    from .workflow import Trouble, Workflow

KEPT: Final = 8
"""So many compiled libraries stay: one per project and version in use, more or less."""
FORMAT: Final = 2
"""What is kept in one format must not be read in another: it counts up when a field of the definitions changes."""


@value
class Assembly:
    """Everything that could be put together. A workflow with a problem of its own is not in `workflows`."""

    tree: Tree
    workflows: Mapping[str, Workflow]
    troubles: Sequence[Trouble]
    texts: Mapping[str, str]
    problems: tuple[Problem, ...]


def key(found: Iterable[Content], version: str, signatures: Mapping[str, Signature] | None) -> str:
    """A hash of all that the compiled form depends on: every file's path and content, our code, the declarations."""
    total = hashlib.sha256()
    for part in (version, str(FORMAT), repr(sorted((signatures or {}).items()))):
        total.update(hashlib.sha256(part.encode()).digest())
    for content in found:
        text = content.text if isinstance(content.text, bytes) else content.text.encode()
        place = f"{content.bundled}{content.path}".encode(errors="surrogateescape")
        total.update(hashlib.sha256(place).digest() + hashlib.sha256(text).digest())
    return total.hexdigest()


def read(directory: Path, wanted: str) -> Assembly | None:
    """The assembly kept under a key; None when there is none, or it is damaged."""
    try:
        checksum, _, kept = _file(directory, wanted).read_text(encoding="utf-8").partition("\n")
        if checksum != hashlib.sha256(kept.encode()).hexdigest():
            return None
        return _decode(json.loads(kept))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def write(directory: Path, wanted: str, assembly: Assembly) -> None:
    """Keep an assembly; when that is not possible, the next start is slower and nothing else."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        kept = json.dumps(_encode(assembly), ensure_ascii=False, separators=(",", ":"))
        directory.mkdir(parents=True, exist_ok=True)
        written = directory / f".compiled-{os.getpid()}"
        written.write_text(f"{hashlib.sha256(kept.encode()).hexdigest()}\n{kept}", encoding="utf-8")
        written.replace(_file(directory, wanted))
        old = sorted(directory.glob("definitions-*.json"), key=lambda file: file.stat().st_mtime, reverse=True)
        for file in old[KEPT:]:
            file.unlink()


def _file(directory: Path, wanted: str) -> Path:
    return directory / f"definitions-{wanted[:40]}.json"


def _encode(assembly: Assembly) -> dict[str, Any]:
    return {
        "tree": _plain(assembly.tree),
        "workflows": [_plain(workflow) for workflow in assembly.workflows.values()],
        "troubles": [asdict(trouble) for trouble in assembly.troubles],
        "texts": dict(assembly.texts),
        "problems": [asdict(problem) for problem in assembly.problems],
    }


def _plain(value: Any) -> Any:
    """Dataclasses as mappings of their fields, destinations as they stand in YAML."""
    from .tree import ToQuestion, ToWorkflow
    from .workflow import End, ToStep

    match value:
        case ToQuestion() | ToStep() | ToWorkflow() | End():
            return str(value)
        case list() | tuple():
            return [_plain(item) for item in value]
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case _ if hasattr(value, "__dataclass_fields__"):
            return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
        case _:
            return value


def _decode(kept: Mapping[str, Any]) -> Assembly:
    return Assembly(
        tree=_tree(kept["tree"]),
        workflows=Workflows({one["id"]: one for one in kept["workflows"]}),
        troubles=Troubles(kept["troubles"]),
        texts=kept["texts"],
        problems=_problems(kept["problems"]),
    )


class Workflows(Mapping[str, "Workflow"]):
    """Workflows by id, each decoded when it is first asked for."""

    def __init__(self, kept: Mapping[str, Mapping[str, Any]]) -> None:
        self._kept = kept
        self._decoded: dict[str, Workflow] = {}

    def __getitem__(self, workflow_id: str) -> Workflow:
        if workflow_id not in self._decoded:
            self._decoded[workflow_id] = _workflow(self._kept[workflow_id])
        return self._decoded[workflow_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


def _tree(kept: Mapping[str, Any]) -> Tree:
    return Tree(
        root=kept["root"],
        questions=tuple(
            Question(
                **{**one, "choices": tuple(Choice(**{**each, "to": onward(each["to"])}) for each in one["choices"])}
            )
            for one in kept["questions"]
        ),
        scenarios=tuple(Scenario(**{**one, "answers": tuple(one["answers"])}) for one in kept["scenarios"]),
        sources=tuple(Source(**one) for one in kept["sources"]),
    )


class Troubles(Sequence["Trouble"]):
    """Troubleshooting entries, decoded when somebody looks one up."""

    def __init__(self, kept: Sequence[Mapping[str, Any]]) -> None:
        self._kept = kept

    @cached_property
    def _decoded(self) -> tuple[Trouble, ...]:
        from .workflow import Trouble

        return tuple(Trouble(**{**one, "match": tuple(one["match"])}) for one in self._kept)

    @overload
    def __getitem__(self, at: int) -> Trouble: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Trouble]: ...
    def __getitem__(self, at: int | slice) -> Trouble | Sequence[Trouble]:
        return self._decoded[at]

    def __len__(self) -> int:
        return len(self._kept)


def _problems(kept: Sequence[Mapping[str, Any]]) -> tuple[Problem, ...]:
    if not kept:
        return ()
    from .problems import Problem

    return tuple(Problem(**one) for one in kept)


def _workflow(kept: Mapping[str, Any]) -> Workflow:
    from .workflow import Input, Risk, Step, Workflow, destination

    return Workflow(
        **{
            **kept,
            "risk": Risk(**kept["risk"]),
            "inputs": tuple(Input(**one) for one in kept["inputs"]),
            "steps": tuple(
                Step(**{**one, "on": {name: destination(text) for name, text in one["on"].items()}})
                for one in kept["steps"]
            ),
            "source": Source(**kept["source"]),
        }
    )
