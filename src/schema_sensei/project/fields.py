"""Reads typed values out of a YAML document, noting each problem with its place."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from ..definitions.problems import Problem, did_you_mean
from ..definitions.yaml_source import Document
from ..terms.json import JsonValue

Place = tuple[str | int, ...]
Command = tuple[str, ...] | str
_T = TypeVar("_T")

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class Fields:
    """One pass over a document; `problems` fills up on the way. Paths start at `root`."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self.root = Path()

    def _variable(self, value: JsonValue, place: Place) -> str | None:
        if isinstance(value, str) and ("://" in value or "@" in value or "password=" in value):
            self._note(
                "url-not-variable",
                "a URL must not stand here; it would be committed with its password",
                place,
                "Put it in an environment variable or the env file, and write the variable's name here. "
                "If this was committed, change the password.",
            )
            return None
        text = self._text(value, place)
        if text is not None and text.startswith("$"):
            hint = f"Write {text.strip('${}')[:60]}"
            self._note("variable-name", "the variable's name stands without $", place, hint)
            return None
        if text is not None and not VARIABLE.fullmatch(text):
            self._note("variable-name", "this is no name of a variable", place, "For example DATABASE_URL.")
            return None
        return text

    def _text(self, value: JsonValue, place: Place) -> str | None:
        if isinstance(value, str) and value.strip():
            return value
        self._wrong(place, "a text", value)
        return None

    def _boolean(self, value: JsonValue, place: Place) -> bool | None:
        if isinstance(value, bool):
            return value
        self._wrong(place, "true or false", value)
        return None

    def _texts(self, value: JsonValue, place: Place) -> tuple[str, ...] | None:
        if isinstance(value, str) and value.strip():
            return (value,)
        if not isinstance(value, list):
            self._wrong(place, "a text or a list of texts", value)
            return None
        texts = [self._text(each, (*place, index)) for index, each in enumerate(value)]
        return tuple(text for text in texts if text is not None)

    def _command(self, value: JsonValue, place: Place) -> Command | None:
        if isinstance(value, str):
            return self._text(value, place)
        arguments = self._texts(value, place)
        if arguments == ():
            self._note("empty-command", "the command is empty", place, "Write it, or remove the key.")
        return arguments

    def _optional(
        self,
        fields: Mapping[str, JsonValue],
        key: str,
        read: Callable[[JsonValue, Place], _T],
        place: Place = (),
    ) -> _T | None:
        return read(fields[key], (*place, key)) if key in fields else None

    def _mapping(
        self, value: JsonValue, place: Place, known: Mapping[str, str] | tuple[str, ...], what: str
    ) -> Mapping[str, JsonValue]:
        if not isinstance(value, dict):
            self._wrong(place, "a mapping (key: value)", value)
            return {}
        for key in value:
            if key not in known:
                hint = did_you_mean(key, known)
                self._note("unknown-key", f"{what} has no key `{key[:60]}`", (*place, key), hint, key=True)
        return {key: entry for key, entry in value.items() if key in known}

    def _wrong(self, place: Place, wanted: str, found: JsonValue) -> None:
        match found:
            case None:
                kind = "nothing"
            case bool():
                kind = "true or false"
            case int() | float():
                kind = "a number"
            case str():
                kind = "a text" if found.strip() else "an empty text"
            case dict():
                kind = "a mapping"
            case _:
                kind = "a list"
        self._note("wrong-type", f"{wanted} belongs here, not {kind}", place)

    def _note(self, code: str, message: str, place: Place, hint: str = "", *, key: bool = False) -> None:
        self.problems.append(self.document.problem(code, message, place, hint, key=key))
