"""What `sensei` says where there is no project: set one up here, or practise."""

from pathlib import Path

from ..frontends.choose import choose
from ..terms.errors import UsageError
from ..terms.secrets import Redactor


def outside(directory: Path, redactor: Redactor, *, face: str | None) -> int:
    """Offer `init` and `practice`. Raises UsageError when nobody is there to choose."""
    if choose(face) == "answers":
        raise UsageError(
            f"There is no sensei.yaml in {directory.absolute()} or above.",
            remedy="`sensei init` sets this project up; `sensei practice` opens a project to practise on.",
        )
    from ..engine.prompts import Back, Cancelled, Choose, Option, Paused
    from ..frontends.console import Console
    from ..frontends.conversation import Conversation
    from ..frontends.plain import PlainTalk
    from .setup import initialise
    from .visits import guide, practise

    prompt = Choose(
        key="outside",
        question="There is no sensei.yaml here yet. What do you want?",
        why="Sensei keeps what it knows of a project in that file: environments, models, tests. Never a secret.",
        options=(
            Option("practice", "Practise", "a small project with a real PostgreSQL, in ./sensei-practice"),
            Option("init", "Set up this project", f"look around in {directory.absolute()} and write sensei.yaml"),
            Option("leave", "Leave", "nothing is written"),
        ),
        default="practice",
    )
    try:
        answer = Conversation(PlainTalk(Console())).ask(prompt).value
    except (Back, Cancelled, Paused):
        return 0
    match answer:
        case "practice":
            return practise(directory / "sensei-practice", redactor, fresh=False, face=face)
        case "init":
            initialise(directory, force=False, only_print=False)
            return guide(directory, redactor, face=face)
        case _:
            return 0
