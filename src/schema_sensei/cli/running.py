"""Verbs that run a workflow, go on with a run, and tell what runs did."""

from pathlib import Path

import click

from . import completing
from .verbs import Verb, face_options, workbench


@click.command(cls=Verb, example="sensei run new-table --answers answers.yaml --set inputs.message='add certificates'")
@click.argument("workflow", shell_complete=completing.workflows)
@click.option("--answers", type=click.Path(dir_okay=False, path_type=Path), help="Answers by step, YAML; asks nothing.")
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="One answer; wins over the file.")
@click.option("--record", type=click.Path(dir_okay=False, path_type=Path), help="Write the answers you give to a file.")
@click.option("--dry-run", is_flag=True, help="Show every step, do nothing.")
@face_options
@click.pass_context
def run(
    ctx: click.Context,
    workflow: str,
    answers: Path | None,
    pairs: tuple[str, ...],
    record: Path | None,
    dry_run: bool,
    face: str | None,
) -> None:
    """Run a workflow: full screen, in prompts, in plain lines, or from answers."""
    from ..composition import visits

    bench = workbench(ctx)
    ctx.exit(
        visits.run(
            bench, workflow, answers=answers, pairs=pairs, record=record, dry=dry_run, face=face or ctx.obj["face"]
        )
    )


@click.command(cls=Verb, example="sensei resume")
@click.argument("run_id", metavar="[RUN]", default="", shell_complete=completing.unfinished)
@click.option("--answers", type=click.Path(dir_okay=False, path_type=Path), help="Answers by step, YAML; asks nothing.")
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="One answer; wins over the file.")
@click.option("--record", type=click.Path(dir_okay=False, path_type=Path), help="Write the answers you give to a file.")
@click.option("--take-over", is_flag=True, help="Take the run from another machine; this is recorded.")
@face_options
@click.pass_context
def resume(
    ctx: click.Context,
    run_id: str,
    answers: Path | None,
    pairs: tuple[str, ...],
    record: Path | None,
    take_over: bool,
    face: str | None,
) -> None:
    """Go on with an unfinished run: finished steps stay done, an interrupted one is looked into first."""
    from ..composition import visits

    ctx.exit(
        visits.resume(
            workbench(ctx),
            run_id,
            answers=answers,
            pairs=pairs,
            record=record,
            take_over=take_over,
            face=face or ctx.obj["face"],
        )
    )


@click.command(cls=Verb, example="sensei runs")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def runs(ctx: click.Context, as_json: bool) -> None:
    """List the runs of this project, newest first."""
    from ..composition import listings

    click.echo(listings.runs(workbench(ctx), as_json=as_json))


@click.command(cls=Verb, example="sensei show 7f3a > transcript.md")
@click.argument("run_id", metavar="[RUN]", default="", shell_complete=completing.runs)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def show(ctx: click.Context, run_id: str, as_json: bool) -> None:
    """Print the transcript of a run as Markdown; without RUN, of the newest."""
    from ..composition import listings

    click.echo(listings.show(workbench(ctx), run_id, as_json=as_json))


@click.command(cls=Verb, example="sensei watch 7f3a")
@click.argument("run_id", metavar="[RUN]", default="", shell_complete=completing.runs)
@click.pass_context
def watch(ctx: click.Context, run_id: str) -> None:
    """Follow a run that somebody else drives; read only."""
    from ..composition import visits

    ctx.exit(visits.watch(workbench(ctx), run_id))
