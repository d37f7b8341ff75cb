"""The variables that hold URLs: this process's environment first, then the project's env file, each with its source."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..terms.errors import UsageError

_LINE = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?P<value>.*?)\s*")
_COMMENT = re.compile(r"\s+#.*")
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "$": "$"}


class EnvFileError(UsageError):
    """The env file cannot be read; the message quotes no line of it."""


class MissingVariableError(UsageError):
    """A variable that sensei.yaml names is not set, or empty."""


@dataclass(frozen=True)
class Variables(Mapping[str, str]):
    """Variables by name; what the real environment sets wins over the files."""

    environment: Mapping[str, str]
    filed: Mapping[str, str]
    files: tuple[str, ...] = ()

    @classmethod
    def of(cls, environ: Mapping[str, str] | None = None, env_file: Path | None = None) -> "Variables":
        """The variables of `environ` (default: this process's), and of an env file that may be missing."""
        own = os.environ if environ is None else environ
        if env_file is None:
            return cls(own, {})
        return cls(own, read_env_file(env_file) if env_file.exists() else {}, (env_file.name,))

    def source(self, name: str) -> str:
        """Where the value comes from, for messages: the variable's name, and the file if it stands in one."""
        if name in self.environment or name not in self.filed:
            return name
        return f"{name} ({', '.join(self.files)})"

    def __getitem__(self, name: str) -> str:
        return self.environment[name] if name in self.environment else self.filed[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self.filed, **self.environment})

    def __len__(self) -> int:
        return len({**self.filed, **self.environment})

    def __repr__(self) -> str:
        return f"Variables({len(self)} names)"  # values hold passwords


def read_env_file(path: Path) -> dict[str, str]:
    """The variables of a file of NAME=VALUE lines: # comments, `export`, 'literal' and "escaped" values.

    Nothing is expanded: $ and backticks stay what they are. Raises EnvFileError.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise EnvFileError(
            f"{path.name} cannot be read: {reason}.",
            remedy="Correct the file, or remove env_file from sensei.yaml and set the variables yourself.",
            where=str(path),
        ) from None
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        value = _value(match["value"]) if match else None
        if match is None or value is None:
            raise EnvFileError(
                f"Line {number} of {path.name} is not NAME=VALUE.",
                means="The line is not shown, since it may hold a password.",
                remedy="Write one NAME=VALUE a line; a quoted value ends with the quote it began with.",
                where=f"{path}:{number}",
            )
        found[match["name"]] = value
    return found


def _value(raw: str) -> str | None:
    quote = raw[:1]
    if quote not in {"'", '"'}:
        return _COMMENT.sub("", f" {raw}").strip()
    body = r"[^']*" if quote == "'" else r'(?:[^"\\]|\\.)*'
    match = re.fullmatch(rf"{quote}(?P<inside>{body}){quote}\s*(?:#.*)?", raw)
    if match is None:
        return None
    if quote == "'":
        return match["inside"]
    return re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[0]), match["inside"])
