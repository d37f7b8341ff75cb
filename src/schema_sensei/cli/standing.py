"""Verbs that tell where a project and its databases stand."""

from pathlib import Path

import click

from . import completing
from .verbs import Verb, workbench


@click.command(cls=Verb, example="sensei status")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--drift", is_flag=True, help="Also compare models, migrations and database object by object.")
@click.pass_context
def status(ctx: click.Context, as_json: bool, drift: bool) -> None:
    """Say per environment where it stands: heads, pending revisions, unfinished runs, drift."""
    from ..composition import listings

    text, code = listings.status(workbench(ctx), as_json=as_json, drift=drift)
    click.echo(text)
    ctx.exit(code)


@click.command(cls=Verb, example="sensei drift --env all --format github\nsensei drift --env staging --adopt 3f2a91")
@click.option(
    "--env",
    "environment",
    shell_complete=completing.environments,
    help="The environment to compare, or all; default: the first one.",
)
@click.option("--format", "form", type=click.Choice(["text", "json", "github"]), default="text", show_default=True)
@click.option(
    "--adopt",
    is_flag=False,
    flag_value="",
    metavar="[REVISION]",
    help="Stamp the environment if its shape is that of REVISION, of all revisions without one.",
)
@click.option("--yes", "agreed", is_flag=True, help="Agree to --adopt without a terminal.")
@click.option("--scratch", metavar="VARIABLE", help="The variable with the URL of a server for scratch databases.")
@click.pass_context
def drift(
    ctx: click.Context, environment: str | None, form: str, adopt: str | None, agreed: bool, scratch: str | None
) -> None:
    """Compare models, migrations and databases: one verdict for each object that differs, and what to do about it.

    Changes nothing. Exit 0 when they agree, 3 when an object differs, 7 when a database cannot be reached. Revisions
    that are not deployed yet are no drift. --adopt is for a database that was made without these migrations: its
    shape is checked, then the version table is written, no other table.
    """
    from ..composition import drifting

    bench = workbench(ctx)
    if scratch:
        bench.equipment.name_scratch(scratch)
    if adopt is not None:
        click.echo(drifting.adopt(bench, environment=environment, revision=adopt, agreed=agreed))
        return
    text, code = drifting.drift(bench, environment=environment, form=form)
    click.echo(text)
    ctx.exit(code)


@click.command(cls=Verb, example="sensei pull shop/models.py --env prod --revision\nsensei pull --print | less")
@click.argument("file", metavar="[FILE.py]", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option(
    "--env",
    "environment",
    shell_complete=completing.environments,
    help="The environment to read; default: the first one.",
)
@click.option("--print", "shown", is_flag=True, help="Print the models instead of writing a file.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option("--revision", is_flag=True, help="Write the first revision: the whole schema, replayed and compared.")
@click.option("--scratch", metavar="VARIABLE", help="The variable with the URL of a server for scratch databases.")
@click.pass_context
def pull(
    ctx: click.Context,
    file: Path | None,
    environment: str | None,
    shown: bool,
    force: bool,
    revision: bool,
    scratch: str | None,
) -> None:
    """Write SQLAlchemy models from a database that was there first, and prove them on a scratch copy.

    The models are created on a scratch database and compared with the live one, object by object; what models cannot
    describe is listed. Only reads the database. Exit 3 when an object of the models is not as the database has it.
    """
    from ..composition import pulling

    if (file is not None) + shown + (revision and file is None) != 1:
        raise click.UsageError("Name a file for the models, --print to see them, or --revision.", ctx)
    bench = workbench(ctx)
    if scratch:
        bench.equipment.name_scratch(scratch)
    code = 0
    if file is not None or shown:
        text, beside, code = pulling.pull(bench, file, environment=environment, force=force)
        click.echo(text.rstrip("\n"))
        if beside:
            click.echo(beside, err=True)
    if revision:
        click.echo(pulling.baseline(bench, environment=environment))
    ctx.exit(code)
