"""Asks: every answer fits its prompt, is journaled before it is used, and is asked for once."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import assert_never

from ..terms.json import JsonValue
from .codec import decode_prompt, encode
from .errors import UnfitAnswer
from .ledger import Ledger
from .ports import Asker, Reply
from .prompts import Checklist, Choose, Confirm, EnterText, Prompt, Resolve, TypedConfirm
from .redaction import masked


class Questions:
    """Puts prompts to the operator, masked, and remembers the answers in the journal."""

    def __init__(self, ledger: Ledger, asker: Asker) -> None:
        self._ledger = ledger
        self._asker = asker

    def ask(self, step: str, visit: int, prompt: Prompt) -> JsonValue:
        """The answer to what is asked before a step acts; a recorded one serves while the prompt's digest is the same.

        Raises what the asker raises (Back, Paused, Cancelled, Skipped, Interruption) and UnfitAnswer.
        """
        given = self._ledger.state.answer(step, visit, prompt.key)
        if given is not None:
            if given.digest == prompt.digest:
                return given.value
            self._ledger.note(step, visit, "Your earlier answer no longer fits: what is asked about has changed.",
                "warning",
            )  # fmt: skip
        return self.ask_anew(step, visit, prompt, during="preview")

    def ask_in_turn(self, step: str, visit: int, prompt: Prompt, asked: Counter[str]) -> JsonValue:
        """The answer to what an action asks while it performs: the n-th time a key is asked takes its n-th answer."""
        turn = asked[prompt.key]
        asked[prompt.key] += 1
        recorded = [
            given
            for given in self._ledger.state.answers.get((step, visit, prompt.key), [])
            if given.during == "perform"
        ]
        if turn < len(recorded) and recorded[turn].digest == prompt.digest:
            return recorded[turn].value
        return self.ask_anew(step, visit, prompt, during="perform")

    def ask_anew(self, step: str, visit: int, prompt: Prompt, *, during: str) -> JsonValue:
        """Ask whatever is recorded, and journal the answer."""
        shown = decode_prompt(masked(encode(prompt), self._ledger.redactor))
        self._ledger.flush()
        while True:
            self._ledger.check_lease()
            reply = self._asker.ask(shown)
            complaint = unfit(prompt, reply.value)
            if not complaint:
                break
            if reply.by != "person":
                raise UnfitAnswer(
                    f"The answer for `{prompt.key}` does not fit: {complaint}",
                    means="Nothing of this step was done; the run keeps its place.",
                    remedy=f"Correct `{prompt.key}` in the answers, then resume the run.",
                )
            self._ledger.note(step, visit, complaint, "warning")
        return self._record(step, visit, shown, reply, during)

    def _record(self, step: str, visit: int, shown: Prompt, reply: Reply, during: str) -> JsonValue:
        entry = self._ledger.commit(
            "answered", step, visit,
            key=shown.key, answer=reply.value, by=reply.by, rule=reply.rule, digest=shown.digest, prompt=shown,
            during=during,
        )  # fmt: skip
        return entry.body["answer"]


def unfit(prompt: Prompt, answer: JsonValue) -> str:
    """Why an answer does not fit its prompt, in a sentence; empty when it does."""
    match prompt:
        case Choose(options=options) | Resolve(options=options):
            keys = [option.key for option in options]
            return "" if answer in keys else f"{answer!r} is not one of {', '.join(keys)}."
        case Confirm():
            return "" if isinstance(answer, bool) else f"{answer!r} is neither true nor false."
        case TypedConfirm(expected=expected):
            return "" if answer == expected else f"Type {expected!r} word for word."
        case EnterText(pattern=pattern, pattern_hint=hint):
            if not isinstance(answer, str):
                return f"{answer!r} is not a text."
            if pattern and not re.fullmatch(pattern, answer):
                return hint or f"{answer!r} does not match {pattern}."
            return ""
        case Checklist(items=items):
            known = {item.key for item in items}
            if isinstance(answer, str) or not isinstance(answer, Sequence):
                return f"{answer!r} is not a list of items."
            unknown = [str(item) for item in answer if item not in known]
            return f"{', '.join(unknown)}: not in this list." if unknown else ""
        case _:
            assert_never(prompt)
