"""The question about one hazard: take the safer way, correct it by hand, accept it with a reason, or turn back."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..changes.hazards.model import Hazard
from ..changes.hazards.pages import page
from ..changes.hazards.report import seen
from ..engine.prompts import Block, Choose, EnterText, Option, Prose, Stakes
from . import editor as editors
from .remedies import Remedy
from .verdict import Verdict, card, summary


@dataclass(frozen=True, slots=True)
class HazardQuestion:
    """What is asked about a hazard, what is asked next when it is accepted, and where it could be removed."""

    hazard: Hazard
    remedy: Remedy | None
    prompt: Choose
    reason: EnterText


def ask(
    step: str, verdict: Verdict, hazard: Hazard, there: Remedy | None, *, editor: bool, environ: Mapping[str, str]
) -> HazardQuestion:
    """The question, bound to this hazard in this text; `editor` says that there is a terminal for one."""
    about = page(hazard.id)
    options = tuple(_options(hazard, there, editors.name(environ) if editor else ""))
    key = f"{step}.{hazard.id}"
    digest = hashlib.sha256(f"{verdict.change.digest} {hazard.key}".encode()).hexdigest()
    place = f" on {hazard.object}" if hazard.object else ""
    facts = {
        "hazard": hazard.id,
        "level": hazard.level,
        "object": hazard.object,
        "statement": hazard.statement,
        "lock": hazard.lock,
        "rows": hazard.rows,
        "size": hazard.size,
        "fixable": there is not None and there.cure is not None,
    }
    first = options[0].key
    return HazardQuestion(
        hazard,
        there,
        Choose(
            key=key,
            question=f"{hazard.id}{place}: what now?",
            why="Nothing that blocks is approved as it is: take the safer way, or say why it is safe here.",
            page=about.text,
            blocks=(*card(hazard, _by_machine(there)), *_others(verdict, hazard)),
            stakes=Stakes(
                does=_does(verdict, hazard),
                costs=seen(hazard) or "see below",
                back="every answer can be given again until you approve",
            ),
            facts=facts,
            digest=digest,
            check=True,
            options=options,
            default=first if first in {"fix", "open"} else None,
        ),
        EnterText(
            key=f"{key}.reason",
            question=f"Why is {hazard.id}{place} safe here?",
            why="Whoever reads the record later must know why it was safe. It is shown again before each deploy.",
            page=about.text,
            blocks=card(hazard),
            facts=facts,
            pattern=r"\s*\S.{1,400}\S\s*",
            pattern_hint="3 to 400 characters, on one line",
            digest=digest,
            check=True,
        ),
    )


def _options(hazard: Hazard, there: Remedy | None, editor: str) -> Iterator[Option]:
    if there is not None and there.cure is not None:
        yield Option("fix", "Take the safer SQL", "the revision file is changed, then judged again", "good")
    if there is not None and editor:
        yield Option("open", f"Open it in {editor}", f"at line {there.line}, the safer text copied")
    yield Option("accept", "Accept it, with a reason", "kept in the record, and shown at each deploy", "warning")
    if hazard.level != "blocks":
        yield Option("leave", "Leave it", "neither accepted nor changed")
    yield Option("edit", "Edit again", "back to the models")
    yield Option("stop", "Stop here", "nothing is approved")


def _by_machine(there: Remedy | None) -> str:
    if there is None:
        return ""
    place = f"{there.name}, line {there.line}"
    return f"In {place}. Taken by machine: {there.cure.words}." if there.cure else f"In {place}."


def _does(verdict: Verdict, hazard: Hazard) -> str:
    same = verdict.open(hazard.level)
    word = "blocks" if hazard.level == "blocks" else "is dangerous"
    return (
        f"Settles the only one that {word}" if len(same) == 1 else f"Settles one; {len(same) - 1} more {_more(hazard)}"
    )


def _more(hazard: Hazard) -> str:
    return "to settle" if hazard.level == "blocks" else "to look at"


def _others(verdict: Verdict, hazard: Hazard) -> Iterator[Block]:
    """The other open hazards in a line each, so that nobody decides on one without knowing of the rest."""
    others = [each for each in verdict.open("blocks", "danger") if each.key != hazard.key]
    if others:
        yield Prose("\n".join(f"Also: {summary(each).partition(chr(10))[0]}" for each in others), "quiet")
