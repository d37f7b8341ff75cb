"""The `sensei` command: each verb parses, chooses, calls and exits."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import __version__, debug_log
from .terms.errors import UsageError
from .terms.exit_codes import ExitCode
from .terms.secrets import REDACTOR

if TYPE_CHECKING:
    from .composition.workbench import Workbench
    from .practice.reviewing import Verdict

EXIT_CODES = """\b
Exit codes
  0  done                          5  an interrupted effect must be resolved
  1  a step failed                 6  held by someone else
  2  usage or definition           7  database unreachable
  3  declined, stopped by a check  124 timeout
  4  an answer is missing          130 Ctrl-C, 143 SIGTERM
"""

Command = Callable[..., Any]


class Verb(click.Command):
    """A command whose help ends with an example."""

    def __init__(self, *args: Any, example: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.example = example

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the example below the options."""
        super().format_epilog(ctx, formatter)
        if self.example:
            with formatter.section("Example"):
                for line in self.example.splitlines():
                    formatter.write_text(line)


class Verbs(Verb, click.Group):
    """A group of verbs, listed in the order of a person's day rather than of the alphabet."""

    command_class = Verb

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Keep the order in which the verbs are defined."""
        return list(self.commands)


def _workbench(ctx: click.Context) -> "Workbench":
    """The project's workbench, closed when the command ends."""
    from .composition.workbench import Workbench

    return ctx.with_resource(Workbench.open(ctx.obj["directory"], REDACTOR))


def _face_options(command: Command) -> Command:
    for option in (
        click.option(
            "--plain", "face", flag_value="plain", help="Numbered lines: for screen readers and bad terminals."
        ),
        click.option("--prompts", "face", flag_value="questions", help="Questionary prompts instead of full screen."),
        click.option("--tui", "face", flag_value="tui", help="Full screen, whatever the terminal says."),
    ):
        command = option(command)
    return command


@click.group(cls=Verbs, invoke_without_command=True, epilog=EXIT_CODES, context_settings={"max_content_width": 100})
@click.version_option(__version__, "--version", prog_name="sensei", message="%(prog)s %(version)s")
@click.option(
    "--debug", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write a log, secrets masked."
)
@click.option(
    "-C", "--directory", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="Work in this folder."
)
@_face_options
@click.pass_context
def sensei(ctx: click.Context, debug: Path | None, directory: Path, face: str | None) -> None:
    """Lead a schema or auth change on PostgreSQL from a question to the database, proven at every step.

    Without a command: ask what you are trying to do, and lead you there.

    \b
    Example
      sensei                     ask, then run the workflow that fits
      sensei run new-table       go straight to a workflow
    """
    debug_log.start(debug, REDACTOR)
    ctx.obj = {"directory": directory, "face": face}
    if ctx.invoked_subcommand is None:
        from .composition.visits import guide

        ctx.exit(guide(directory, REDACTOR, face=face))


@sensei.group(cls=Verbs, invoke_without_command=True, example="sensei practice --fresh")
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
@_face_options
@click.pass_context
def practice(ctx: click.Context, where: Path, fresh: bool, reviewer: str | None, face: str | None) -> None:
    """Practise on a small project with a real embedded PostgreSQL and a practice Bytebase; nothing to install."""
    ctx.obj["practice"] = ctx.obj["directory"] / where
    if ctx.invoked_subcommand is None:
        from .composition.visits import practise

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
    from .practice.files import is_practice
    from .practice.reviewing import review as decide
    from .project.place import find

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


@sensei.command(example="sensei run new-table --answers answers.yaml --set inputs.message='add certificates'")
@click.argument("workflow")
@click.option("--answers", type=click.Path(dir_okay=False, path_type=Path), help="Answers by step, YAML; asks nothing.")
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="One answer; wins over the file.")
@click.option("--record", type=click.Path(dir_okay=False, path_type=Path), help="Write the answers you give to a file.")
@click.option("--dry-run", is_flag=True, help="Show every step, do nothing.")
@_face_options
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
    from .composition import visits

    bench = _workbench(ctx)
    ctx.exit(
        visits.run(
            bench, workflow, answers=answers, pairs=pairs, record=record, dry=dry_run, face=face or ctx.obj["face"]
        )
    )


