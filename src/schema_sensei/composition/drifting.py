"""What `sensei drift` does: compares models, migrations and databases, and adopts a database after a shape check."""

import sys
from typing import TYPE_CHECKING

from ..terms.errors import SenseiError, UsageError
from ..terms.exit_codes import ExitCode
from . import ranges
from .deeds import Doing, recorded

if TYPE_CHECKING:
    from ..actions.adopting import Adoption
    from ..project.environment import Environment, Target
    from .drift_report import Seen
    from .workbench import Workbench

ALL = "all"


class UnconfirmedError(SenseiError):
    """An adoption that nobody agreed to."""

    exit_code = ExitCode.ANSWER_MISSING


class DeclinedError(SenseiError):
    """The person did not type the name."""

    exit_code = ExitCode.DECLINED


def drift(bench: "Workbench", *, environment: str | None, form: str) -> tuple[str, ExitCode]:
    """The verdicts on the first environment, the named one, or all of them. Exit 3 for drift, 7 for one unreachable.

    Raises what keeps all from being compared: UsageError, MigrationError, ScratchError.
    """
    from . import drift_report

    seen = _look(bench, _environments(bench, environment))
    if environment != ALL and seen[0].problem is not None and form == "text":
        raise seen[0].problem
    shown = {"json": drift_report.as_json, "github": drift_report.github}.get(form, drift_report.text)
    return shown(seen), drift_report.exit_code(seen)


def adopt(bench: "Workbench", *, environment: str | None, revision: str, agreed: bool) -> str:
    """Stamp one environment that has the shape of `revision` (of all without one), after its name was typed.

    Raises UnconfirmedError without a terminal and without `agreed`, DeclinedError, RefusedError when the shape
    differs or the target is protected, UnreachableError, MigrationError.
    """
    from ..actions import adopting
    from ..actions.revisions import history
    from ..gates.position import shown

    if environment == ALL:
        raise UsageError("One environment is adopted at a time.", remedy="Name it: sensei drift --env ENV --adopt")
    services = bench.equipment.services(None)
    target = services.project.target(_environments(bench, environment)[0].name, services.environ)
    bench.equipment.serve()
    known = history(services)
    wanted = (ranges.one(known, revision),) if revision else known.heads
    found = adopting.check(services, target, wanted)
    if not target.environment.protected and not agreed:
        _ask(found)
    doing = Doing(
        verb="drift --adopt",
        title="Adopt a database",
        about=f"Stamp {target.label} with {shown(wanted)}; it was at {shown(found.heads)}",
        plan=(f"Its shape was checked: {found.objects} objects are as those revisions make them.",),
        agreed="Agreed to with --yes." if agreed else f"Agreed to: {target.environment.name} was typed.",
        target=target.label,
    )
    with recorded(bench, doing) as deed:
        adopting.adopt(services, found)
        deed.done(f"{target.label} is stamped with {shown(wanted)}")
    return (
        f"✓ {target.label} is stamped with {shown(wanted)}; it was at {shown(found.heads)}.\n"
        f"  {found.objects} objects were compared and equal; no table was changed."
    )


def _ask(found: "Adoption") -> None:
    from ..frontends.choose import choose
    from ..gates.position import shown

    target, name = found.target, found.target.label.environment
    what = f"Stamp {target.label} with {shown(found.wanted)}; now {shown(found.heads)}."
    if choose() == "answers":
        raise UnconfirmedError(
            f"Nobody is here to agree: {what}",
            means=f"{name} has the shape of {shown(found.wanted)}: {found.objects} objects are equal. "
            "Nothing was touched.",
            remedy="Agree with --yes, or run it in a terminal and type the name of the environment.",
            where=str(target.label),
        )
    sys.stderr.write(
        f"{what}\n"
        f"Its shape was checked: {found.objects} objects are as those revisions make them.\n"
        "Only the version table is written, no table of yours is changed. The way back: stamp it with what it was.\n"
        f"Type {name} to do it: "
    )
    sys.stderr.flush()
    if sys.stdin.readline().strip() != name:
        raise DeclinedError(
            f"{name} was not typed.", means="Nothing was touched.", remedy="Run it again when you are sure."
        )


def _environments(bench: "Workbench", asked: str | None) -> "tuple[Environment, ...]":
    project = bench.project
    if asked == ALL:
        return project.environments
    return (project.environments[0] if asked is None else project.environment(asked),)


def _look(bench: "Workbench", environments: "tuple[Environment, ...]") -> "tuple[Seen, ...]":
    """Each environment's verdicts, or the problem that keeps it from being compared."""
    from ..actions.comparing import look_at
    from .drift_report import Seen

    services = bench.equipment.services(None)
    bench.equipment.serve()
    targets: dict[str, Target | SenseiError] = {}
    for each in environments:
        try:
            targets[each.name] = services.project.target(each.name, services.environ)
        except UsageError as error:
            targets[each.name] = error
    found = look_at(services, [each for each in targets.values() if not isinstance(each, SenseiError)])
    seen = []
    for each in environments:
        target = targets[each.name]
        if isinstance(target, SenseiError):
            seen.append(Seen(each, each.url_variable, problem=target))
            continue
        database = f"{target.label.host}/{target.label.database}"
        result = found[each.name]
        if isinstance(result, SenseiError):
            seen.append(Seen(each, database, problem=result))
        else:
            seen.append(Seen(each, database, result))
    return tuple(seen)
