"""What travels between us and the worker processes: JSON frames, and our own frozen dataclasses in them.

Not pickle: whatever the project's code leaves in a result, the reader gets texts, numbers, and the classes named here.
"""

import dataclasses
import json
import struct
from collections.abc import Callable, Mapping
from pathlib import Path, PosixPath, WindowsPath
from typing import Any, TypeAlias

from . import errors
from .errors import MigrationError
from .generated import Abrupt, Caution, Generated, Operation, Rename, Shape, Waiting
from .history import History, Problem, Revision
from .layout import Layout
from .settings import Settings
from .survey import Survey
from .unit import Unit

Message: TypeAlias = dict[str, Any]
"""One frame's content; its shape is checked by decoding into dataclasses, not by its type."""

_HEADER = struct.Struct("!I")
_RECORDS: Mapping[str, Callable[..., Any]] = {
    each.__name__: each
    for each in (
        *(Abrupt, Caution, Generated, Operation, Rename, Shape, Waiting),
        *(History, Problem, Revision, Layout, Settings, Survey, Unit),
    )
}
_PATHS = (Path, PosixPath, WindowsPath)


def pack(message: Message) -> bytes:
    """One frame: four bytes of length, then JSON."""
    body = json.dumps(message, default=_encode, separators=(",", ":")).encode()
    return _HEADER.pack(len(body)) + body


class Frames:
    """Puts the frames of a byte stream together, however it was cut."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """The frames that are complete with these bytes."""
        self._buffer += data
        complete = []
        while len(self._buffer) >= _HEADER.size:
            (length,) = _HEADER.unpack_from(self._buffer)
            end = _HEADER.size + length
            if len(self._buffer) < end:
                break
            complete.append(json.loads(self._buffer[_HEADER.size : end], object_hook=_decode))
            del self._buffer[:end]
        return complete


def freeze(value: Any) -> Any:
    """The value with every list in it turned into a tuple, as our frozen dataclasses hold them."""
    return tuple(freeze(item) for item in value) if isinstance(value, list) else value


def _encode(value: object) -> Message:
    if isinstance(value, MigrationError):
        parts = ("what", "means", "remedy", "where", "revision", "output")
        return {"@error": type(value).__name__, **{part: getattr(value, part) for part in parts}}
    if isinstance(value, _PATHS):
        return {"@path": str(value)}
    if dataclasses.is_dataclass(value) and type(value).__name__ in _RECORDS:
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {"@record": type(value).__name__, **fields}
    raise TypeError(f"{type(value).__name__} does not travel")


def _decode(data: Message) -> Any:
    if "@path" in data:
        return Path(data["@path"])
    if "@record" in data:
        record = _RECORDS[data.pop("@record")]
        return record(**{name: freeze(value) for name, value in data.items()})
    if "@error" in data:
        kind = getattr(errors, data.pop("@error"))
        return kind(data.pop("what"), **data)
    return data
