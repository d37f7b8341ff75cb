"""The rename question: is what goes and what comes one thing under a new name? Settled before anything is written."""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from ..engine.ports import Context
from ..engine.prompts import Choose, Option, Prose, Stakes, Tone
from ..migrations import Rename, Shape, new_revision_id
from ..migrations.errors import MigrationError
from ..migrations.generated import RenameKind
from ..postgres import session
from ..postgres.catalog import Catalog, Entry
from ..postgres.errors import EmbeddedServerError, ScratchError
from ..terms.errors import UnreachableError
from ..terms.secrets import Secret
from ..terms.trash import TRASH
from .replayed import empty, replayed
from .revisions import history
from .services import Services

_NAMED: dict[str, RenameKind] = {"constraint": "constraint", "index": "index", "sequence": "sequence"}
_INDEX_NAME = re.compile(r"^(CREATE (?:UNIQUE )?INDEX ).*? ON ")


def settle(context: Context, pairs: Sequence[Rename], *, steps: bool) -> tuple[Rename, ...] | None:
    """The pairs that are renames, each asked about; None when one is to be done in steps (offered if `steps`)."""
    chosen: list[Rename] = []
    for pair in pairs:
        taken = any((each.kind, each.where) == (pair.kind, pair.where) and _meet(each, pair) for each in chosen)
        if taken:
            continue
        match context.ask(_question(context, pair, steps=steps)):
            case "rename" | "restore":
                chosen.append(pair)
            case "steps":
                return None
            case _:
                pass
    return tuple(chosen)


def carried(services: Services, url: Secret, renames: Sequence[Rename]) -> tuple[Rename, ...]:
    """Does the renames in a scratch database; all of them, and those that the naming rules of the models draw along."""
    services.migrations().rename(url, renames)
    with session.connect(url, application_name="sensei look") as connection:
        made = Catalog.read(connection, without=(TRASH,))
    extensions = sorted(row.ident for row in made.rows if row.kind == "extension" and row.ident != "plpgsql")
    with empty(services) as other:
        services.migrations().create_models(other, extensions=extensions)
        with session.connect(other, application_name="sensei look") as connection:
            models = Catalog.read(connection)
    along = tuple(_along(made, models))
    if along:
        services.migrations().rename(url, along)
    return (*renames, *along)


def leftovers(services: Services, context: Context) -> tuple[str, ...]:
    """What autogenerate still finds once the new revision is applied to a scratch database; empty is right."""
    known = history(services)
    try:
        with replayed(services, known, known.heads) as url:
            again = services.migrations().autogenerate(
                url, message="look", revision=new_revision_id(), write=False, shape=Shape()
            )
    except (MigrationError, ScratchError, EmbeddedServerError, UnreachableError) as error:
        context.note(f"The written revision could not be looked at again: {error.what}", "warning")
        return ()
    return tuple(each.summary for each in again.operations)


def _meet(one: Rename, other: Rename) -> bool:
    return one.old == other.old or one.new == other.new


def _question(context: Context, pair: Rename, *, steps: bool) -> Choose:
    shown = json.dumps([pair.kind, pair.schema, pair.table, pair.old, pair.new])
    options: tuple[Option, ...]
    danger: Tone = "danger"
    if pair.kind == "restore":
        question = f"{pair.where} stands in {TRASH}: bring it back, with its rows?"
        why = "The table was removed and moved aside. It can come back as it was, in an instant."
        options = (
            Option("restore", "Bring it back", "its rows, keys and indexes come with it", "good"),
            Option("separate", "Make an empty table", "the old one stays in the trash"),
        )
        key = f"{context.step}.restore.{pair.where}"
        does, costs = f"Writes a revision that moves {TRASH}.{pair.old} back", "nothing: no row is touched"
    else:
        old, new = (
            (pair.where, pair.new) if pair.kind == "table" else (f"{pair.where}.{pair.old}", f"{pair.where}.{pair.new}")
        )
        holds = "rows" if pair.kind == "table" else "values"
        question = f"Is this a rename? {old} → {new}"
        why = (
            f"Alembic sees a {pair.kind} that goes and one like it that comes, and cannot know that it is the same. "
            f"A rename keeps the {holds}; dropping and adding loses them."
        )
        options = (
            Option("rename", "Yes, it is the same", f"renamed; its {holds} stay", "good"),
            *(
                (Option("steps", "Yes, but old code still runs", "both for a while: new column, copy, drop later"),)
                if steps and pair.kind == "column"
                else ()
            ),
            Option("separate", "No, these are two", f"the {holds} of {pair.old} go", danger),
        )
        key = f"{context.step}.rename.{pair.where}.{pair.old}-{pair.new}"
        if pair.kind == "table":
            key = f"{context.step}.rename.{pair.old}-{pair.new}"
        does = f"Writes a revision that renames {old} to {pair.new}"
        costs = "code that uses the old name stops working at that moment"
    return Choose(
        key=key,
        question=question,
        why=why,
        blocks=(Prose(why),),
        stakes=Stakes(does=does, costs=costs, back="nothing is applied yet: the SQL is reviewed next"),
        facts={"kind": pair.kind, "table": pair.where, "old": pair.old, "new": pair.new},
        digest=hashlib.sha256(shown.encode()).hexdigest(),
        options=options,
        default=options[0].key,
    )


def _along(made: Catalog, models: Catalog) -> Iterator[Rename]:
    """Constraints, indexes and sequences that are the same but for their names."""
    ours, theirs = _alike(made.rows - models.rows), _alike(models.rows - made.rows)
    for key, old_names in sorted(ours.items()):
        new_names = theirs.get(key, [])
        if len(old_names) == len(new_names) == 1 and old_names != new_names:
            kind, table, _ = key
            schema, _, name = table.partition(".")
            home = None if schema == "public" else schema
            yield Rename(_NAMED[kind], home, name, old_names[0], new_names[0])


def _alike(rows: frozenset[Entry]) -> dict[tuple[str, str, str], list[str]]:
    """Names by kind, table (of a sequence: its schema) and everything of the definition but the name."""
    found = defaultdict(list)
    for kind, ident, definition in sorted(rows):
        if kind in _NAMED:
            table, _, name = ident.rpartition(".")
            found[kind, table, _INDEX_NAME.sub(r"\1ON ", definition)].append(name)
    return found