@sensei.command(example="sensei resume")
@click.argument("run_id", metavar="[RUN]", default="")
@click.option("--answers", type=click.Path(dir_okay=False, path_type=Path), help="Answers by step, YAML; asks nothing.")
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="One answer; wins over the file.")
@click.option("--record", type=click.Path(dir_okay=False, path_type=Path), help="Write the answers you give to a file.")
@click.option("--take-over", is_flag=True, help="Take the run from another machine; this is recorded.")
@_face_options
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
    from .composition import visits

    ctx.exit(
        visits.resume(
            _workbench(ctx),
            run_id,
            answers=answers,
            pairs=pairs,
            record=record,
            take_over=take_over,
            face=face or ctx.obj["face"],
        )
    )


@sensei.command(example="sensei runs")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def runs(ctx: click.Context, as_json: bool) -> None:
    """List the runs of this project, newest first."""
    from .composition import listings

    click.echo(listings.runs(_workbench(ctx), as_json=as_json))


@sensei.command(example="sensei show 7f3a > transcript.md")
@click.argument("run_id", metavar="[RUN]", default="")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def show(ctx: click.Context, run_id: str, as_json: bool) -> None:
    """Print the transcript of a run as Markdown; without RUN, of the newest."""
    from .composition import listings

    click.echo(listings.show(_workbench(ctx), run_id, as_json=as_json))


@sensei.command(example="sensei watch 7f3a")
@click.argument("run_id", metavar="[RUN]", default="")
@click.pass_context
def watch(ctx: click.Context, run_id: str) -> None:
    """Follow a run that somebody else drives; read only."""
    from .composition import visits

    ctx.exit(visits.watch(_workbench(ctx), run_id))


@sensei.command(example="sensei status")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--drift", is_flag=True, help="Also compare models, migrations and database object by object.")
@click.pass_context
def status(ctx: click.Context, as_json: bool, drift: bool) -> None:
    """Say per environment where it stands: heads, pending revisions, unfinished runs, drift."""
    from .composition import listings

    text, code = listings.status(_workbench(ctx), as_json=as_json, drift=drift)
    click.echo(text)
    ctx.exit(code)


