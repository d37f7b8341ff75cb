"""Verdict: what the judge says of a change and what people have accepted, as the blocks and facts of a question."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..changes.acceptance import Acceptance
from ..changes.change import Change
from ..changes.hazards.model import LEVELS, Hazard, Level, Review
from ..changes.hazards.pages import page
from ..changes.hazards.report import seen
from ..changes.hazards.report import summary as counts
from ..engine.prompts import Block, Code, Prose, Table, Tone
from ..terms.json import JsonObject

_TONES: Mapping[Level, Tone] = {"blocks": "danger", "danger": "warning", "advice": "quiet"}
_MOST_NAMED = 4
"""Objects of one kind of advice that are named; the others are counted."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The change as it is now and its review; `doubt` says why there is none, `refused` that the SQL fails on a copy.

    `cured` are hazards that were there before.
    """

    change: Change
    review: Review | None
    doubt: str = ""
    refused: bool = False
    cured: tuple[Hazard, ...] = ()

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        """Every hazard, the worst first, with what people accepted."""
        if self.review is None:
            return ()
        return self.review.accept(self._reasons).hazards

    @property
    def _reasons(self) -> dict[str, str]:
        return {each.key: each.reason for each in self.change.accepted}

    @property
    def acceptances(self) -> tuple[Acceptance, ...]:
        """What was accepted and is still there: an acceptance is void when its statement changes."""
        there = {each.key for each in self.hazards if each.accepted}
        return tuple(each for each in self.change.accepted if each.key in there)

    @property
    def worth_a_look(self) -> bool:
        """Whether there is more to tell than advice."""
        return self.review is None or any(each.level != "advice" or not each.standing for each in self.hazards)

    def open(self, *levels: Level) -> tuple[Hazard, ...]:
        """The hazards of these levels that are neither cleared nor accepted."""
        return tuple(each for each in self.hazards if each.standing and each.level in levels)

    @property
    def facts(self) -> JsonObject:
        """What a rule may test: how many of each level are open, and their ids; null where nothing judged."""
        if self.review is None:
            unknown = dict.fromkeys((*LEVELS, "accepted", "cleared", "ids"))
            return {"judged": False, "refused": self.refused, **unknown}
        return {
            "judged": True,
            "refused": False,
            **{level: len(self.open(level)) for level in LEVELS},
            "accepted": sum(bool(each.accepted) for each in self.hazards),
            "cleared": sum(each.cleared for each in self.hazards),
            "ids": list(dict.fromkeys(each.id for each in self.open(*LEVELS))),
        }

    def blocks(self) -> Iterator[Block]:
        """The merged list, the worst first: what stands, what was accepted, what the copy cleared."""
        if self.review is None:
            if self.refused:
                yield Prose(f"FAILS  {self.doubt} It would fail on an environment like it, too.", "danger")
            else:
                yield Prose(f"NOT JUDGED  Nobody has looked for hazards. {self.doubt}", "warning")
            return
        if self.worth_a_look:
            yield Prose(f"Hazards: {counts(self.review.accept(self._reasons))}.")
        for each in self.open("blocks", "danger"):
            yield Prose(summary(each), _TONES[each.level])
        advice = tuple(_advice(self.open("advice")))
        if advice:
            yield Prose("\n".join(advice), "quiet")
        for each in self.cured:
            yield Prose(
                f"CURED  {each.id}{f' · {each.object}' if each.object else ''}: the safer way was taken", "good"
            )
        for each in self.hazards:
            if each.accepted or each.cleared:
                yield Prose(summary(each), "good")
        if not self.hazards:
            yield Prose(f"No hazards: it ran on {self.review.target}.", "good")
        for note in self.review.notes:
            yield Prose(note, "quiet")

    def record(self) -> tuple[Block, ...]:
        """What became of each hazard, for the record; empty when none was worse than advice."""
        rows = [
            (each.level, each.id, each.object, _became(each))
            for each in self.hazards
            if each.level != "advice" or each.accepted
        ]
        rows += [(each.level, each.id, each.object, "cured: the safer way was taken") for each in self.cured]
        return (Table(("level", "hazard", "on", "what became of it"), tuple(rows), title="Hazards"),) if rows else ()


def summary(hazard: Hazard) -> str:
    """A hazard in a line or two: its level in a word, its title, its object, what it holds up; or why it is none."""
    about = f" · {hazard.object}" if hazard.object else ""
    if hazard.cleared:
        return f"CLEARED  {hazard.id}{about}: {hazard.reason}"
    if hazard.accepted:
        return f"ACCEPTED  {hazard.id}{about}: {hazard.accepted}"
    cost = seen(hazard)
    return f"{hazard.level.upper()}  {page(hazard.id).title}{about}" + (f"\n{_capital(cost)}" if cost else "")


def card(hazard: Hazard, by_machine: str = "") -> tuple[Block, ...]:
    """All about one hazard but its cost: what it is, why, the statement, and the safer text to take along.

    `by_machine` says what a machine would do about it.
    """
    return (
        Prose(summary(hazard).partition("\n")[0], _TONES[hazard.level]),
        Prose("\n".join(part for part in (hazard.why, by_machine) if part)),
        Code(hazard.statement, title="Statement"),
        *_safer(hazard.safer),
    )


def _safer(text: str) -> Iterator[Block]:
    """The cure: prose and fenced SQL as the page has them."""
    words, fence, rest = text.partition("```sql\n")
    if words.strip():
        yield Prose(f"Safer: {' '.join(words.split())}")
    if fence:
        code, _, more = rest.partition("\n```")
        yield Code(code, title="" if words.strip() else "Safer", offered=True)
        yield from _safer(more)


def safer_code(hazard: Hazard) -> str:
    """The safer text alone, ready to paste."""
    return "\n".join(each.text for each in _safer(hazard.safer) if isinstance(each, Code))


def _advice(hazards: tuple[Hazard, ...]) -> Iterator[str]:
    """One line for each kind of advice."""
    objects: dict[str, list[str]] = {}
    for each in hazards:
        objects.setdefault(each.id, []).append(each.object)
    for name, found in objects.items():
        named = [each for each in dict.fromkeys(found) if each]
        more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
        about = f" · {', '.join(named[:_MOST_NAMED])}{more}" if named else ""
        yield f"ADVICE  {page(name).title}{about}"


def _became(hazard: Hazard) -> str:
    if hazard.cleared:
        return f"cleared: {hazard.reason}"
    return f"accepted: {hazard.accepted}" if hazard.accepted else "open"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
