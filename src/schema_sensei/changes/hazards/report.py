"""The review for a person's eyes: worst first, each with its cure; at the end what was accepted or cleared."""

from collections.abc import Iterator

from .model import LEVELS, Hazard, Review
from .sizing import count, in_bytes

_MARK = {"blocks": "✗", "danger": "!", "advice": "·"}


def text(review: Review) -> str:
    """Plain text, as `sensei review` prints it."""
    lines = [f"Reviewed on {review.target}, digest {review.digest[:12]}."]
    lines += [f"  {each}" for each in review.notes]
    for each in review.hazards:
        lines += ["", *(_cleared(each) if each.cleared else _accepted(each) if each.accepted else _standing(each))]
    return "\n".join([*lines, "", f"{summary(review)}."])


def summary(review: Review) -> str:
    """One line of counts: `1 blocking, 0 dangerous, 2 advice; 1 accepted, 1 cleared on the copy`."""
    counts = [
        f"{sum(each.level == level and each.standing for each in review.hazards)} {word}"
        for level, word in zip(LEVELS, ("blocking", "dangerous", "advice"), strict=True)
    ]
    accepted = sum(bool(each.accepted) for each in review.hazards)
    cleared = sum(each.cleared for each in review.hazards)
    taken = f"{accepted} accepted, " if accepted else ""
    return f"{', '.join(counts)}; {taken}{cleared} cleared on the copy"


def seen(hazard: Hazard) -> str:
    """The lock, whom it stops, the table's rows and bytes, and for how long; empty when nothing is known."""
    parts = [f"{hazard.lock} lock" if hazard.lock else "", f"stops {hazard.stops}" if hazard.stops else ""]
    if hazard.rows is not None and hazard.size is not None:
        parts.append(f"{count(hazard.rows)}, {in_bytes(hazard.size)}{f' on {hazard.real}' if hazard.real else ''}")
    parts.append(f"for {hazard.lasts}" if hazard.lasts and hazard.stops else "")
    return ", ".join(part for part in parts if part)


def _standing(hazard: Hazard) -> Iterator[str]:
    about = f" on {hazard.object}" if hazard.object else ""
    yield f"{_MARK[hazard.level]} {hazard.level}: {hazard.id}{about}, {_place(hazard)}"
    yield f"    {_first_line(hazard.statement)}"
    if seen(hazard):
        yield f"  {seen(hazard)}"
    yield f"  {hazard.why}"
    yield from (f"  {line}".rstrip() for line in hazard.safer.splitlines() if not line.startswith("```"))


def _accepted(hazard: Hazard) -> Iterator[str]:
    yield f"✓ accepted: {hazard.id}{f' on {hazard.object}' if hazard.object else ''}, {_place(hazard)}"
    yield f"    {_first_line(hazard.statement)}"
    yield f"  because {hazard.accepted}"


def _cleared(hazard: Hazard) -> Iterator[str]:
    yield f"✓ cleared: {hazard.id}, {_place(hazard)}"
    yield f"    {_first_line(hazard.statement)}"
    yield f"  {hazard.reason}"


def _place(hazard: Hazard) -> str:
    return f"revision {hazard.revision}" if hazard.revision else f"line {hazard.line}"


def _first_line(statement: str) -> str:
    first, rest, _ = statement.partition("\n")
    return f"{first} …" if rest else first
