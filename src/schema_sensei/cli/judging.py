"""Verbs that judge a change before anything is deployed."""

from pathlib import Path

import click

from . import completing
from .verbs import Verb, workbench


@click.command(cls=Verb, example="sensei review 8c01d2..3f2a91 --env prod --format github")
@click.argument("what", metavar="[REVISIONS|FILE.sql]", default="")
@click.option(
    "--on",
    "setup",
    metavar="SETUP.sql",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The schema a file runs on, made on a scratch database.",
)
@click.option(
    "--env",
    "environment",
    shell_complete=completing.environments,
    help="Judge on a copy of this environment's schema, by the size of its tables.",
)
@click.option("--scratch", metavar="VARIABLE", help="The variable with the URL of a server for scratch databases.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "gitlab"]),
    default="text",
    show_default=True,
)
@click.pass_context
def review(
    ctx: click.Context, what: str, setup: Path | None, environment: str | None, scratch: str | None, form: str
) -> None:
    """Judge revisions or an SQL file: lint, run on a scratch copy, name every hazard; exit 3 when one blocks.

    REVISIONS is one, or OLDER..NEWER; without any, what is pending on --env. A hazard is accepted by a comment at its
    statement, `-- sensei: allow HAZARD because REASON`, or in a revision file by sensei_allow = {"HAZARD": "REASON"}.
    """
    from ..composition import judging

    asked = judging.Asked(what, setup=setup, environment=environment, scratch=scratch)
    text, notes, code = judging.review(asked, lambda: workbench(ctx), form=form)
    if text:
        click.echo(text)
    for note in notes:
        click.echo(note, err=True)
    ctx.exit(code)


@click.command(cls=Verb, example="sensei rehearse 8c01d2..3f2a91 --env staging --format json")
@click.argument("revisions", metavar="[RANGE]", default="")
@click.option(
    "--env",
    "environment",
    shell_complete=completing.environments,
    help="Rehearse on a copy of this environment's schema; default: the first one.",
)
@click.option("--scratch", metavar="VARIABLE", help="The variable with the URL of a server for scratch databases.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def rehearse(ctx: click.Context, revisions: str, environment: str | None, scratch: str | None, form: str) -> None:
    """Prove that revisions can be undone: up, down, up on a scratch copy, compared object by object.

    RANGE is REVISION, or OLDER..NEWER; without one, what is pending on the environment. Exit 3 when the way down does
    not lead back.
    """
    from ..composition import rehearsing

    bench = workbench(ctx)
    if scratch:
        bench.equipment.name_scratch(scratch)
    text, code = rehearsing.rehearse(bench, revisions, environment=environment, form=form)
    click.echo(text)
    ctx.exit(code)


@click.command(cls=Verb, example="sensei explain index-blocks-writes")
@click.argument("hazard", shell_complete=completing.hazards)
def explain(hazard: str) -> None:
    """Explain a hazard by its id: bad, why, good."""
    from ..composition.judging import explain as explained

    click.echo(explained(hazard))
