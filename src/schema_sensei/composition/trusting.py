"""Asks once before a team's workflow may run commands, and remembers the answer by the workflow's content."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..definitions.signature import Signature
from ..definitions.trust import TrustStore, commands
from ..terms.errors import SenseiError
from ..terms.exit_codes import ExitCode
from . import places

if TYPE_CHECKING:
    from ..definitions.workflow import Workflow
    from ..frontends.operator import Operator


class NotTrusted(SenseiError):
    """The person did not allow this workflow's commands."""

    exit_code = ExitCode.DECLINED


def require(workflow: "Workflow", signatures: Mapping[str, Signature], operator: "Operator") -> None:
    """Return when this text may run; else ask. Raises NotTrusted, and MissingAnswer for the key `trust.WORKFLOW`."""
    from ..engine.prompts import Code, Confirm, Stakes

    store = TrustStore(places.state())
    if not store.needed((workflow,), signatures):
        return
    lines = [
        f"{step.id}: {step.with_.get('run', step.action)}"
        for step in workflow.steps
        if step.id in commands(workflow, signatures)
    ]
    prompt = Confirm(
        key=f"trust.{workflow.id}",
        question=f"Workflow {workflow.id} runs commands of its author. Do you trust this file?",
        why="A workflow is code. You are asked again only when the file changes.",
        blocks=(Code("\n".join(lines), language="text", title=workflow.source.file),),
        stakes=Stakes(
            does="These commands may run with your rights, now and later, as long as the file stays as it is.",
            back=f"Delete {store.directory} to forget every such answer.",
        ),
        facts={"file": workflow.source.file, "sha256": workflow.source.digest},
        digest=workflow.source.digest,
        binding=True,
    )
    if operator.asker.ask(prompt).value is not True:
        raise NotTrusted(
            f"{workflow.source.file} is not trusted.",
            means="Nothing of it was run.",
            remedy="Read the file; start it again to be asked again.",
        )
    store.trust(workflow)
