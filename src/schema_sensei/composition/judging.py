"""What `sensei review` and `sensei explain` print: the hazards of an SQL file, and the page of one."""

import json
from pathlib import Path

from ..terms.errors import UsageError
from ..terms.exit_codes import ExitCode
from . import places


def review(file: Path, setup: Path | None, *, form: str) -> tuple[str, ExitCode]:
    """The judgement of a file on an embedded scratch database; exit 3 when something blocks."""
    from ..changes.hazards import report
    from ..changes.hazards import review as reviewing
    from ..postgres.embedded import Embedded
    from ..postgres.scratch import Scratch

    text = _read(file)
    ground = None if setup is None else _read(setup)
    with Embedded(places.scratch_server(), disposable=True) as server, Scratch(server).database() as url:
        if ground is not None and setup is not None:
            reviewing.prepare(url, ground, name=str(setup))
        target = "an empty scratch database" if setup is None else f"a scratch database made by {setup}"
        found = reviewing.review(url, text, target=target, name=str(file), bare=setup is None)
    code = ExitCode.DECLINED if found.blocked else ExitCode.DONE
    if form == "json":
        return json.dumps(found.to_json(), indent=2, ensure_ascii=False), code
    return report.text(found), code


def explain(hazard: str) -> str:
    """The page of a hazard as Markdown. Raises UsageError for an unknown id."""
    from ..changes.hazards.pages import page

    return page(hazard).text.rstrip("\n")


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{file} is not UTF-8 text.", remedy="Save it as UTF-8.", where=f"byte {error.start + 1}"
        ) from error
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.", remedy="Name a file that is there.") from error
