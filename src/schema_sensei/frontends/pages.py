"""A page of Markdown for people who read it in a terminal: headings, paragraphs and code, nothing interpreted."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Part:
    """A heading without its marks, a paragraph on one line, or code as it is written."""

    kind: Literal["heading", "text", "code"]
    text: str
    language: str = ""


def parts(page: str) -> Iterator[Part]:
    """The parts of a page in order."""
    paragraph: list[str] = []
    code: list[str] | None = None
    language = ""
    for line in page.splitlines():
        if code is not None:
            if line.startswith("```"):
                yield Part("code", "\n".join(code), language)
                code = None
            else:
                code.append(line)
            continue
        if line.startswith(("```", "#")) or not line.strip():
            if paragraph:
                yield Part("text", " ".join(paragraph))
                paragraph = []
            if line.startswith("```"):
                code, language = [], line[3:].strip()
            elif line.strip():
                yield Part("heading", line.lstrip("#").strip())
        else:
            paragraph.append(line.strip())
    if code:
        yield Part("code", "\n".join(code), language)
    if paragraph:
        yield Part("text", " ".join(paragraph))
