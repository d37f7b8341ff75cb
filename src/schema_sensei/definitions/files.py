"""Finds definition files and reads each into its definition and its own problems."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from . import building
from .contents import Content
from .problems import Problem
from .tree import Source, Tree
from .validation import validate
from .wire import Kind, TreeWire, TroubleshootingWire, WorkflowWire
from .workflow import Trouble, Workflow
from .yaml_source import Document, read


@dataclass(frozen=True, slots=True)
class DefinitionFile:
    """One file as read: `definition` is None when `problems` says why it could not be understood."""

    kind: Kind
    document: Document
    source: Source
    definition: Tree | Workflow | tuple[Trouble, ...] | None
    problems: tuple[Problem, ...]

    @property
    def stem(self) -> str:
        """The file's name without its extension."""
        return Path(self.source.file).stem


def kind_of(path: Path) -> Kind:
    """What a file defines, by its name."""
    match path.stem:
        case "tree":
            return "tree"
        case "troubleshooting":
            return "troubleshooting"
        case _:
            return "workflow"


def read_text(text: bytes, path: Path, *, bundled: bool = False) -> DefinitionFile:
    """The definition in a file's content; never raises."""
    kind = kind_of(path)
    document = read(text, str(path))
    source = Source(str(path), document.digest, bundled)
    problems = list(document.problems)
    definition: Tree | Workflow | tuple[Trouble, ...] | None = None
    if not problems:
        wire, problems = validate(document, kind)
        definition = definition_of(wire, source)
    return DefinitionFile(kind, document, source, definition, tuple(sorted(problems)))


def definition_of(wire: BaseModel | None, source: Source) -> Tree | Workflow | tuple[Trouble, ...] | None:
    """The frozen definition of a wire model; None for none."""
    match wire:
        case TreeWire():
            return building.tree(wire, source)
        case WorkflowWire():
            return building.workflow(wire, source)
        case TroubleshootingWire():
            return building.troubles(wire)
        case _:
            return None


def read_contents(contents: Iterable[Content]) -> list[DefinitionFile]:
    """The definitions in these contents, in their order; an unreadable one is a file with one problem."""
    return [read_content(content) for content in contents]


def read_content(content: Content) -> DefinitionFile:
    """The definition in one content."""
    if isinstance(content.text, bytes):
        return read_text(content.text, content.path, bundled=content.bundled)
    problem = Problem(str(content.path), 1, 1, "unreadable", content.text, "Check that it exists and may be read.")
    document = Document(str(content.path), "", problems=[problem])
    return DefinitionFile(
        kind_of(content.path), document, Source(str(content.path), "", content.bundled), None, (problem,)
    )
