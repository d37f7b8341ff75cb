"""Reads on after what is not YAML: leaves out the lines that are broken, so that the rest of a file is checked, too."""

from dataclasses import replace
from typing import Final

from .problems import Problem
from .yaml_source import MAX_PROBLEMS, Document, Mark, parse

MOST: Final = 20
"""Broken places that are told of one file; behind so many, whatever is found is a consequence of them."""


def read_on(document: Document) -> tuple[Document, tuple[range, ...]]:
    """The document without its broken lines, every problem of YAML included, and the lines (1-based) left out."""
    problems, gaps = list(document.problems), list[range]()
    lines = document.text.split("\n")
    current = document
    while current.unread is not None and len(gaps) < MOST and len(problems) < MAX_PROBLEMS:
        first, last = (min(number, len(lines)) for number in current.unread)
        gap = _block(lines, first, last)
        head = lines[gap.start - 1]
        kept = head[: _indent(head) + 1] if _is_item(head) and _goes_on(lines, gap) else ""
        lines[gap.start - 1 : gap.stop - 1] = [kept, *[""] * (len(gap) - 1)]
        gaps.append(gap)
        current = parse("\n".join(lines), document.file)
        problems += [each for each in current.problems if not _known(each, problems)]
    # Where values stand is that of the text as it is now: lines are emptied, never removed.
    return replace(current, text=document.text, problems=problems), tuple(gaps)


def parts_left_out(document: Document, gaps: tuple[range, ...]) -> frozenset[str]:
    """The keys of the document itself that lines were left out of."""
    lines = document.text.split("\n")
    return frozenset(
        next(
            (
                line.split(":")[0].strip("'\" ")
                for line in reversed(lines[: gap.start])
                if line.strip() and line[0] not in " -#"
            ),
            "",
        )
        for gap in gaps
    )


def left_out_below(document: Document, line: int, gaps: tuple[range, ...]) -> bool:
    """Whether the first thing below a line (1-based) was left out: what seems empty there was not."""
    lines = document.text.split("\n")
    return any(
        gap.start > line and not any(each.split("#")[0].strip() for each in lines[line : gap.start - 1]) for gap in gaps
    )


def missing_there(document: Document, owner: Mark, gaps: tuple[range, ...], name: str = "") -> bool:
    """Whether lines were left out of what stands at `owner`: what it lacks may be on them, `name` if they have it."""
    lines = document.text.split("\n")
    start, column = owner
    for gap in gaps:
        inside = gap.start >= start and all(
            _indent(line) >= column - 1 for line in lines[start : gap.start] if line.strip()
        )
        if inside and any(name in lines[number - 1] for number in gap):
            return True
    return False


def _block(lines: list[str], first: int, last: int) -> range:
    """The broken lines, and those below them that only these give a meaning."""
    head, end = lines[first - 1], last
    if not lines[last - 1].split(" #")[0].rstrip().endswith((":", "|", ">", "|-", ">-")):
        return range(first, last + 1)
    for number in range(last + 1, len(lines) + 1):
        line = lines[number - 1]
        item = _is_item(line) and not _is_item(head)  # a list may stand as far left as the key that holds it
        if line.strip() and _indent(line) < _indent(head) + (not item):
            break
        end = number
    return range(first, end + 1)


def _goes_on(lines: list[str], gap: range) -> bool:
    """Whether more keys of the same item stand below."""
    below = next((line for line in lines[gap.stop - 1 :] if line.strip()), "")
    return _indent(below) > _indent(lines[gap.start - 1])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _is_item(line: str) -> bool:
    return line.lstrip().startswith("- ")


def _known(problem: Problem, problems: list[Problem]) -> bool:
    """The same file read again tells the same again, and that it is empty when all of it was left out."""
    return problem in problems or problem.code == "empty"
