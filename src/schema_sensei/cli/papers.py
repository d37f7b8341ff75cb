"""Verbs about what is written: the project file, workflows, their pages, messages and their meaning."""

import sys
from pathlib import Path

import click

from ..terms.errors import UsageError
from .verbs import Verb


@click.command(cls=Verb, example="sensei init")
@click.option("--force", is_flag=True, help="Write over an existing sensei.yaml.")
@click.option("--print", "only_print", is_flag=True, help="Show the file, write nothing.")
@click.pass_context
def init(ctx: click.Context, force: bool, only_print: bool) -> None:
    """Write sensei.yaml for the project in this folder, from what stands there.

    In a terminal it also asks whether a Bytebase server leads to some environments, and offers its databases.
    """
    from ..composition.setup import initialise

    def ask(question: str, enter: str) -> str:
        return str(click.prompt(question, default=enter, show_default=bool(enter), err=True))

    def say(text: str) -> None:
        click.echo(text, err=True)

    terminal = sys.stdin.isatty()
    click.echo(
        initialise(ctx.obj["directory"], force=force, only_print=only_print, ask=ask if terminal else None, say=say)
    )


@click.command(cls=Verb, example="sensei lint workflows/ --format json")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def lint(ctx: click.Context, paths: tuple[Path, ...], form: str) -> None:
    """Check trees and workflows; every problem at once, with file, line and column."""
    from ..composition import papers

    text, code = papers.lint(paths, directory=ctx.obj["directory"], form=form)
    click.echo(text)
    ctx.exit(code)


@click.command(cls=Verb, example="sensei docs docs/guide --check")
@click.argument("where", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--check", is_flag=True, help="Write nothing; exit 3 when the pages in DIR are not what would be written."
)
@click.pass_context
def docs(ctx: click.Context, where: Path, check: bool) -> None:
    """Write the decision tree, the decision matrix and a page per workflow as Markdown with Mermaid."""
    from ..composition import papers

    text, code = papers.write_docs(where, directory=ctx.obj["directory"], check=check)
    click.echo(text)
    ctx.exit(code)


@click.command(cls=Verb, example="sensei meaning \"Can't locate revision identified by '3f2a91'\"")
@click.argument("message", nargs=-1, required=True)
@click.pass_context
def meaning(ctx: click.Context, message: tuple[str, ...]) -> None:
    """Say what an error message means, whether it is dangerous, and what to do now."""
    from ..composition import papers

    text, code = papers.explain(" ".join(message), directory=ctx.obj["directory"])
    click.echo(text)
    ctx.exit(code)


@click.command(cls=Verb, example="sensei schema workflow > workflow.schema.json")
@click.argument("kind", type=click.Choice(["tree", "workflow", "troubleshooting", "project"]))
def schema(kind: str) -> None:
    """Print the JSON Schema of a YAML file, for editors."""
    from ..composition.papers import json_schema

    click.echo(json_schema(kind))


@click.command(cls=Verb, example='eval "$(sensei completion bash)"')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script for your shell."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is None:  # pragma: no cover - click knows the three shells of the choice
        raise UsageError(f"No completion for {shell}.", remedy="Use bash, zsh or fish.")
    click.echo(found(ctx.find_root().command, {}, "sensei", "_SENSEI_COMPLETE").source())
