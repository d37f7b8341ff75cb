"""What `sensei` prints or writes about definitions: lint, documentation, schemas, the meaning of a message."""

from collections.abc import Sequence
from pathlib import Path

from ..actions.signatures import signatures
from ..definitions.library import Library
from ..project import config
from ..terms.errors import SenseiError
from ..terms.exit_codes import ExitCode
from ..terms.secrets import REDACTOR
from . import places


def lint(paths: Sequence[Path], *, directory: Path, form: str) -> tuple[str, ExitCode]:
    """Every problem in the paths; without paths, in the bundled workflows, the project's file and its own workflows.

    A folder with a sensei.yaml stands for that file and for the workflows that it names.
    """
    from ..definitions import report
    from ..definitions.contents import bundled_directory, contents
    from ..definitions.lint import check

    found = config.find(directory)
    asked = tuple(paths) or (bundled_directory(), *((found,) if found else ()))
    projects, files = list[Path](), list[Path]()
    for path in asked:
        if path.name == config.FILE_NAME or (path / config.FILE_NAME).is_file():
            file = path if path.name == config.FILE_NAME else path / config.FILE_NAME
            projects.append(file)
            files += _own(file)
        else:
            files.append(path)
    problems = tuple(problem for file in projects for problem in config.check(file))
    problems += check(files, signatures()) if files else ()
    code = ExitCode.USAGE if problems else ExitCode.DONE
    if form == "json":
        return report.as_json(problems), code
    # A line is shown as it stands in the file, where somebody may have written a password.
    return REDACTOR.mask(report.text(problems, len(projects) + len(contents(files)))), code


def write_docs(where: Path, *, directory: Path, check: bool) -> tuple[str, ExitCode]:
    """Write every page below `where`, or only compare. Raises SenseiError when a page cannot be written."""
    from ..guide.render import docs

    pages = docs(_library(directory), signatures())
    stale = [name for name, text in pages.items() if not _is(where / name, text)]
    if check:
        if not stale:
            return f"{len(pages)} pages are as the workflows say.", ExitCode.DONE
        return "\n".join(["Not as the workflows say:", *(f"  {name}" for name in stale)]), ExitCode.DECLINED
    for name in stale:
        _write(where / name, pages[name])
    return f"{len(pages)} pages in {where}, {len(stale)} of them new or changed.", ExitCode.DONE


def explain(message: str, *, directory: Path) -> tuple[str, ExitCode]:
    """What a message means and what to do now; exit 1 when nobody has written about it yet."""
    from ..definitions.troubleshooting import look_up

    found = look_up(_library(directory).troubles, message)
    if not found:
        hint = "Try the words of the database's own message; entries are in workflows/troubleshooting.yaml."
        return f"Nothing is known about this message.\n  {hint}", ExitCode.FAILED
    parts = []
    for each in found[:3]:
        lines = [f"{'!' if each.dangerous else '·'} {each.title}{'  (dangerous)' if each.dangerous else ''}"]
        lines += [f"  {line}" for line in (*each.means.splitlines(), *each.remedy.splitlines())]
        lines += [f"  Workflow: sensei run {each.workflow}"] if each.workflow else []
        parts.append("\n".join(lines))
    return "\n\n".join(parts), ExitCode.DONE


def json_schema(kind: str) -> str:
    """The JSON Schema of one kind of file."""
    from ..definitions.jsonschema import schema
    from ..project.schema import text

    match kind:
        case "project":
            return text().rstrip("\n")
        case "tree" | "workflow" | "troubleshooting":
            return schema(kind).rstrip("\n")
        case _:
            raise AssertionError(kind)


def _own(file: Path) -> tuple[Path, ...]:
    """The project's own workflows; none while its file is wrong."""
    try:
        project = config.load(file)
    except config.ConfigError:
        return ()
    return (project.workflows,) if project.workflows else ()


def _library(directory: Path) -> Library:
    found = config.find(directory)
    return Library.load(_own(found) if found else (), cache=places.cache())


def _is(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SenseiError(
            f"The page cannot be written: {error.strerror}.", where=str(path), remedy="Name a folder you may write."
        ) from None
