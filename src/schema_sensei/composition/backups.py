"""What `sensei backup`, `backups` and `restore` do: take, list, verify and prune backups, and bring rows back."""

import json
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..terms.counting import counted
from ..terms.errors import SenseiError, UsageError
from ..terms.exit_codes import ExitCode
from .deeds import Doing, recorded

if TYPE_CHECKING:
    from ..actions.services import Services
    from ..changes.backups.manifest import Manifest
    from ..changes.backups.outlook import Asked, Outlook
    from ..changes.backups.place import Place
    from ..changes.backups.shelf import Entry, Shelf
    from .workbench import Workbench

_DAY = 86_400.0


class UnansweredError(SenseiError):
    """Something has to be agreed to, and nobody is there to do it."""

    exit_code = ExitCode.ANSWER_MISSING


def take(
    bench: "Workbench", environment: str, tables: Sequence[str], *, minutes: float, why: str, say: Callable[[str], None]
) -> tuple[str, ExitCode]:
    """Dump tables of an environment, all of it without any, and verify the dump. Only reads from the environment.

    Raises UsageError, UnreachableError, BackupError and what else `taking.take` raises.
    """
    from ..actions.backup_question import summary
    from ..actions.revisions import settings
    from ..actions.whereabouts import version_table
    from ..changes.backups import taking
    from ..changes.backups.listener import Listener
    from ..changes.backups.needs import Need
    from ..changes.backups.plan import draw, duration
    from ..changes.backups.shelf import new_id
    from ..changes.backups.verifying import scratch_free
    from ..changes.hazards.sizing import in_bytes

    bench.equipment.serve()
    services, shelf = bench.equipment.services(None), _shelf(bench)
    place = _place(services, environment or services.project.environments[0].name)
    wanted = tuple(Need(each if "." in each else f"public.{each}", shape=True) for each in tables) or None
    with place.connect() as connection:
        plan = draw(
            connection,
            place,
            wanted,
            name=new_id(services.now()),
            why=why or "taken by hand",
            versions=version_table(settings(services)),
            copies=False,
        )
    scratch = services.scratch()
    plan.require_room(
        free=shelf.free(), scratch_free=scratch_free(scratch), minutes=minutes, where=str(shelf.directory)
    )
    held = counted(len(plan.tables), "table")
    size = f"{held}, {in_bytes(plan.bytes)}"
    say(f"{plan.tier.words} of {place.label}: {size}; about {duration(plan.seconds)}")
    for note in plan.notes:
        say(note)
    doing = Doing(
        verb="backup",
        title="Take a backup",
        about=f"{plan.tier.words} of {place.label}: {size}",
        plan=(f"Backup {plan.id}: {plan.why}.", *plan.notes),
        target=place.label,
    )
    with recorded(bench, doing) as deed:
        manifest = taking.take(plan, shelf, scratch, Listener(say), now=services.now)
        said = _told(manifest, shelf)
        deed.done(said[0], said[1:], {"backup": summary(manifest)})
    return "\n".join(said), ExitCode.DONE


def listed(bench: "Workbench", *, as_json: bool) -> str:
    """Every backup, the newest first, and what is wrong with one."""
    from ..actions.backup_question import summary
    from ..changes.hazards.sizing import in_bytes

    entries = _shelf(bench).entries()
    if as_json:
        found = [
            {**(summary(each.manifest) if each.manifest else {"id": each.id, "verified": False}), "wrong": each.wrong}
            for each in entries
        ]
        return json.dumps(found, indent=2, ensure_ascii=False)
    if not entries:
        return "No backups yet. `sensei backup --env ENVIRONMENT` takes one."
    rows = [("backup", "of", "taken", "kind", "tables", "rows", "size", "state")]
    for each in entries:
        manifest = each.manifest
        if manifest is None:
            rows.append((each.id, "", "", "", "", "", "", f"broken: {each.wrong}"))
            continue
        taken = time.strftime("%Y-%m-%d %H:%M", time.localtime(manifest.at))
        names = ", ".join(table.ident.removeprefix("public.") for table in manifest.tables[:3])
        more = f" and {len(manifest.tables) - 3} more" if len(manifest.tables) > 3 else ""
        size = in_bytes(manifest.size) if manifest.file else "in place"
        rows.append(
            (each.id, manifest.environment, taken, manifest.tier.value, names + more, str(manifest.rows), size,
             _state(each))
        )  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in rows
    )


