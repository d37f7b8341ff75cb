"""Verbs that tell where a project and its databases stand."""

import click

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
@click.option("--env", "environment", help="The environment to compare, or all; default: the first one.")
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
