"""What `sensei pull` does: writes models from a database, and says what was proven and what they cannot describe."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..terms.errors import SenseiError, UsageError
from ..terms.exit_codes import ExitCode

if TYPE_CHECKING:
    from ..actions.pulling import Pulled
    from ..postgres.catalog import Difference
    from .workbench import Workbench

SHOWN = 30
"""So many objects of one list are named; the rest is counted."""


class UnwritableError(SenseiError):
    """The file could not be written."""


def pull(bench: "Workbench", file: Path | None, *, environment: str | None, force: bool) -> tuple[str, str, ExitCode]:
    """What goes to standard output, what is said about it, and the exit code: 3 when the models are not proven.

    Without a file the module itself is the output. Raises UsageError for a file that is there, UnreachableError.
    """
    from ..actions import pulling

    if file is not None and os.path.lexists(file) and not force:
        raise UsageError(
            f"{file} is there already.",
            means="Nothing was written.",
            remedy="Name another file, look at the models with --print, or replace the file with --force.",
            where=str(file),
        )
    services = bench.equipment.services(None)
    name = environment or services.project.environments[0].name
    target = services.project.target(name, services.environ)
    bench.equipment.serve()
    found = pulling.pull(services, target)
    if file is not None:
        _write(file, found.source)
    said = "\n".join(_said(found, name, file))
    code = ExitCode.DECLINED if found.trouble is not None or found.unlike else ExitCode.DONE
    return (said, "", code) if file is not None else (found.source, said, code)


def baseline(bench: "Workbench", *, environment: str | None) -> str:
    """Write the first revision of a database that was there first, and say where. Raises RefusedError."""
    from ..actions.baseline import write_baseline

    services = bench.equipment.services(None)
    name = environment or services.project.environments[0].name
    target = services.project.target(name, services.environ)
    bench.equipment.serve()
    revision, path = write_baseline(services, target)
    return (
        f"✓ Revision {revision} written to {path}. Proven: replayed on a scratch database, it makes what {name} has.\n"
        f"  Next: read it, then adopt what is there: sensei drift --env {name} --adopt {revision}"
    )


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        beside = file.with_name(f".{file.name}.{os.getpid()}")
        beside.write_text(text, encoding="utf-8")
        beside.replace(file)
    except OSError as error:
        raise UnwritableError(
            f"{file} cannot be written: {error.strerror}.", remedy="Name a file in a folder of yours.", where=str(file)
        ) from error


def _said(found: "Pulled", name: str, file: Path | None) -> Iterator[str]:
    what = f"{found.tables} tables of {name}" + ("" if file is None else f", written to {file}")
    if found.trouble is not None:
        yield f"! {what}. Not proven: a scratch database refuses them."
        yield from _indented(found.trouble.what, found.trouble.means)
        yield "    What they need and models cannot make (a function, a type, an extension) must be there first."
    elif found.unlike:
        yield f"! {what}. Created on a scratch database, {len(found.unlike)} objects are not as {name} has them:"
        yield from _named(found.unlike)
        yield "    Correct the models, or leave the objects out: `ignore:` in sensei.yaml."
    else:
        yield f"✓ {what}. Proven: created on a scratch database, {found.equal} objects are as {name} has them."
    if found.beyond:
        kinds = Counter(each.kind for each in found.beyond)
        counts = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in sorted(kinds.items()))
        yield f"  Models cannot describe {counts}:"
        yield from _named(found.beyond)
        yield "    Revisions carry them: `sensei pull --revision` writes a first one, or write op.execute yourself."
    yield from (f"  {note}" for note in found.notes)
    if file is not None:
        yield "  Next: name the file under `models:` in sensei.yaml, and its Base.metadata in env.py."
        yield f"  Without a revision yet: sensei pull --env {name} --revision"


def _named(differences: "Sequence[Difference]") -> Iterator[str]:
    for each in differences[:SHOWN]:
        thing = f"{each.kind.replace('_', ' ')} {each.ident}"
        if each.right is None or each.left is None:
            yield f"      {thing}" + ("" if each.right is None else ", only in the models")
        else:
            yield f"      {thing}: there [{each.left}], models [{each.right}]"
    if len(differences) > SHOWN:
        yield f"      and {len(differences) - SHOWN} more"


def _indented(*texts: str) -> Iterator[str]:
    yield from (f"    {line}" for text in texts for line in text.splitlines())
