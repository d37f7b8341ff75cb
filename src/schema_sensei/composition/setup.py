"""`sensei init`: what was found, why, and what was written."""

from pathlib import Path

from ..project import init


def initialise(directory: Path, *, force: bool, only_print: bool) -> str:
    """Write sensei.yaml for the project in the directory; what to tell the person. Raises as project.init does."""
    planned = init.plan(directory)
    if only_print:
        return planned.text.rstrip("\n")
    written = init.write(planned, force=force, scaffold=_scaffold)
    lines = ["Found"]
    lines += [f"  {key}: {value}  ({why})" for key, value, why in planned.reasons()]
    lines += [f"! {note}" for note in planned.notes]
    lines += ["Wrote", *(f"  {path.relative_to(planned.root)}" for path in written)]
    lines += ["Next: read sensei.yaml, set its variables, then `sensei status`."]
    return "\n".join(lines)


def _scaffold(root: Path) -> None:
    from ..migrations.scaffolding import scaffold

    scaffold(root)