def verify(bench: "Workbench", name: str, *, say: Callable[[str], None]) -> str:
    """Restore a backup into a scratch database and compare it again. Raises BrokenBackupError, ScratchError."""
    from ..changes.backups.listener import Listener
    from ..changes.backups.verifying import verify as prove

    services, shelf = bench.equipment.services(None), _shelf(bench)
    manifest = shelf.find(name)
    place = None
    if not manifest.file:
        bench.equipment.serve()
        place = _place(services, manifest.environment)
    with shelf.hold(manifest.id):
        proven = prove(manifest, shelf, services.scratch(), place, Listener(say), now=services.now)
    return "\n".join(_told(proven, shelf))


def prune(bench: "Workbench", *, keep: int | None, older: float | None) -> str:
    """Remove what is broken; with `keep` or `older` (days) also good ones that are beyond all that is given.

    Copies in a database go with their backup; where that cannot be reached, both stay.
    """
    from ..changes.backups.shelf import BEING_TAKEN

    bench.equipment.serve()
    services, shelf = bench.equipment.services(None), _shelf(bench)
    entries = [each for each in shelf.entries() if each.wrong != BEING_TAKEN]
    good = [each for each in entries if each.manifest is not None and not each.wrong]
    going = [each for each in entries if each.manifest is None or each.wrong]
    if keep is not None or older is not None:
        now = services.now()
        going += [
            each
            for number, each in enumerate(good)
            if (keep is None or number >= keep)
            and (older is None or (each.manifest is not None and now - each.manifest.at > older * _DAY))
        ]
    if not going:
        return f"Nothing to remove; {len(entries)} left."
    names = ", ".join(each.id for each in going)
    with recorded(bench, Doing(verb="backups prune", title="Remove backups", about=f"Remove {names}")) as deed:
        said = _removed(services, shelf, going)
        deed.done(f"{len([each for each in said if ' removed' in each])} removed", said)
    return "\n".join([*said, f"{len(shelf.entries())} left."])


def _removed(services: "Services", shelf: "Shelf", going: "Sequence[Entry]") -> list[str]:
    from ..changes.backups import taking

    said = []
    for each in going:
        copied = not each.manifest.file if each.manifest else bool(shelf.marked(each.id))
        environment = each.manifest.environment if each.manifest else shelf.marked(each.id)
        try:
            taking.clear(shelf, each.id, _place(services, environment) if copied else None)
        except SenseiError as error:
            said.append(f"{each.id} stays: its copies in {environment} cannot be removed. {error.what}")
            continue
        said.append(f"{each.id} removed{f' ({each.wrong})' if each.wrong else ''}")
    return said


def outlook(bench: "Workbench", name: str, asked: "Asked", *, into: str) -> "Outlook":
    """What a restore would do, for a person to agree to. Raises NotRestoredError, UnknownBackupError."""
    from ..changes.backups.outlook import look

    bench.equipment.serve()
    services = bench.equipment.services(None)
    manifest = _shelf(bench).find(name)
    return look(manifest, _place(services, into or manifest.environment), asked, same=not into)


def told(seen: "Outlook") -> str:
    """The outlook in words."""
    manifest = seen.manifest
    taken = time.strftime("%Y-%m-%d %H:%M", time.localtime(manifest.at))
    lines = [f"Restore {manifest.id}, taken {taken} from {manifest.environment}, into {seen.place.label}:"]
    if seen.whole:
        lines.append(f"  the whole database, {len(manifest.tables)} tables with {manifest.rows} rows; it is empty now")
    lines += [f"  {each.words}" for each in seen.steps]
    return "\n".join(lines)


