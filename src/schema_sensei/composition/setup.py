"""`sensei init`: what was found, why, and what was written."""

from pathlib import Path

from ..project import init
from ..project.bytebase_mapping import EXAMPLE
from ..project.variables import Variables
from .bytebase_mapping import Ask, Say, ask_mapping


def initialise(directory: Path, *, force: bool, only_print: bool, ask: Ask | None = None, say: Say = print) -> str:
    """Write sensei.yaml for the project in the directory; what to tell the person. Raises as project.init does.

    `ask` asks for the way through Bytebase; None where nobody can be asked.
    """
    planned = init.plan(directory)
    if only_print:
        return planned.text.rstrip("\n")
    if ask is not None and (force or not planned.exists):
        env_file = planned.root / planned.found.env_file.value if planned.found.env_file else None
        mapping = ask_mapping(planned.environments, Variables.of(env_file=env_file), ask, say)
        planned = init.plan(directory, mapping=mapping)
    written = init.write(planned, force=force, scaffold=_scaffold)
    lines = ["Found"]
    lines += [f"  {key}: {value}  ({why})" for key, value, why in planned.reasons()]
    lines += [f"! {note}" for note in planned.notes]
    lines += ["Wrote", *(f"  {path.relative_to(planned.root)}" for path in written)]
    lines += ["Next: read sensei.yaml, set its variables, then `sensei status`."]
    if planned.mapping:
        lines += ["Whether the way through Bytebase is free: `sensei bytebase check`."]
    elif ask is None:
        lines += ["Through a Bytebase server? In a terminal `sensei init` asks for the way; or add to sensei.yaml:"]
        lines += [line.replace("#", " ", 1) for line in EXAMPLE]
    return "\n".join(lines)


def _scaffold(root: Path) -> None:
    from ..migrations.scaffolding import scaffold

    scaffold(root)
