"""The question whether a change that filled tables take badly is made at once or in steps (expand and contract)."""

import hashlib
from collections.abc import Sequence

from ..engine.ports import Context
from ..engine.prompts import Choose, Option, Stakes, Table
from ..migrations import Abrupt
from ..terms.errors import UnreachableError, UsageError
from .rows import rows_at_stake
from .services import Services


def wants_steps(services: Services, context: Context, abrupt: Sequence[Abrupt]) -> bool:
    """Asked only when a table in question has rows in the first environment; True for steps."""
    first = services.project.environments[0]
    tables = tuple(dict.fromkeys(f"{each.schema}.{each.table}" if each.schema else each.table for each in abrupt))
    try:
        stake = rows_at_stake(services.project.target(first.name, services.environ), tables)
    except (UnreachableError, UsageError) as error:
        context.note(f"Whether the tables hold rows is not known: {error.what}", "warning")
        return False
    if stake.total == 0:
        return False
    counts = dict(stake.rows)
    rows = tuple(
        (f"{each.table}: {each.what}", counts.get(f"{each.schema}.{each.table}" if each.schema else each.table, ""))
        for each in abrupt
    )
    prompt = Choose(
        key=f"{context.step}.way",
        question="At once, or in steps?",
        why=(
            "In steps nobody has to wait and no code breaks: first what only adds, then the rows get their values in "
            "small batches, and what demands or removes comes last, when nothing is in its way any more."
        ),
        blocks=(Table(("what this change asks of rows that are there", f"in {first.name}"), rows),),
        stakes=Stakes(
            does="In steps: leads to expand-contract with the models as they are now; nothing is written here",
            costs="In steps: three short changes in place of one; at once: what the table says",
            back="nothing is applied yet",
        ),
        facts={"tables": list(tables), "rows": stake.total},
        digest=hashlib.sha256(repr(rows).encode()).hexdigest(),
        options=(
            Option("steps", "In steps", "expand, fill in batches, contract", "good"),
            Option("at_once", "At once", "fine for small tables and a stopped application", "warning"),
        ),
        default="steps",
    )
    return context.ask(prompt) == "steps"
