"""A scratch copy that stands where a change begins: a real environment's schema, or a replay of the migrations."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from ..gates.position import shown
from ..migrations.history import History
from ..postgres import schema_copy
from ..postgres.schema_copy import MissingExtensionError, UnreadableTargetError
from ..terms.errors import SenseiError, UnreachableError
from ..terms.secrets import Secret
from .replayed import replayed
from .revisions import history, settings
from .services import Services
from .whereabouts import version_table


@dataclass(frozen=True)
class Standing:
    """The copy's URL, a confined login, and what it stands for in words.

    `sizes` are the (rows, bytes) by table of the environment called `real`, None for a replay; `version` is its
    server's. `notes` say what the copy lacks, or why it is only a replay.
    """

    url: Secret
    words: str
    sizes: Mapping[str, tuple[int, int]] | None = None
    real: str = ""
    version: int = 0
    notes: tuple[str, ...] = ()


@contextmanager
def standing(
    services: Services,
    heads: tuple[str, ...],
    environment: str | None,
    *,
    checkpoint: Callable[[], None] = lambda: None,
) -> Iterator[Standing]:
    """A copy at `heads`, of the environment's schema where that can be read, else a replay with a note that says so.

    Raises MigrationError when neither can be had, ScratchError and UnreachableError for the scratch server's sake,
    UsageError for an environment that is not described right.
    """
    known = history(services)
    with ExitStack() as stack:
        found, why = None, ""
        if environment is not None:
            found, why = _copy(services, known, heads, environment, stack, checkpoint)
        if found is None:
            url = stack.enter_context(replayed(services, known, heads))
            notes = (f"{why}: the migrations are replayed instead, and how many rows there are is not known.",)
            found = Standing(url, f"a scratch copy at {shown(heads)}", notes=notes if why else ())
        yield found


def _copy(
    services: Services,
    known: History,
    heads: tuple[str, ...],
    environment: str,
    stack: ExitStack,
    checkpoint: Callable[[], None],
) -> tuple[Standing | None, str]:
    """The copy of an environment at `heads`, or None and why there is none."""
    target = services.project.target(environment, services.environ)
    table = version_table(settings(services))
    try:
        original = schema_copy.read(target.url, table, label=target.label)
    except UnreachableError as error:
        return None, f"{environment} cannot be read ({_short(error)})"
    beyond = set(known.ancestors(original.heads)) - set(known.ancestors(heads))
    if known.unknown(original.heads) or beyond:
        return None, f"{environment} stands at {shown(original.heads)}, which is not on the way to {shown(heads)}"
    try:
        copy = stack.enter_context(
            schema_copy.copied(
                services.scratch(), target.url, table, original, label=target.label, checkpoint=checkpoint
            )
        )
    except (MissingExtensionError, UnreadableTargetError) as error:
        return None, f"{environment} cannot be copied ({_short(error)})"
    notes = copy.notes
    if set(original.heads) != set(heads):
        services.migrations().upgrade(copy.url, heads)
        notes = (*notes, f"{environment} stands at {shown(original.heads)}; the copy was brought to {shown(heads)}.")
    words = f"a copy of the schema of {target.label} at {shown(heads)}"
    return Standing(copy.url, words, original.sizes, environment, original.server_version, notes), ""


def _short(error: SenseiError) -> str:
    return error.what.rstrip(".")
