"""Answers as protobuf's JSON has them: zero values are left out, 64-bit integers are strings, times end with Z."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from .refusals import invalid

Body: TypeAlias = dict[str, Any]


def lean(body: Mapping[str, Any]) -> Body:
    """The message without its zero values, at every depth. An empty message that is set stays, as it does there."""
    return {name: _lean(value) for name, value in body.items() if not _zero(value)}


def now() -> str:
    """This instant as a timestamp."""
    return stamp(datetime.now(UTC))


def stamp(moment: datetime) -> str:
    """A moment as a timestamp with microseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def snake(name: str) -> str:
    """A JSON name as update masks write it."""
    return re.sub(r"[A-Z]", lambda letter: "_" + letter[0].lower(), name)


def page(rows: list[Body], query: Mapping[str, str], name: str, show: Callable[[Body], Body] = lambda row: row) -> Body:
    """One page of a list: ten rows unless asked for more, a thousand at most; tokens count rows."""
    size = _whole(query.get("pageSize") or query.get("page_size"))
    size = 10 if size <= 0 else min(size, 1000)
    token = query.get("pageToken") or query.get("page_token") or ""
    start = _offset(token)
    body: Body = {name: [show(row) for row in rows[start : start + size]]}
    if len(rows) > start + size:
        body["nextPageToken"] = base64.b64encode(_varint(1, size) + _varint(2, start + size)).decode()
    return lean(body)


def _zero(value: Any) -> bool:
    return value is None or value is False or value in ("", 0) or value == []


def _lean(value: Any) -> Any:
    if isinstance(value, Mapping):
        return lean(value)
    if isinstance(value, list):
        return [_lean(each) for each in value]
    return value


def _whole(text: str | None) -> int:
    try:
        return int(text or 0)
    except ValueError:
        raise invalid(f'parsing field "page_size": strconv.ParseInt: parsing "{text}": invalid syntax') from None


def _varint(field: int, value: int) -> bytes:
    out = [field << 3]
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _offset(token: str) -> int:
    """The offset in a page token, which is a message of two numbers: limit, offset. Raises Refusal."""
    try:
        raw = base64.b64decode(token, validate=True)
    except binascii.Error:
        raise invalid(f'failed to parse limit and offset: invalid page token "{token}"') from None
    fields: dict[int, int] = {}
    field = value = shift = 0
    for byte in raw:
        if not field:
            field = byte >> 3
            continue
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            fields[field] = value
            field = value = shift = 0
    return fields.get(2, 0)
