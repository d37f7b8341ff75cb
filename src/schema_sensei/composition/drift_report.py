"""What `sensei drift` found, for people, for programs and for GitHub: per environment one verdict for each object."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..actions.comparing import Comparison
from ..changes.compare import Standing, Verdict
from ..project.environment import Environment
from ..terms.counting import counted
from ..terms.errors import SenseiError, UnreachableError
from ..terms.exit_codes import ExitCode
from ..terms.json import JsonObject

SHOWN = 40
"""The text names so many objects of one standing; JSON has all."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One environment: the database in words, and what was found there or why nothing could be."""

    environment: Environment
    database: str
    found: Comparison | None = None
    problem: SenseiError | None = None


def exit_code(seen: Sequence[Seen]) -> ExitCode:
    """7 when one could not be reached, 3 when one differs, a problem's own code, 1 when a side is missing."""
    problems = [each.problem for each in seen if each.problem is not None]
    if any(isinstance(each, UnreachableError) for each in problems):
        return ExitCode.UNREACHABLE
    if any(each.found is not None and each.found.wrong for each in seen):
        return ExitCode.DECLINED
    if problems:
        return problems[0].exit_code
    incomplete = any(each.found is not None and each.found.notes for each in seen)
    return ExitCode.FAILED if incomplete else ExitCode.DONE


def text(seen: Sequence[Seen]) -> str:
    """One paragraph per environment, the worst at its top."""
    return "\n\n".join("\n".join(_environment(each)) for each in seen)


def as_json(seen: Sequence[Seen]) -> str:
    """`{"drift": objects, "complete": bool, "environments": [...]}`."""
    found = {
        "drift": sum(len(each.found.wrong) for each in seen if each.found is not None),
        "complete": all(each.found is not None and not each.found.notes for each in seen),
        "environments": [_to_json(each) for each in seen],
    }
    return json.dumps(found, indent=2, ensure_ascii=False)


def github(seen: Sequence[Seen]) -> str:
    """Workflow commands of GitHub Actions: an error per object that differs, a notice for what waits."""
    return "\n".join(line for each in seen for line in _annotations(each))


def _environment(seen: Seen) -> Iterator[str]:
    if seen.found is None:
        yield f"✗ {seen.environment.name}  {seen.database}: not compared"
        if seen.problem is not None:
            yield from _indented(seen.problem.what, seen.problem.means, seen.problem.remedy)
        return
    mark = "!" if seen.found.wrong or seen.found.notes else "✓"
    yield f"{mark} {seen.environment.name}  {seen.database}, {seen.found.place}: {summary(seen.found)}"
    yield from _indented(*seen.found.notes)
    told = [each for each in seen.found.verdicts if each.standing is not Standing.NOT_MODELLED]
    for standing in Standing:
        yield from _standing(standing, [each for each in told if each.standing is standing])
    silent = len(seen.found.verdicts) - len(told)
    if silent:
        yield from _indented(f"{counted(silent, 'object')} that models cannot describe: as the migrations make them.")
    if seen.found.left_out:
        yield from _indented(f"Left out: {seen.found.left_out}.")


def summary(found: Comparison) -> str:
    """`3 objects differ: 2 drift, 1 not migrated`, or that all agree."""
    counts = Counter(verdict.standing for verdict in found.wrong)
    if not counts:
        return f"no drift, {counted(found.objects, 'object')} compared"
    verb = "differs" if len(found.wrong) == 1 else "differ"
    each = ", ".join(f"{counts[standing]} {standing.value}" for standing in Standing if counts[standing])
    return f"{counted(len(found.wrong), 'object')} {verb}: {each}"


def _standing(standing: Standing, verdicts: Sequence[Verdict]) -> Iterator[str]:
    if not verdicts:
        return
    yield from ("", f"  {'·' if standing.normal else '!'} {standing.value}")
    yield from (f"      {each.object}: {each.detail}" for each in verdicts[:SHOWN])
    if len(verdicts) > SHOWN:
        yield f"      and {len(verdicts) - SHOWN} more; --format json names all"
    yield f"    {standing.remedy}"


def _indented(*texts: str) -> Iterator[str]:
    yield from (f"    {line}" for each in texts for line in each.splitlines())


def _to_json(seen: Seen) -> JsonObject:
    problem = seen.problem
    found: JsonObject = {
        "environment": seen.environment.name,
        "protected": seen.environment.protected,
        "database": seen.database,
        "problem": None
        if problem is None
        else {"what": problem.what, "means": problem.means, "remedy": problem.remedy},
    }
    if seen.found is None:
        return found
    counts = Counter(verdict.standing for verdict in seen.found.verdicts)
    return {
        **found,
        "heads": list(seen.found.heads),
        "place": seen.found.place,
        "objects": seen.found.objects,
        "drift": len(seen.found.wrong),
        "not_modelled": counts[Standing.NOT_MODELLED],
        "left_out": seen.found.left_out,
        "notes": list(seen.found.notes),
        "verdicts": [
            verdict.to_json() for verdict in seen.found.verdicts if verdict.standing is not Standing.NOT_MODELLED
        ],
    }


def _annotations(seen: Seen) -> Iterator[str]:
    name = seen.environment.name
    if seen.problem is not None:
        yield _command("error", f"{name} was not compared", str(seen.problem))
    if seen.found is None:
        return
    for note in seen.found.notes:
        yield _command("error", f"{name} was not compared on all sides", note)
    for each in seen.found.wrong:
        title = f"{each.standing.value}: {each.object} on {name}"
        yield _command("error", title, f"{each.detail}\n{each.standing.remedy}")
    waiting = [each for each in seen.found.verdicts if each.standing is Standing.PENDING]
    if waiting:
        names = ", ".join(each.object for each in waiting[:5])
        yield _command("notice", f"{counted(len(waiting), 'object')} not deployed to {name} yet", names)
    if not seen.found.wrong:
        yield _command("notice", f"no drift on {name}", summary(seen.found))


def _command(kind: str, title: str, message: str) -> str:
    data = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    head = title.replace("%", "%25").replace("\n", " ").replace(":", "%3A").replace(",", "%2C")
    return f"::{kind} title={head}::{data}"
