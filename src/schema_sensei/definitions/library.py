"""Everything a person can be guided by and run: the tree, workflows and troubleshooting, bundled and the team's own.

Reading YAML costs a few tenths of a second, so the result is kept as JSON under the hash of all that went into it;
when that is found, neither PyYAML nor pydantic is imported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from .. import __version__
from ..terms.errors import UsageError
from ..terms.values import value
from . import compiled
from .contents import Content, bundled_directory, contents
from .tree import Tree

if TYPE_CHECKING:  # the first question can do without them
    from .problems import Problem
    from .signature import Signature
    from .workflow import Trouble, Workflow


@value
class Library:
    """All definitions that can be used; `problems` tells what is wrong with those that cannot.

    Walking `tree` always reaches a workflow in `workflows`. `texts` holds every file's text by its digest.
    """

    tree: Tree
    workflows: Mapping[str, Workflow]
    troubles: Sequence[Trouble] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @classmethod
    def load(
        cls,
        extra_directories: Sequence[Path] = (),
        *,
        cache: Path | None = None,
        bundled: Path | None = None,
        signatures: Mapping[str, Signature] | None = None,
    ) -> Library:
        """Read the bundled workflows and those of the given directories, from the cache directory when nothing changed.

        A broken file is left out and told in `problems`; with `signatures`, wrong use of actions counts as broken.
        Raises DefinitionError when no tree with a root remains, which only a broken installation does.
        """
        found = (
            *contents([bundled or bundled_directory()], bundled=True),
            *contents([directory for directory in extra_directories if directory.exists()]),
        )
        key = compiled.key(found, __version__, signatures)
        assembly = compiled.read(cache, key) if cache else None
        if assembly is None:
            assembly = _assemble(found, signatures)
            if cache:
                compiled.write(cache, key, assembly)
        if not any(question.id == assembly.tree.root for question in assembly.tree.questions):
            from .problems import DefinitionError

            where = bundled or bundled_directory()
            raise DefinitionError(f"The decision tree in {where} cannot be used.", assembly.problems)
        return cls(assembly.tree, assembly.workflows, assembly.troubles, assembly.texts, assembly.problems)

    def laid_out(self, environments: Sequence[str]) -> Library:
        """The same, with each workflow as it runs in a project with these environments (see `spreading`)."""
        return Library(self.tree, _LaidOut(self.workflows, environments), self.troubles, self.texts, self.problems)

    def workflow(self, workflow_id: str) -> Workflow:
        """The workflow with that id. Raises DefinitionError when its file is broken, UsageError when there is none."""
        if workflow_id in self.workflows:
            return self.workflows[workflow_id]
        from .problems import DefinitionError, did_you_mean

        broken = [problem for problem in self.problems if Path(problem.file).stem == workflow_id]
        if broken:
            raise DefinitionError(f"Workflow {workflow_id} cannot be used as it stands.", broken)
        hint = did_you_mean(workflow_id, self.workflows, "workflow")
        raise UsageError(f"There is no workflow {workflow_id}.", remedy=f"{hint} `sensei` alone asks what fits.")

    def text(self, workflow: Workflow) -> str:
        """The text of the file a workflow was read from: what a run pins. Raises KeyError for another library's."""
        return self.texts[workflow.source.digest]


class _LaidOut(Mapping[str, "Workflow"]):
    """Workflows by id, each laid out when it is asked for."""

    def __init__(self, workflows: Mapping[str, Workflow], environments: Sequence[str]) -> None:
        self._workflows = workflows
        self._environments = environments

    def __getitem__(self, workflow_id: str) -> Workflow:
        from .spreading import spread

        return spread(self._workflows[workflow_id], self._environments)

    def __iter__(self) -> Iterator[str]:
        return iter(self._workflows)

    def __len__(self) -> int:
        return len(self._workflows)


def read_workflow(text: str, file: str, *, bundled: bool = False) -> Workflow:
    """A workflow from its text alone, as a run pinned it. Raises DefinitionError."""
    from .files import read_text
    from .problems import DefinitionError
    from .workflow import Workflow

    read = read_text(text.encode(), Path(file), bundled=bundled)
    if not isinstance(read.definition, Workflow):
        raise DefinitionError(f"The workflow in {file} cannot be used.", read.problems)
    return read.definition


def _assemble(found: Sequence[Content], signatures: Mapping[str, Signature] | None) -> compiled.Assembly:
    from .assembly import assemble
    from .files import read_contents

    return assemble(read_contents(found), signatures)
