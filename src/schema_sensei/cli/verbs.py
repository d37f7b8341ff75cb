"""What every verb is made of: its help with an example, the project it works in, the options many share."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from ..terms.secrets import REDACTOR

if TYPE_CHECKING:
    from ..composition.workbench import Workbench

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


def workbench(ctx: click.Context) -> "Workbench":
    """The project's workbench, closed when the command ends."""
    from ..composition.workbench import Workbench

    return ctx.with_resource(Workbench.open(ctx.obj["directory"], REDACTOR))


def face_options(command: Command) -> Command:
    """The three options that choose a front end, as `face`."""
    for option in (
        click.option(
            "--plain", "face", flag_value="plain", help="Numbered lines: for screen readers and bad terminals."
        ),
        click.option("--prompts", "face", flag_value="questions", help="Questionary prompts instead of full screen."),
        click.option("--tui", "face", flag_value="tui", help="Full screen, whatever the terminal says."),
    ):
        command = option(command)
    return command
