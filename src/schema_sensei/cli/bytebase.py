"""Verbs about a Bytebase server: whether the way through it is free, what it would do with a file."""

from pathlib import Path

import click

from .verbs import Verbs, workbench


@click.group(cls=Verbs, example="sensei bytebase check")
def bytebase() -> None:
    """The way through a Bytebase server: whether it is free, what the server would do with a file."""


@bytebase.command("check", example="sensei bytebase check --format json")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def check_bytebase(ctx: click.Context, form: str) -> None:
    """Connect to the Bytebase of this project and say what is missing, each with its remedy; changes nothing.

    Looks at the account's permissions, the project, the databases, the order of the environments, the licence and
    prior backups. Exit 3 when something blocks, 7 when the server cannot be reached.
    """
    from ..composition import bytebase_check

    text, code = bytebase_check.check(workbench(ctx), form=form)
    click.echo(text)
    ctx.exit(code)


@bytebase.command(example="sensei bytebase predict migration.sql --format json")
@click.argument("file", metavar="FILE.sql", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def predict(ctx: click.Context, file: Path, form: str) -> None:
    """Say what a Bytebase server runs of an SQL file, in which order and how often; exit 3 when not as it reads."""
    from ..composition import predicting

    text, code = predicting.predict(file, form=form)
    click.echo(text)
    ctx.exit(code)
