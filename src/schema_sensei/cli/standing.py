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
