"""The `sensei` command: each verb parses, chooses, calls and exits."""

from pathlib import Path

import click

from .. import __version__, debug_log
from ..terms.exit_codes import ExitCode
from ..terms.secrets import REDACTOR
from . import backups, bytebase, judging, papers, practising, running, standing
from .verbs import Verbs, face_options

EXIT_CODES = """\b
Exit codes
  0  done                          5  an interrupted effect must be resolved
  1  a step failed                 6  held by someone else
  2  usage or definition           7  database unreachable
  3  declined, stopped by a check  124 timeout
  4  an answer is missing          130 Ctrl-C, 143 SIGTERM
"""


@click.group(cls=Verbs, invoke_without_command=True, epilog=EXIT_CODES, context_settings={"max_content_width": 100})
@click.version_option(__version__, "--version", prog_name="sensei", message="%(prog)s %(version)s")
@click.option(
    "--debug", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write a log, secrets masked."
)
@click.option(
    "-C", "--directory", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="Work in this folder."
)
@face_options
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
        from ..composition.visits import guide

        ctx.exit(guide(directory, REDACTOR, face=face))


for _verb in (
    practising.practice,
    running.run,
    running.resume,
    running.runs,
    running.show,
    running.watch,
    standing.status,
    standing.drift,
    standing.pull,
    judging.rehearse,
    backups.backup,
    backups.backups,
    backups.restore,
    papers.init,
    papers.lint,
    papers.docs,
    judging.review,
    judging.explain,
    bytebase.bytebase,
    papers.meaning,
    papers.schema,
    papers.completion,
):
    sensei.add_command(_verb)


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
