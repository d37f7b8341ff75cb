"""Asks for the way through Bytebase while sensei.yaml is made, and offers the projects and databases that are there."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..project.bytebase import BytebaseRoute
from ..project.bytebase_mapping import BytebaseMapping
from ..project.variables import Variables
from ..terms.errors import SenseiError

if TYPE_CHECKING:
    from ..bytebase.client import Client
    from ..bytebase.inventory import Database

Ask = Callable[[str, str], str]
"""A question and the answer that Enter gives; the answer."""
Say = Callable[[str], object]


def ask_mapping(environments: Sequence[str], variables: Variables, ask: Ask, say: Say) -> BytebaseMapping | None:
    """The way that a person chose; None without one, or when the server cannot be asked, which is said."""
    say("A Bytebase server may carry changes to staging and production.")
    url = ask("Its address, https://... (Enter: there is none)", "").strip()
    if not url:
        return None
    account = ask("The account's e-mail, or the variable that holds it", "BYTEBASE_ACCOUNT").strip()
    key = _variable("The variable that holds its key", "BYTEBASE_KEY", ask, say)
    try:
        return _offered(BytebaseRoute(url, "", (), account, key), environments, variables, ask, say)
    except SenseiError as error:
        say(f"{error.what} {error.means}".strip())
        say(f"{error.remedy} Then run `sensei init --force`, or write the way into sensei.yaml yourself.")
        return None


def _offered(
    route: BytebaseRoute, environments: Sequence[str], variables: Variables, ask: Ask, say: Say
) -> BytebaseMapping | None:
    from ..bytebase.client import Client
    from ..bytebase.connection import Connection

    client = Client(Connection(route.address(variables), route.identity(variables)))
    try:
        say(f"This is Bytebase {client.server().version}, and we are {client.me()}.")
        project = _project(client, ask, say)
        if project is None:
            return None
        known = [each for each in client.databases(project) if not each.deleted]
        if not known:
            say(f"{project} has no database there: move yours into it in Bytebase, then `sensei init --force`.")
            return None
        chosen = {name: found for name in environments if (found := _database(name, known, ask, say))}
    finally:
        client.close()
    if not chosen:
        say("No environment goes through Bytebase.")
        return None
    return BytebaseMapping(route.url, project, route.account, route.key, chosen)


def _project(client: "Client", ask: Ask, say: Say) -> str | None:
    projects = [each for each in client.projects() if not each.deleted]
    if not projects:
        say("This account sees no project there: have it granted roles/projectOwner in one.")
        return None
    say("Projects there:")
    names = [f"{each.name} ({each.title})" for each in projects]
    place = _choose("Which one", names, 1, ask, say)
    return projects[(place or 1) - 1].name


def _database(environment: str, known: "Sequence[Database]", ask: Ask, say: Say) -> str:
    """The name of the environment's database, "" for none; the one that is offered has the same environment there."""
    say(f"Databases in the project, for {environment}:")
    names = [f"{each.name} ({each.environment.removeprefix('environments/') or 'no environment'})" for each in known]
    alike = [n for n, each in enumerate(known, 1) if each.environment.removeprefix("environments/") == environment]
    place = _choose(f"Which one is {environment} (0: none)", names, alike[0] if len(alike) == 1 else 0, ask, say)
    return known[place - 1].name if place else ""


def _choose(question: str, names: Sequence[str], offered: int, ask: Ask, say: Say) -> int:
    """The number of a choice, from 1; 0 for none."""
    for number, name in enumerate(names, 1):
        say(f"  {number}  {name}")
    while True:
        answer = ask(question, str(offered)).strip()
        if answer.isdigit() and int(answer) <= len(names):
            return int(answer)
        say(f"Type a number from 0 to {len(names)}.")


def _variable(question: str, offered: str, ask: Ask, say: Say) -> str:
    while True:
        answer = ask(question, offered).strip()
        if answer.isidentifier():
            return answer
        say("That is no name of a variable. The key itself stands in the environment or the env file, never here.")
