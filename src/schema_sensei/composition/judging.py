"""What `sensei review` and `sensei explain` print: the hazards of revisions or of an SQL file, and the page of one."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..terms.errors import UsageError
from ..terms.exit_codes import ExitCode
from ..terms.secrets import REDACTOR, Secret
from . import places, ranges

if TYPE_CHECKING:
    from ..changes.hazards.model import Review
    from ..changes.hazards.review import Ground
    from ..postgres.scratch import Scratch
    from .workbench import Workbench

Bench = Callable[[], "Workbench"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What to judge: a range of revisions, or a file; on what; and where scratch databases are made."""

    what: str
    setup: Path | None = None
    environment: str | None = None
    scratch: str | None = None

    @property
    def file(self) -> Path | None:
        """The SQL file, if it is one."""
        path = Path(self.what)
        return path if self.what and (path.suffix.lower() == ".sql" or path.is_file()) else None


def review(asked: Asked, bench: Bench, *, form: str) -> tuple[str, tuple[str, ...], ExitCode]:
    """The judgement in one of the forms, notes that have no place in it, and exit 3 when something blocks.

    Raises UsageError and what judging raises.
    """
    if asked.setup is not None and (asked.environment is not None or asked.file is None):
        raise UsageError(
            "--on makes the schema that a file runs on.",
            remedy="Name a file, and either --on SETUP.sql or --env ENVIRONMENT.",
        )
    found = _of_revisions(asked, bench) if asked.file is None else _of_file(asked, asked.file, bench)
    code = ExitCode.DECLINED if found is not None and found.blocked else ExitCode.DONE
    return _shown(found, asked, form), () if found is None or form == "text" else found.notes, code


def explain(hazard: str) -> str:
    """The page of a hazard as Markdown. Raises UsageError for an unknown id."""
    from ..changes.hazards.pages import page

    return page(hazard).text.rstrip("\n")


def _shown(found: "Review | None", asked: Asked, form: str) -> str:
    from ..changes.hazards import formats, report
    from ..changes.hazards.model import Review, digest

    if found is None and form == "text":
        return f"Nothing is pending on {asked.environment}: nothing to review."
    found = found or Review((), f"nothing pending on {asked.environment}", digest(""))
    match form:
        case "json":
            return formats.as_json(found)
        case "github":
            return formats.github(found)
        case "gitlab":
            return formats.gitlab(found)
        case _:
            return report.text(found)


def _of_revisions(asked: Asked, bench: Bench) -> "Review | None":
    """None when nothing is pending."""
    from ..actions.judged import judged
    from ..actions.revisions import drawn, history
    from ..changes.nature import Nature

    if not asked.what and asked.environment is None:
        raise UsageError(
            "There is nothing to review.",
            remedy="Name revisions, a file, or --env ENVIRONMENT for what is pending there: sensei review --env prod",
        )
    opened = _opened(asked, bench)
    services = opened.equipment.services(None)
    known = history(services)
    if asked.what:
        base, heads = ranges.named(known, asked.what, verb="review")
    else:
        base, heads = ranges.pending(services, known, str(asked.environment))
    if not set(heads) - set(base):
        return None
    change = drawn(services, base=base, heads=heads, message=asked.what, nature=Nature())
    return judged(services, change, asked.environment)


def _of_file(asked: Asked, file: Path, bench: Bench) -> "Review":
    from ..changes.hazards import plan
    from ..changes.hazards.review import judge

    planned = plan.of_text(_read(file), name=str(file))
    ground = _on_environment(asked, bench) if asked.environment else _on_setup(asked)
    with ground as there:
        return judge(planned, there)


@contextmanager
def _on_environment(asked: Asked, bench: Bench) -> Iterator["Ground"]:
    from ..changes.hazards.review import Ground
    from ..postgres import schema_copy
    from ..postgres.version_table import VersionTable

    opened = _opened(asked, bench)
    services = opened.equipment.services(None)
    target = services.project.target(str(asked.environment), services.environ)
    original = schema_copy.read(target.url, VersionTable(), label=target.label)
    with schema_copy.copied(services.scratch(), target.url, VersionTable(), original, label=target.label) as copy:
        yield Ground(
            copy.url,
            f"a copy of the schema of {target.label}",
            sizes=original.sizes,
            real=target.environment.name,
            version=original.server_version,
            notes=copy.notes,
        )


@contextmanager
def _on_setup(asked: Asked) -> Iterator["Ground"]:
    from ..changes.hazards import review as reviewing
    from ..changes.hazards.review import Ground

    ground = None if asked.setup is None else _read(asked.setup)
    target = "an empty scratch database" if asked.setup is None else f"a scratch database made by {asked.setup}"
    with _scratch(asked) as scratch, scratch.database(confined=True) as url:
        if ground is not None:
            reviewing.prepare(url, ground, name=str(asked.setup))
        yield Ground(url, target, bare=ground is None)


@contextmanager
def _scratch(asked: Asked) -> Iterator["Scratch"]:
    """The server that was named, or the embedded one while the block runs."""
    from ..postgres.embedded import Embedded
    from ..postgres.scratch import Scratch

    if asked.scratch is None:
        with Embedded(places.scratch_server(), disposable=True) as server:
            yield Scratch(server)
        return
    from .equipment import learn_password

    url = os.environ.get(asked.scratch, "").strip()
    if not url:
        raise UsageError(
            f"{asked.scratch} is not set; it holds the URL of the server for scratch databases.",
            remedy=f"Set it, or leave out --scratch {asked.scratch} to use the embedded server.",
        )
    learn_password(REDACTOR, url)
    yield Scratch(Secret(url))


def _opened(asked: Asked, bench: Bench) -> "Workbench":
    opened = bench()
    if asked.scratch:
        opened.equipment.name_scratch(asked.scratch)
    opened.equipment.serve()
    return opened


def _read(file: Path) -> str:
    try:
        text = file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{file} is not UTF-8 text.", remedy="Save it as UTF-8.", where=f"byte {error.start + 1}"
        ) from error
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.", remedy="Name a file that is there.") from error
    if "\0" in text:
        raise UsageError(f"{file} holds a NUL byte: it is no SQL.", remedy="Save it as plain UTF-8 text.")
    return text
