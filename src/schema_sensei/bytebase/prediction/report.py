"""A prediction for a person's eyes: what runs, transaction by transaction, then what is wrong and how to write it."""

from collections.abc import Iterator

from ...terms.counting import counted
from .model import Execution, Finding, Prediction


def text(prediction: Prediction) -> str:
    """Plain text, as `sensei bytebase predict` prints it."""
    lines = list(_executions(prediction.executions))
    for each in prediction.why:
        lines += ["", *_finding(each)]
    return "\n".join([*lines, "", _verdict(prediction)])


def _executions(executions: tuple[Execution, ...]) -> Iterator[str]:
    if not executions:
        yield "The server runs nothing of it."
        return
    yield "The server runs, in this order:"
    sent: set[int] = set()
    inside = False
    for number, each in enumerate(executions, 1):
        if each.transaction != inside:
            yield "     BEGIN" if each.transaction else "     COMMIT"
        inside = each.transaction
        first, *rest = _lines(each.sql)
        again = "  (again)" if each.start in sent else ""
        yield f"{number:>4} {first}{again}"
        yield from (f"     {line}" for line in rest)
        sent.add(each.start)
    if inside:
        yield "     COMMIT"


def _finding(finding: Finding) -> Iterator[str]:
    first, *rest = _lines(finding.statement)
    yield f"✗ {first}{' …' if rest else ''}"
    yield f"  {finding.reason}"
    yield "  Instead:"
    yield from (f"    {line}" for line in _lines(finding.cure))


def _verdict(prediction: Prediction) -> str:
    if prediction.faithful:
        return "Faithful: it runs as it reads."
    return f"Not faithful: {counted(len(prediction.why), 'finding')}. Do not send it as it stands."


def _lines(sql: str) -> list[str]:
    return sql.strip().splitlines() or [""]
