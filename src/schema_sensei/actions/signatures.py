"""What each verb of a workflow takes, gives back and may lead to: declarations only, enough for linting.

An action module holds the behaviour and uses the declaration of the same name from here.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ..definitions.signature import Parameter, Signature

EDIT = Signature(
    name="edit",
    summary="The person changes the models: in $EDITOR, elsewhere while we watch the files, or already done.",
    parameters={
        "files": Parameter("list", "Files to open and watch, relative to the project; default: the project's models."),
    },
    outputs={"files": "The files that changed during the step, relative to the project."},
    effect=False,
)

GENERATE = Signature(
    name="generate",
    summary="Compare the models with the migrations and write an Alembic revision.",
    parameters={
        "message": Parameter("text", "What the change is for, in one line.", required=True),
        "head": Parameter("text", "The head (or branch@head) to continue when the history has several."),
        "way": Parameter(
            "text",
            "whole: all of it. expand: only what adds, nothing required. guard: checks, not looked at yet, for columns "
            "that are to be required. contract: the rest. set-aside: all, but tables that go move to the trash.",
            default="whole",
            choices=("whole", "expand", "guard", "contract", "set-aside"),
        ),
        "offer_steps": Parameter(
            "boolean", "Offer to do in steps what filled tables or running code take badly.", default=False
        ),
        "discard": Parameter("text", "A table of the trash that the revision drops for good."),
        "after": Parameter("change", "The change of the revision before, when both travel as one."),
    },
    outcomes={
        "unchanged": "The models and the migrations already agree; nothing was written.",
        "in_steps": "The person wants it done in steps; nothing was written.",
    },
    outputs={
        "change": "The change: its revision, SQL up and down, digests; null when nothing was written.",
        "revision": "The revision's id.",
        "path": "The revision file, relative to the project.",
        "waiting": "Columns that rows get a value for later: schema, table, column, required, source.",
    },
    stage="generated",
    undoable=True,
)

PENDING = Signature(
    name="pending",
    summary="Find the revisions that are written and not yet in every environment; reads only.",
    outcomes={"unchanged": "Every environment that can be looked at has every revision."},
    outputs={
        "change": "The change: from where the last environment stands to the newest revision.",
        "revisions": "The ids of its revisions, in order.",
    },
    stage="collected",
    effect=False,
)

ONWARD = Signature(
    name="onward",
    summary="Ask whether the run goes on to a later environment; where it cannot from here, say who can. Reads only.",
    parameters={"environment": Parameter("environment", "The next one.", required=True)},
    outcomes={
        "finish": "The person ends the run here.",
        "elsewhere": "It has no gate, or its URL is not known here: somebody else takes the change on.",
    },
    effect=False,
)

REVIEW = Signature(
    name="review",
    summary="Show the exact SQL, up and down; the approval is bound to its digest.",
    parameters={
        "change": Parameter("change", "The change to review.", required=True),
        "sizes_of": Parameter(
            "environment",
            "Whose schema and sizes count for its hazards, best the largest. Without one, or where its URL is not "
            "known, the migrations are replayed, and no hazard is taken lightly because a table is small.",
        ),
    },
    outcomes={
        "rejected": "The person wants to edit again.",
        "stopped": "The person stops here; nothing is approved.",
    },
    outputs={
        "change": "The change as approved: what deploy accepts.",
        "digest": "The digest of the approved text.",
    },
    stage="reviewed",
    effect=False,
)

REHEARSE = Signature(
    name="rehearse",
    summary="Prove that the change can be undone: up, down, up on a scratch copy, compared object by object.",
    parameters={
        "change": Parameter("change", "The change to rehearse.", required=True),
        "environment": Parameter("environment", "On a copy of whose schema; default: the first environment's."),
    },
    outcomes={
        "failed": "The way down does not lead back: an object is left behind, lost, or not as before.",
        "unproven": "There is no scratch copy: the migrations before this change cannot be replayed.",
    },
    outputs={
        "change": "The change with its proof.",
        "proof": "The proof: its value, what differs, what is lost.",
    },
    stage="rehearsed",
    effect=False,
)

BACKUP = Signature(
    name="backup",
    summary="Save what the change would take from an environment: restored elsewhere and compared before it counts.",
    parameters={
        "change": Parameter("change", "A rehearsed change: its proof says what goes.", required=True),
        "environment": Parameter("environment", "Whose rows.", required=True),
        "tier": Parameter(
            "text",
            "auto: a copy in the same database where columns or rows go and we may write there, a dump of the tables "
            "else. dump: never a copy. database: all of it.",
            default="auto",
            choices=("auto", "dump", "database"),
        ),
        "minutes": Parameter("integer", "How long it may take, by estimate.", default=60),
    },
    outcomes={
        "unneeded": "Nothing that holds rows goes.",
        "declined": "The person wants no backup.",
    },
    outputs={
        "change": "The change with its backup: what deploy accepts on a protected environment.",
        "backup": "The backup: id, tier, tables with rows and hashes, checksum.",
    },
    undoable=True,
)

DEPLOY = Signature(
    name="deploy",
    summary="Apply the approved SQL to one environment through its gate.",
    parameters={
        "change": Parameter("change", "An approved change.", required=True),
        "environment": Parameter("environment", "Where to apply it.", required=True),
    },
    outcomes={
        "declined": "The person said no; the database was not touched.",
        "changed": "The revision file changed after the approval; review it again.",
    },
    outputs={
        "environment": "The environment's name.",
        "identity": "Which database it is, as it tells of itself.",
        "heads": "The revisions at which the database stands now, read on a fresh connection.",
        "digest": "The digest of what was applied.",
        "units": "How many units this step applied; 0 when the database was there already.",
        "texts": "The revisions that this step applied, each with the digest of its statements.",
    },
    stage="{environment}",
    dangerous=True,
    undoable=True,
)

SYNC = Signature(
    name="sync",
    summary="Compare models, migrations and the live database, object by object.",
    parameters={"environment": Parameter("environment", "The live side of the comparison.", required=True)},
    outcomes={"drift": "At least one object differs; the report says which and what to do."},
    outputs={
        "verdicts": "One entry per object that differs: kind, object, verdict, remedy.",
        "heads": "The revisions at which the database stands.",
    },
    effect=False,
)

TEST = Signature(
    name="test",
    summary="Run the project's own test command and show its output as it comes.",
    outcomes={"failed": "The command ended with an exit code other than 0."},
    outputs={"exit_code": "The command's exit code.", "seconds": "How long it ran."},
    effect=False,
)

COMMAND = Signature(
    name="command",
    summary="Run one command of the workflow's author, without a shell.",
    parameters={
        "run": Parameter(
            "text", "The command with its arguments, as in a shell but without its features.", required=True
        ),
        "check": Parameter("text", "A command that exits 0 when `run` has been done; asked after a crash."),
    },
    outcomes={"failed": "The command ended with an exit code other than 0."},
    outputs={"exit_code": "The command's exit code.", "seconds": "How long it ran."},
    runs_commands=True,
)

DEPENDENTS = Signature(
    name="dependents",
    summary="Name what rests on a table and who still uses it, before it goes; reads only.",
    parameters={
        "table": Parameter("text", "The table, with its schema if it is not on the search path.", required=True),
        "environment": Parameter("environment", "Where to look.", required=True),
    },
    outcomes={"missing": "There is no such table.", "stopped": "The person keeps the table."},
    outputs={
        "table": "The table's name.",
        "dependents": "What rests on it: foreign keys, views, functions, partitions.",
        "rows": "How many rows it holds; null when that is not known.",
    },
    effect=False,
)

TRASH = Signature(
    name="trash",
    summary="Show the tables that were set aside, and choose the one that goes for good; reads only.",
    parameters={"environment": Parameter("environment", "Where to look.", required=True)},
    outcomes={"empty": "No table is set aside.", "stopped": "The person keeps them all."},
    outputs={"table": "The table's name in the trash.", "rows": "How many rows it holds; null when that is not known."},
    effect=False,
)

FORMULA = Signature(
    name="formula",
    summary="Ask what columns shall hold in rows that are there, and try the answers on the database; reads only.",
    parameters={
        "columns": Parameter("list", "The columns, as generate gives them in `waiting`.", required=True),
        "environment": Parameter("environment", "Where the rows are.", required=True),
        "known": Parameter("list", "Fills that were agreed on elsewhere: tried, and not asked for again."),
    },
    outcomes={"nothing": "No row waits for a value."},
    outputs={"fills": "One entry per column: schema, table, column, expression."},
    effect=False,
)

BACKFILL = Signature(
    name="backfill",
    summary="Fill columns in small batches while others read and write; rows that have a value are not touched.",
    parameters={
        "fills": Parameter("list", "What to fill, as formula gives it.", required=True),
        "environment": Parameter("environment", "Where to fill it.", required=True),
        "batch": Parameter("integer", "Rows at a time.", default=1000),
        "pause": Parameter("integer", "Milliseconds between two batches.", default=50),
    },
    outcomes={"declined": "The person said no; no row was touched."},
    outputs={"rows": "How many rows were filled.", "left": "How many have no value still."},
)

MANUAL = Signature(
    name="manual",
    summary="Things a person does by hand and ticks off.",
    parameters={
        "items": Parameter("list", "What to do, one text per item.", required=True),
        "question": Parameter("text", "What stands above the list.", default="Tick what is done"),
    },
    outcomes={"incomplete": "Not every item was ticked."},
    outputs={"ticked": "The items that were ticked.", "open": "The items that were not."},
    effect=False,
)


def signatures() -> Mapping[str, Signature]:
    """Every action a workflow may name, by name."""
    route = (EDIT, GENERATE, PENDING, ONWARD, REVIEW, REHEARSE, BACKUP, DEPLOY, SYNC, TEST)
    every = (*route, FORMULA, BACKFILL, DEPENDENTS, TRASH, COMMAND, MANUAL)
    return MappingProxyType({signature.name: signature for signature in every})
