"""Verbs for what is saved: take a backup, list, verify and prune them, bring rows back."""

import sys

import click

from . import completing
from .verbs import Verb, Verbs, workbench


def _say(text: str) -> None:
    click.echo(text, err=True)


@click.command(cls=Verb, example="sensei backup --env prod --table orders --table sales.invoices")
@click.option(
    "--env",
    "environment",
    shell_complete=completing.environments,
    default="",
    help="Of which environment; default: the first one.",
)
@click.option("--table", "tables", multiple=True, metavar="TABLE", help="Only this table, and what belongs to it.")
@click.option("--minutes", type=click.FloatRange(min=0.1), default=60, show_default=True, help="The most it may take.")
@click.option("--why", default="", help="What it is for; kept with it.")
@click.pass_context
def backup(ctx: click.Context, environment: str, tables: tuple[str, ...], minutes: float, why: str) -> None:
    """Dump tables, or the whole database, under one snapshot; restore the dump elsewhere and compare it.

    Only reads. The dump lies in .sensei/backups, readable by you alone. Refused when disk or time would not do.
    """
    from ..composition import backups as saved

    text, code = saved.take(workbench(ctx), environment, tables, minutes=minutes, why=why, say=_say)
    click.echo(text)
    ctx.exit(code)


@click.group(cls=Verbs, invoke_without_command=True, example="sensei backups --json")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def backups(ctx: click.Context, as_json: bool) -> None:
    """List the backups of this project, newest first; verify or prune them."""
    if ctx.invoked_subcommand is None:
        from ..composition import backups as saved

        click.echo(saved.listed(workbench(ctx), as_json=as_json))


@backups.command(example="sensei backups verify 20261124-0416-3fa2")
@click.argument("backup_id", metavar="ID")
@click.pass_context
def verify(ctx: click.Context, backup_id: str) -> None:
    """Compare a backup's checksum, restore it into a scratch database, compare counts and hashes."""
    from ..composition import backups as saved

    click.echo(saved.verify(workbench(ctx), backup_id, say=_say))


@backups.command(example="sensei backups prune --keep 10 --older 30")
@click.option("--keep", type=click.IntRange(min=0), help="Keep at least this many of the newest.")
@click.option("--older", type=click.FloatRange(min=0), metavar="DAYS", help="Remove only what is older.")
@click.pass_context
def prune(ctx: click.Context, keep: int | None, older: float | None) -> None:
    """Remove broken backups; with --keep or --older also good ones, their copies in databases included."""
    from ..composition import backups as saved

    click.echo(saved.prune(workbench(ctx), keep=keep, older=older))


@click.command(cls=Verb, example="sensei restore 3fa2 --table accounts --columns phone")
@click.argument("backup_id", metavar="ID")
@click.option("--table", "tables", multiple=True, metavar="TABLE", help="Only this table; default: all it holds.")
@click.option("--columns", default="", metavar="A,B", help="Give these columns their saved values, row by row by key.")
@click.option("--missing", is_flag=True, help="Add the saved rows whose key is not there any more.")
@click.option("--aside", is_flag=True, help="Move a table that has rows to sensei_trash first, then make it again.")
@click.option("--into", default="", metavar="ENV", help="Into this environment; default: where it was taken.")
@click.option("--yes", is_flag=True, help="Agree without being asked.")
@click.pass_context
def restore(
    ctx: click.Context,
    backup_id: str,
    tables: tuple[str, ...],
    columns: str,
    missing: bool,
    aside: bool,
    into: str,
    yes: bool,
) -> None:
    """Bring tables, columns by key, missing rows, or a whole database back.

    It says what it would do and has the environment's name typed. A table that is missing is made again, an empty one
    is filled; one with rows is never overwritten: choose --columns, --missing or --aside. Everything is compared
    before it is committed.
    """
    from ..composition import backups as saved

    bench = workbench(ctx)
    asked = saved.asked_for(tables, columns, missing=missing, aside=aside)
    seen = saved.outlook(bench, backup_id, asked, into=into)
    _say(saved.told(seen))
    saved.agree(seen, yes=yes, terminal=sys.stdin.isatty(), ask=lambda text: str(click.prompt(text, err=True)))
    click.echo(saved.restore(bench, seen, yes=yes, say=_say))
