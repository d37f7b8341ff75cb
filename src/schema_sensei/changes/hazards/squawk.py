"""Asks squawk about one transaction: what each statement might do, from its syntax alone."""

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, files
from importlib.resources import as_file
from importlib.resources import files as resources
from pathlib import Path

from ...terms.errors import SenseiError
from .statements import Statement
from .transactions import Transaction

_PATIENCE = 60.0
"""Seconds; squawk takes milliseconds."""


class SquawkError(SenseiError):
    """The linter is missing or broken."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """One of squawk's findings: its rule, its words, and the statement it stands on."""

    rule: str
    message: str
    statement: Statement


def lint(transaction: Transaction, *, server_version: int) -> tuple[Doubt, ...]:
    """Squawk's findings on one transaction, in order; `server_version` is libpq's number (180004 is 18.4).

    Comments are blanked, so that a suppression written there has no say. Raises SquawkError.
    """
    starts: list[tuple[int, Statement]] = []
    lines = 0
    for statement in transaction.statements:
        starts.append((lines, statement))
        lines += statement.bare.count("\n") + 2
    text = "".join(f"{each.bare}\n;\n" for each in transaction.statements)
    found: list[Doubt] = []
    for each in _run(text, alone=transaction.alone, version=server_version):
        rule, line = str(each["rule_name"]), int(str(each["line"]))
        owner = [statement for start, statement in starts if start <= line]
        if owner and rule != "syntax-error":  # PostgreSQL itself is asked what parses
            found.append(Doubt(rule, str(each["message"]), owner[-1]))
    return tuple(found)


def _run(text: str, *, alone: bool, version: int) -> Iterable[dict[str, object]]:
    with as_file(resources(__package__).joinpath("squawk.toml")) as config:
        try:
            done = subprocess.run(
                [
                    str(_program()),
                    "-c",
                    str(config),
                    "--reporter",
                    "json",
                    "--pg-version",
                    f"{version // 10000}.{version % 10000}",
                    "--no-assume-in-transaction" if alone else "--assume-in-transaction",
                ],
                input=text.encode(),
                capture_output=True,
                timeout=_PATIENCE,
                check=False,
            )
            findings = json.loads(done.stdout or b"[]") if done.returncode in {0, 1} else None
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            raise _broken(str(error)) from error
    if not isinstance(findings, list):
        raise _broken(done.stderr.decode(errors="replace").strip())
    return findings


def _broken(words: str) -> SquawkError:
    return SquawkError(
        "The linter squawk does not work.",
        means=words,
        remedy="Install it again: python -m pip install --force-reinstall squawk-cli",
    )


@cache
def _program() -> Path:
    """The binary that the package squawk-cli brought, wherever it was installed."""
    try:
        listed = files("squawk-cli") or []
    except PackageNotFoundError:
        listed = []
    for each in listed:
        if each.name in {"squawk", "squawk.exe"}:
            return Path(str(each.locate())).resolve()
    raise _broken("The package squawk-cli is missing or incomplete.")
