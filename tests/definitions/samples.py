"""Sound definitions as text, and the declarations they are checked against."""

from collections.abc import Mapping
from pathlib import Path

from schema_sensei.definitions.signature import Parameter, Signature

TREE = """\
root: start
questions:
  - id: start
    ask: What are you trying to do?
    why: The ways part here.
    choices:
      - {key: tables, label: Change tables, note: add or drop, because: You change tables., to: "question:tables"}
      - {key: broken, label: Something broke, emergency: true, to: "workflow:look"}
  - id: tables
    ask: Are they there already?
    choices:
      - {key: new, label: "No", to: "workflow:add"}
      - {key: there, label: "Yes", when: 'environment.first != "prod"', to: "workflow:look"}
scenarios:
  - {situation: I need a table., answers: [tables, new], leads_to: add}
"""

ADD = """\
id: add
title: Add tables
when: They do not exist yet.
risk: {backup: none, review: medium, testing: standard}
inputs:
  message: {ask: "What for?", pattern: "\\\\S.{2,70}", hint: 3 to 71 characters, default: a table}
steps:
  - action: generate
    with: {message: "{inputs.message}"}
    on: {unchanged: done}
    timeout: 5m
  - action: review
    why: Nobody deploys what nobody read.
    with: {change: "{generate.change}"}
    on: {rejected: generate}
  - id: deploy-first
    action: deploy
    with: {change: "{review.change}", environment: "{environment.first}"}
    when: review.hazards == 0 or inputs.message != "x"
    retries: 1
"""

LOOK = """\
id: look
title: Look only
when: Nothing is to be changed.
risk: {backup: none, review: low, testing: standard}
steps:
  - action: test
    skippable: true
"""

TROUBLE = """\
entries:
  - id: exists
    title: It is there already
    match: ["relation * already exists"]
    means: Somebody was faster.
    dangerous: false
    remedy: Look first.
    workflow: look
"""

FILES = {"tree.yaml": TREE, "add.yaml": ADD, "look.yaml": LOOK, "troubleshooting.yaml": TROUBLE}

SIGNATURES = {
    signature.name: signature
    for signature in (
        Signature(
            "generate",
            "Write a revision.",
            parameters={
                "message": Parameter("text", "What for.", required=True),
                "depth": Parameter("integer", "How deep."),
                "style": Parameter("text", "How.", choices=("short", "long")),
                "files": Parameter("list", "Which files."),
                "dry": Parameter("boolean", "Only look."),
            },
            outcomes={"unchanged": "Nothing to do."},
            outputs={"change": "The change."},
        ),
        Signature(
            "review",
            "Approve the SQL.",
            parameters={"change": Parameter("change", "What to review.", required=True)},
            outcomes={"rejected": "Edit again."},
            outputs={"change": "As approved.", "hazards": "How many."},
        ),
        Signature(
            "deploy",
            "Apply it.",
            parameters={
                "change": Parameter("change", "What to apply.", required=True),
                "environment": Parameter("environment", "Where.", required=True),
            },
            dangerous=True,
            undoable=True,
        ),
        Signature("drop", "Drop it.", dangerous=True),
        Signature("test", "Run the tests.", outcomes={"failed": "They fail."}, outputs={"seconds": "How long."}),
        Signature(
            "command", "Run it.", parameters={"run": Parameter("text", "What.", required=True)}, runs_commands=True
        ),
    )
}


def write(directory: Path, files: Mapping[str, str]) -> Path:
    """Write files into a directory, which is made."""
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return directory
