"""Reads YAML the strict way: plain data with the position of every key and value, or problems; never an exception.

JSON-like scalars (`no`, `010` and `1:30` are texts), no anchors, aliases, tags or merge keys, no duplicate keys, one
document, bounded size and depth. Built on the parser's events, so that a hostile file cannot exhaust the stack.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import yaml

from ..terms.json import JsonValue
from .problems import Problem

MAX_BYTES: Final = 4_000_000
MAX_DEPTH: Final = 32
MAX_NODES: Final = 400_000
MAX_PROBLEMS: Final = 100

Path: TypeAlias = tuple[str | int, ...]
Mark: TypeAlias = tuple[int, int]
"""Line and column, 1-based."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,17})", re.ASCII)
_FLOAT = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d{1,18})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
_WORDS: Final[dict[str, JsonValue]] = {"": None, "~": None, "null": None, "true": True, "false": False}
_UNREADABLE = re.compile("[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNPRINTABLE = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]")
"""Control characters could repaint a terminal, bidirectional overrides make text read otherwise than it runs."""


@dataclass(slots=True)
class Document:
    """One file: its data, and where each value (`values`) and each key (`keys`) stands, by path from the root."""

    file: str
    text: str
    data: JsonValue = None
    values: dict[Path, Mark] = field(default_factory=dict)
    keys: dict[Path, Mark] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unread: tuple[int, int] | None = None
    """First and last line (1-based) of what the parser stumbled over; None when it came to the end."""

    @property
    def digest(self) -> str:
        """The sha256 of the text (UTF-8, line ends as \\n), in hex."""
        return digest(self.text)

    def mark(self, path: Path, *, key: bool = False) -> Mark:
        """Where the value (or key) at a path stands; the closest ancestor's place when the path is not there."""
        for length in range(len(path), -1, -1):
            at = path[:length]
            if key and at in self.keys:
                return self.keys[at]
            if at in self.values:
                return self.values[at]
        return (1, 1)

    def mark_within(self, path: Path, column: int) -> Mark:
        """Where the given column (1-based) of the text at a path stands; of a text over several lines, its start."""
        line, start = self.mark(path)
        lines = self.text.split("\n")
        opening = lines[line - 1][start - 1 : start] if line <= len(lines) else ""
        if opening in ("|", ">"):
            return line, start
        place = start + (opening in ("'", '"')) + column - 1
        return line, min(place, len(lines[line - 1]) + 1)

    def problem(self, code: str, message: str, path: Path, hint: str = "", *, key: bool = False) -> Problem:
        """A problem at a path."""
        line, column = self.mark(path, key=key)
        return Problem(self.file, line, column, code, message, hint)