def agree(seen: "Outlook", *, yes: bool, terminal: bool, ask: Callable[[str], str]) -> None:
    """Have the environment's name typed, or take --yes for it. Raises UnansweredError, or NotRestoredError for a no."""
    from ..changes.backups.errors import NotRestoredError

    name = seen.place.environment
    if yes:
        return
    if not terminal:
        raise UnansweredError(
            f"A restore into {name} has to be agreed to, and there is no terminal.",
            means="Nothing was changed.",
            remedy="Add --yes when you want what stands above.",
            where=str(seen.place.label),
        )
    if ask(f"Type {name} to do it") != name:
        raise NotRestoredError("Not restored.", means=f"{name} was not touched.", remedy="Type its name to agree.")


def restore(bench: "Workbench", seen: "Outlook", *, yes: bool, say: Callable[[str], None]) -> str:
    """Do what was agreed to, with --yes or by typing. Raises NotRestoredError, BrokenBackupError, UnreachableError."""
    from ..changes.backups import restoring
    from ..changes.backups.listener import Listener

    services = bench.equipment.services(None)
    source = None
    if not seen.manifest.file and seen.manifest.environment != seen.place.environment:
        source = _place(services, seen.manifest.environment)
    shelf, plan = _shelf(bench), told(seen).splitlines()
    doing = Doing(
        verb="restore",
        title="Restore a backup",
        about=plan[0].removesuffix(":"),
        plan=[each.strip() for each in plan[1:]],
        agreed="Agreed to with --yes." if yes else f"Agreed to: {seen.place.environment} was typed.",
        target=seen.place.label,
    )
    with shelf.hold(seen.manifest.id), recorded(bench, doing) as deed:
        said = restoring.restore(seen, shelf, source, Listener(say))
        deed.done(said[0] if len(said) == 1 else f"{seen.manifest.id} is restored", said)
    return "\n".join(said)


def asked_for(tables: Sequence[str], columns: str, *, missing: bool, aside: bool) -> "Asked":
    """What the command line asks for. Raises UsageError for things that exclude each other."""
    from ..changes.backups.outlook import Asked

    chosen = tuple(each.strip() for each in columns.split(",") if each.strip())
    if sum((bool(chosen), missing, aside)) > 1:
        raise UsageError(
            "--columns, --missing and --aside exclude each other.",
            remedy="Restore twice: first the missing rows, then the columns.",
        )
    if chosen and len(tables) != 1:
        raise UsageError("--columns wants one table.", remedy="Name it: --table accounts --columns email,phone")
    return Asked(tuple(tables), chosen, missing=missing, aside=aside)


def _shelf(bench: "Workbench") -> "Shelf":
    from ..changes.backups.shelf import Shelf

    return Shelf.of(bench.project.directory)


def _place(services: "Services", environment: str) -> "Place":
    from ..actions.backup import place_of

    return place_of(services.project.target(environment, services.environ))


def _state(entry: "Entry") -> str:
    if entry.wrong:
        return f"broken: {entry.wrong}"
    return "verified" if entry.manifest and entry.manifest.verified else "not verified"


def _told(manifest: "Manifest", shelf: "Shelf") -> list[str]:
    from ..changes.hazards.sizing import in_bytes

    verified = manifest.verified
    held = f"{counted(len(manifest.tables), 'table')}, {counted(manifest.rows, 'row')}"
    lines = [f"{manifest.id}: {held}, restored and compared"]
    if manifest.file:
        lines.append(f"  {in_bytes(manifest.size)} in {shelf.folder(manifest.id) / manifest.file}")
    lines.append(
        f"  taken in {manifest.seconds:.1f} s" + (f", verified in {verified.seconds:.1f} s" if verified else "")
    )
    lines += [f"  {each}" for each in (verified.notes if verified else ())]
    return lines
