"""The review for a person's eyes: worst first, each with its cure; what was cleared, and why, at the end."""

from collections.abc import Iterator

from .model import LEVELS, Hazard, Review

_MARK = {"blocks": "✗", "danger": "!", "advice": "·"}


def text(review: Review) -> str:
    """Plain text, as `sensei review` prints it."""
    lines = [f"Reviewed on {review.target}, digest {review.digest[:12]}."]
    for each in review.hazards:
        lines += ["", *(_cleared(each) if each.cleared else _standing(each))]
    counts = [
        f"{sum(each.level == level and not each.cleared for each in review.hazards)} {word}"
        for level, word in zip(LEVELS, ("blocking", "dangerous", "advice"), strict=True)
    ]
    cleared = sum(each.cleared for each in review.hazards)
    return "\n".join([*lines, "", f"{', '.join(counts)}; {cleared} cleared on the copy."])


def _standing(hazard: Hazard) -> Iterator[str]:
    about = f" on {hazard.object}" if hazard.object else ""
    yield f"{_MARK[hazard.level]} {hazard.level}: {hazard.id}{about}, line {hazard.line}"
    yield f"    {_first_line(hazard.statement)}"
    seen = [f"{hazard.lock} lock" if hazard.lock else "", f"stops {hazard.stops}" if hazard.stops else ""]
    if hazard.rows is not None and hazard.size is not None:
        seen.append(f"{hazard.rows} rows, {hazard.size} bytes on the copy")
    if any(seen):
        yield f"  {', '.join(part for part in seen if part)}"
    yield f"  {hazard.why}"
    yield from (f"  {line}".rstrip() for line in hazard.safer.splitlines() if not line.startswith("```"))


def _cleared(hazard: Hazard) -> Iterator[str]:
    yield f"✓ cleared: {hazard.id}, line {hazard.line}"
    yield f"    {_first_line(hazard.statement)}"
    yield f"  {hazard.reason}"


def _first_line(statement: str) -> str:
    first, rest, _ = statement.partition("\n")
    return f"{first} …" if rest else first