def digest(text: str) -> str:
    """The sha256 by which a definition's text is pinned, cached and trusted, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def read(content: bytes, file: str) -> Document:
    """The document in these bytes; `problems` tells what is wrong, and `data` is what could be read nevertheless."""
    text, problems = _decode(content, file)
    return Document(file, text, problems=problems) if problems else parse(text, file)


def parse(text: str, file: str) -> Document:
    """The document in a text without control characters."""
    document = Document(file, text)
    builder = _Builder(document)
    try:
        builder.build(yaml.parse(text, Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        document.problems.append(_syntax_problem(document, error, builder.quoted))
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        document.problems.append(document.problem("yaml-syntax", f"not readable as YAML: {error}"[:200], ()))
        document.unread = (1, text.count("\n") + 1)
    return document


def _decode(content: bytes, file: str) -> tuple[str, list[Problem]]:
    if len(content) > MAX_BYTES:
        hint = "Split it into several files."
        return "", [Problem(file, 1, 1, "too-big", f"the file has more than {MAX_BYTES // 1_000_000} MB", hint)]
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        line, column = _place(before, len(before))
        byte = content[error.start]
        message = f"byte 0x{byte:02x} is not UTF-8"
        return before, [Problem(file, line, column, "not-utf8", message, "Save the file as UTF-8.")]
    bad = _UNREADABLE.search(text)
    if bad:
        line, column = _place(text, bad.start())
        message = f"character U+{ord(bad.group()):04X} cannot stand in YAML"
        return text, [Problem(file, line, column, "not-text", message, "Remove it; is this a binary file?")]
    return text, []


def _place(text: str, index: int) -> Mark:
    before = text[:index]
    return before.count("\n") + 1, index - before.rfind("\n")


def _syntax_problem(document: Document, error: yaml.MarkedYAMLError, quoted: tuple[Mark, int] | None) -> Problem:
    """What the parser says; a quote that is not closed where it should be is told where it begins.

    `quoted` is where the value read last begins and its last line, when it is quoted and stands on several lines.
    """
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    context, start = error.context or "", _one_based(error.context_mark)
    if start and "quoted scalar" in context:  # it goes on to the end of the file
        quoted = start, line
    if quoted and quoted[1] == line:
        document.unread = (quoted[0][0], quoted[0][0])
        hint = "Close it before the end of its line."
        return Problem(document.file, *quoted[0], "yaml-syntax", "the quote that begins here is not closed", hint)
    document.unread = (line, line)
    bracket = _line(document, start[0])[start[1] - 1 : start[1]] if start and "flow" in context else ""
    if start and bracket in _CLOSING:
        document.unread = (start[0], line)
        if _indent(document, line) <= _indent(document, start[0]):  # what stands there was not meant to be in it
            document.unread = (start[0], start[0])
            hint = f"Close it with {_CLOSING[bracket]} before line {line}."
            return Problem(document.file, *start, "yaml-syntax", f"the {bracket} that begins here is not closed", hint)
    message = " ".join(str(part) for part in (error.context, error.problem) if part) or "not readable as YAML"
    content = _line(document, line)
    hint = "Compare the indentation and quotes here with the lines above."
    if "\t" in content[: len(content) - len(content.lstrip())] or content[column - 1 : column] == "\t":
        hint = "YAML is indented with spaces, never with tabs."
    elif ": " in content[column:] or content.count(": ") > 1:
        hint = "A text that contains `: ` must be quoted."
    elif content[column - 1 : column] in ("@", "`", "%", "*", "&", "{", "["):
        hint = f"A text that begins with {content[column - 1]} must be quoted."
    return Problem(document.file, line, column, "yaml-syntax", f"not readable as YAML: {message}", hint)


_CLOSING: Final = {"{": "}", "[": "]"}


def _one_based(mark: Any) -> Mark | None:
    return (mark.line + 1, mark.column + 1) if mark else None


def _line(document: Document, number: int) -> str:
    lines = document.text.split("\n")
    return lines[number - 1] if number <= len(lines) else ""


def _indent(document: Document, number: int) -> int:
    line = _line(document, number)
    return len(line) - len(line.lstrip())


class _Full(Exception):
    """There is no point in reading on."""


@dataclass(slots=True)
class _Frame:
    """A list or mapping being read; `key` is the pending key of a mapping, `skip` that its value is thrown away."""

    container: Any
    path: Path
    key: str | None = None
    skip: bool = False


class _Builder:
    """Turns parser events into data, iteratively."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.frames: list[_Frame] = []
        self.nodes = 0
        self.documents = 0
        self.quoted: tuple[Mark, int] | None = None
        """Where the value read last begins and on which line it ends, when it is quoted and stands on several lines."""

    def build(self, events: Iterator[Any]) -> None:
        try:
            for event in events:
                self.take(event)
        except _Full:
            pass
        if not self.document.problems and self.documents == 0:
            self.report((1, 1), "empty", "the file is empty", "Write a definition, or remove the file.")

    def take(self, event: Any) -> None:
        mark = (event.start_mark.line + 1, event.start_mark.column + 1)
        match event:
            case yaml.DocumentStartEvent():
                self.documents += 1
                if self.documents > 1:
                    self.report(mark, "several-documents", "a second document begins here", "One file, one definition.")
                    raise _Full
            case yaml.AliasEvent():
                self.report(mark, "alias", f"*{event.anchor} refers to an anchor", "Write the value out.")
                self.place(None, mark, scalar=True)
            case yaml.ScalarEvent():
                last = event.end_mark.line + 1 if event.end_mark else mark[0]
                self.quoted = (mark, last) if event.style in ('"', "'") and last > mark[0] else None
                self.check(event, mark)
                self.place(self.scalar(event, mark), mark, scalar=True)
            case yaml.SequenceStartEvent():
                self.check(event, mark)
                self.open([], mark)
            case yaml.MappingStartEvent():
                self.check(event, mark)
                self.open({}, mark)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                self.frames.pop()
            case _:
                pass

    def report(self, mark: Mark, code: str, message: str, hint: str) -> None:
        self.document.problems.append(Problem(self.document.file, *mark, code, message, hint))
        if len(self.document.problems) >= MAX_PROBLEMS:
            raise _Full

    def check(self, event: Any, mark: Mark) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self.report(mark, "too-big", f"the file has more than {MAX_NODES} values", "Split it into several files.")
            raise _Full
        if event.anchor is not None:
            self.report(mark, "anchor", f"&{event.anchor} is an anchor", "Anchors are not allowed; write values out.")
        if event.tag is not None:
            self.report(mark, "tag", f"{event.tag} is a tag", "Tags are not allowed; write the plain value.")

    def scalar(self, event: Any, mark: Mark) -> JsonValue:
        text: str = event.value
        if not event.style:  # libyaml says "", the Python parser None, for a plain scalar
            if text in _WORDS:
                return _WORDS[text]
            if _INTEGER.fullmatch(text):
                return int(text)
            if _FLOAT.fullmatch(text):
                return float(text)
        bad = _UNPRINTABLE.search(text)
        if bad:
            message = f"the text contains the control character U+{ord(bad.group()):04X}"
            self.report(mark, "control-character", message, "Remove it: texts are shown as they stand.")
            return _UNPRINTABLE.sub("?", text)
        return text

    def open(self, container: Any, mark: Mark) -> None:
        if len(self.frames) >= MAX_DEPTH:
            self.report(mark, "too-deep", f"nested more than {MAX_DEPTH} levels deep", "No definition needs this.")
            raise _Full
        self.frames.append(_Frame(container, self.place(container, mark)))

    def place(self, value: Any, mark: Mark, *, scalar: bool = False) -> Path:
        """Put a value where it belongs; its path."""
        if not self.frames:
            self.document.data = value
            self.document.values[()] = mark
            return ()
        frame = self.frames[-1]
        if isinstance(frame.container, list):
            path: Path = (*frame.path, len(frame.container))
            frame.container.append(value)
        elif frame.key is None and not frame.skip:
            return self.take_key(frame, value, mark, scalar=scalar)
        else:
            path = (*frame.path, frame.key or "?")
            if frame.skip:
                frame.skip = False
                return path
            frame.container[frame.key] = value
            frame.key = None
        self.document.values[path] = mark
        return path

    def take_key(self, frame: _Frame, value: Any, mark: Mark, *, scalar: bool) -> Path:
        path = (*frame.path, str(value))
        if not scalar or not isinstance(value, str):
            shown = "a list or mapping" if not scalar else "null" if value is None else str(value).lower()
            self.report(mark, "key-not-text", f"{shown} is no key", "A key is a word; quote it if it is meant as text.")
            frame.skip = True
        elif value in frame.container:
            first = self.document.keys[path][0]
            message = f"`{value[:60]}` stands here twice, first on line {first}"
            self.report(mark, "duplicate-key", message, "Keep one of them.")
            frame.skip = True
        else:
            frame.key = value
            self.document.keys[path] = mark
        return path
