"""Adopts a database that has the shape of some revisions already: checks the shape, then stamps; changes no table."""

from dataclasses import dataclass

from ..gates.direct import LOCK_KEY
from ..gates.errors import RefusedError
from ..gates.position import shown
from ..migrations.history import History
from ..postgres import advisory, grants, session
from ..postgres.catalog import Catalog, Difference
from ..project.environment import Target
from .comparing import left_out_tables, reading, rules_of
from .revisions import history, settings
from .services import Services
from .sides import made_at
from .whereabouts import heads_of, version_table

SHOWN = 12
"""A refusal names so many objects that differ."""


@dataclass(frozen=True, slots=True)
class Adoption:
    """A database at `heads` by its version table whose shape is that of `wanted`: `objects` of them are equal."""

    target: Target
    heads: tuple[str, ...]
    wanted: tuple[str, ...]
    objects: int


def check(services: Services, target: Target, wanted: tuple[str, ...]) -> Adoption:
    """The adoption that is possible. Raises RefusedError when a shape differs or nothing is to do, MigrationError."""
    known, options = history(services), settings(services)
    heads = heads_of(target, options)
    if set(heads) == set(wanted):
        raise RefusedError(
            f"{target.label.environment} is stamped with {shown(wanted)} already.",
            remedy="Nothing is to be done; `sensei drift` tells what differs.",
            where=str(target.label),
        )
    _refuse_half(target, services)
    made = made_at(services, known, wanted).without(idents=left_out_tables(options), kinds=(grants.KIND,))
    used = sorted(row.ident for row in made.rows if row.kind == "schema")
    with reading(target) as connection:
        live = Catalog.read(connection, schemas=used, skip=left_out_tables(options))
    rules = rules_of(services.project)
    different = [
        each
        for each in made.difference(live)
        if each.kind not in {"column_order", "extension"}
        and not any(rule.fits(each.kind, each.ident) for rule in rules)
    ]
    if different:
        raise RefusedError(
            f"{target.label.environment} does not have the shape of {shown(wanted)}: {len(different)} objects differ.",
            means="\n".join(_told(each) for each in different[:SHOWN]) + ("\n..." if len(different) > SHOWN else ""),
            remedy="Make them equal first, by a migration or by hand, or name the revision whose shape it has: "
            "sensei drift --adopt REVISION",
            where=str(target.label),
        )
    return Adoption(target, heads, wanted, len(made.rows))


def adopt(services: Services, found: Adoption) -> None:
    """Stamp it. Raises RefusedError when the target is protected or moved since the check; HeldError."""
    target, table = found.target, version_table(settings(services))
    if target.environment.protected:
        raise RefusedError(
            f"{target.label.environment} is protected: it is not stamped from here.",
            means=f"Its shape is that of {shown(found.wanted)}. Nothing was touched.",
            remedy="Have its owner run:\n" + "\n".join(_statements(found, services)),
            where=str(target.label),
        )
    with (
        advisory.hold(target.url, LOCK_KEY, timeout=30, label=target.label),
        session.connect(
            target.url, application_name="sensei adopt", autocommit=False, label=target.label
        ) as connection,
    ):
        if set(table.heads(connection)) != set(found.heads):
            raise RefusedError(
                f"{target.label.environment} moved since it was compared.",
                means="Nothing was touched.",
                remedy="Compare again: sensei drift",
                where=str(target.label),
            )
        table.put(connection, found.wanted)
        connection.commit()


def _refuse_half(target: Target, services: Services) -> None:
    with session.connect(target.url, application_name="sensei look", read_only=True, label=target.label) as connection:
        half = version_table(settings(services)).comment(connection)
    if half:
        raise RefusedError(
            f"{target.label.environment} stands inside a revision: {half}",
            means="A part of that revision is applied. Stamping would hide it.",
            remedy="Finish the run that began it: sensei resume",
            where=str(target.label),
        )


def _statements(found: Adoption, services: Services) -> list[str]:
    table = version_table(settings(services))
    name = f"{table.schema}.{table.name}" if table.schema else table.name
    return [
        "BEGIN;",
        f"CREATE TABLE IF NOT EXISTS {name} (version_num varchar(32) PRIMARY KEY);",
        f"DELETE FROM {name};",  # noqa: S608 - shown to a person, never run from here
        *(f"INSERT INTO {name} VALUES ('{each}');" for each in found.wanted),  # noqa: S608 - shown, never run
        "COMMIT;",
    ]


def _told(each: Difference) -> str:
    if each.right is None:
        return f"missing: {each.kind} {each.ident}"
    if each.left is None:
        return f"only there: {each.kind} {each.ident}"
    return f"differs: {each.kind} {each.ident}: made [{each.left}], there [{each.right}]"


def wanted_heads(known: History, revision: str) -> tuple[str, ...]:
    """Where a database stands that has exactly the history up to one revision; all of it without one."""
    return (revision,) if revision else known.heads
