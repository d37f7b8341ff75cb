"""Verbs of the practice project."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..terms.secrets import REDACTOR
from .verbs import Verbs, face_options

if TYPE_CHECKING:
    from ..practice.reviewing import Verdict


@click.group(cls=Verbs, invoke_without_command=True, example="sensei practice --fresh")
@click.option(
    "--dir",
    "where",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("sensei-practice"),
    show_default=True,
)
@click.option("--fresh", is_flag=True, help="Build it again from nothing.")
@click.option(
    "--reviewer", type=click.Choice(["auto", "me"]), help="Who approves on the practice Bytebase; kept until changed."
)
@face_options
@click.pass_context
def practice(ctx: click.Context, where: Path, fresh: bool, reviewer: str | None, face: str | None) -> None:
    """Practise on a small project with a real embedded PostgreSQL and a practice Bytebase; nothing to install."""
    ctx.obj["practice"] = ctx.obj["directory"] / where
    if ctx.invoked_subcommand is None:
        from ..composition.visits import practise

        ctx.exit(
            practise(
                ctx.obj["practice"],
                REDACTOR,
                fresh=fresh,
                person_reviews=None if reviewer is None else reviewer == "me",
                face=face or ctx.obj["face"],
            )
        )


def _review(ctx: click.Context, issue: str, verdict: "Verdict", comment: str) -> None:
    from ..practice.files import is_practice
    from ..practice.reviewing import review as decide
    from ..project.place import find

    here = find(ctx.obj["directory"])
    inside = here is not None and is_practice(here.parent)
    click.echo(decide(here.parent if here and inside else ctx.obj["practice"], issue, verdict, comment))


@practice.command(example="sensei practice approve")
@click.argument("issue", metavar="[ISSUE]", default="")
@click.option("--comment", default="", help="What the reviewer says.")
@click.pass_context
def approve(ctx: click.Context, issue: str, comment: str) -> None:
    """Play the reviewer: approve the issue that waits on the practice Bytebase."""
    _review(ctx, issue, "approve", comment)


@practice.command(example="sensei practice reject --comment 'not on a Friday'")
@click.argument("issue", metavar="[ISSUE]", default="")
@click.option("--comment", default="", help="What the reviewer says.")
@click.pass_context
def reject(ctx: click.Context, issue: str, comment: str) -> None:
    """Play the reviewer: reject the issue that waits on the practice Bytebase."""
    _review(ctx, issue, "reject", comment)