@sensei.command(example="sensei rehearse 8c01d2..3f2a91 --env staging --format json")
@click.argument("revisions", metavar="[RANGE]", default="")
@click.option("--env", "environment", help="Rehearse on a copy of this environment's schema; default: the first one.")
@click.option("--scratch", metavar="VARIABLE", help="The variable with the URL of a server for scratch databases.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def rehearse(ctx: click.Context, revisions: str, environment: str | None, scratch: str | None, form: str) -> None:
    """Prove that revisions can be undone: up, down, up on a scratch copy, compared object by object.

    RANGE is REVISION, or OLDER..NEWER; without one, what is pending on the environment. Exit 3 when the way down does
    not lead back.
    """
    from .composition import rehearsing

    bench = _workbench(ctx)
    if scratch:
        bench.equipment.name_scratch(scratch)
    text, code = rehearsing.rehearse(bench, revisions, environment=environment, form=form)
    click.echo(text)
    ctx.exit(code)


@sensei.command(example="sensei init")
@click.option("--force", is_flag=True, help="Write over an existing sensei.yaml.")
@click.option("--print", "only_print", is_flag=True, help="Show the file, write nothing.")
@click.pass_context
def init(ctx: click.Context, force: bool, only_print: bool) -> None:
    """Write sensei.yaml for the project in this folder, from what stands there."""
    from .composition.setup import initialise

    click.echo(initialise(ctx.obj["directory"], force=force, only_print=only_print))


@sensei.command(example="sensei lint workflows/ --format json")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def lint(ctx: click.Context, paths: tuple[Path, ...], form: str) -> None:
    """Check trees and workflows; every problem at once, with file, line and column."""
    from .composition import papers

    text, code = papers.lint(paths, directory=ctx.obj["directory"], form=form)
    click.echo(text)
    ctx.exit(code)


@sensei.command(example="sensei docs docs/guide --check")
@click.argument("where", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--check", is_flag=True, help="Write nothing; exit 3 when the pages in DIR are not what would be written."
)
@click.pass_context
def docs(ctx: click.Context, where: Path, check: bool) -> None:
    """Write the decision tree, the decision matrix and a page per workflow as Markdown with Mermaid."""
    from .composition import papers

    text, code = papers.write_docs(where, directory=ctx.obj["directory"], check=check)
    click.echo(text)
    ctx.exit(code)


@sensei.command(example="sensei review 8c01d2..3f2a91 --env prod --format github")
@click.argument("what", metavar="[REVISIONS|FILE.sql]", default="")
@click.option(
    "--on",
    "setup",
    metavar="SETUP.sql",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The schema a file runs on, made on a scratch database.",
)
@click.option("--env", "environment", help="Judge on a copy of this environment's schema, by the size of its tables.")
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
    from .composition import judging

    asked = judging.Asked(what, setup=setup, environment=environment, scratch=scratch)
    text, code = judging.review(asked, lambda: _workbench(ctx), form=form)
    if text:
        click.echo(text)
    ctx.exit(code)


@sensei.command(example="sensei explain index-blocks-writes")
@click.argument("hazard")
def explain(hazard: str) -> None:
    """Explain a hazard by its id: bad, why, good."""
    from .composition.judging import explain as explained

    click.echo(explained(hazard))


@sensei.group(cls=Verbs, example="sensei bytebase check")
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
    from .composition import bytebase_check

    text, code = bytebase_check.check(_workbench(ctx), form=form)
    click.echo(text)
    ctx.exit(code)


@bytebase.command(example="sensei bytebase predict migration.sql --format json")
@click.argument("file", metavar="FILE.sql", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def predict(ctx: click.Context, file: Path, form: str) -> None:
    """Say what a Bytebase server runs of an SQL file, in which order and how often; exit 3 when not as it reads."""
    from .composition import predicting

    text, code = predicting.predict(file, form=form)
    click.echo(text)
    ctx.exit(code)


@sensei.command(example="sensei meaning \"Can't locate revision identified by '3f2a91'\"")
@click.argument("message", nargs=-1, required=True)
@click.pass_context
def meaning(ctx: click.Context, message: tuple[str, ...]) -> None:
    """Say what an error message means, whether it is dangerous, and what to do now."""
    from .composition import papers

    text, code = papers.explain(" ".join(message), directory=ctx.obj["directory"])
    click.echo(text)
    ctx.exit(code)


@sensei.command(example="sensei schema workflow > workflow.schema.json")
@click.argument("kind", type=click.Choice(["tree", "workflow", "troubleshooting", "project"]))
def schema(kind: str) -> None:
    """Print the JSON Schema of a YAML file, for editors."""
    from .composition.papers import json_schema

    click.echo(json_schema(kind))


@sensei.command(example='eval "$(sensei completion bash)"')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for your shell."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is None:  # pragma: no cover - click knows the three shells of the choice
        raise UsageError(f"No completion for {shell}.", remedy="Use bash, zsh or fish.")
    click.echo(found(sensei, {}, "sensei", "_SENSEI_COMPLETE").source())


def run_verbs() -> int:
    """Read the command line and do what it says; the exit code. Raises what the verbs raise; wrong use is told here."""
    try:
        code = sensei.main(prog_name="sensei", standalone_mode=False)
        return int(code or 0)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return int(ExitCode.INTERRUPTED)
