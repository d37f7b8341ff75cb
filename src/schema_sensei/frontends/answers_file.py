"""The answers file and `--set`: which answer a prompt gets, and by which rule.

    inputs.message: add certificates
    edit: ready                                     # good for the first time this is asked
    review: {answer: approve, rule: "additive and not opaque"}
    test.failed: [retry, stop]                      # one answer per time
    note: [committed, announced]                    # a checklist: the ticked items
    review.not-null-scan: fix                       # what a check found: good every time
    review.index-blocks-writes: {accept: the table is new, rule: "object == 'public.certificates'"}

A key is a prompt's key: the step's id, `step.part`, `inputs.name`. A rule is an expression over the prompt's facts and
must be true; agreements (binding prompts) are refused without one. `accept` answers `accept` and gives the reason that
is asked for next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..definitions.expressions import Expression, ExpressionError, evaluate, parse
from ..definitions.problems import DefinitionError, Problem
from ..definitions.yaml_source import Document, read
from ..engine.errors import Declined, UnfitAnswer
from ..engine.ports import Reply
from ..engine.prompts import Checklist, Choose, Confirm, EnterText, Prompt, Resolve, TypedConfirm
from ..terms.errors import UsageError
from ..terms.json import JsonValue
from .wording import one_line

_PARTS = {"answer", "rule"}
_ACCEPTING = {"accept", "rule"}
REASON = ".reason"
"""Ends the key of the question for the reason of an acceptance."""


@dataclass(frozen=True, slots=True)
class Given:
    """One answer, the rule that must hold for it, and where it was written."""

    value: JsonValue
    rule: Expression | None
    where: str


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers by prompt key; `turns` of a key are its answers time by time."""

    turns: Mapping[str, tuple[Given, ...]]
    file: str = ""

    @classmethod
    def load(cls, path: Path | None, pairs: Sequence[str] = ()) -> "Answers":
        """Read the file, then `--set KEY=VALUE` pairs, which win. Raises UsageError with every problem in its place."""
        turns: dict[str, tuple[Given, ...]] = {}
        if path is not None:
            try:
                content = path.read_bytes()
            except OSError as error:
                raise UsageError(
                    f"The answers file cannot be read: {error.strerror}.", remedy="Name another one.", where=str(path)
                ) from error
            turns.update(_from_document(read(content, str(path))))
        for pair in pairs:
            turns.update(_from_pair(pair))
        return cls(turns, str(path or ""))

    def reply(self, prompt: Prompt, turn: int) -> Reply | None:
        """The answer for the `turn`-th time (from 0) this prompt is asked, or None.

        Raises Declined when its rule does not hold, UnfitAnswer when an agreement comes without a rule.
        """
        given = self._turn(prompt, turn)
        if given is None:
            return None
        value = fitted(prompt, given.value)
        if given.rule is None:
            if prompt.binding and value is not False:
                raise UnfitAnswer(
                    f"The answer for `{prompt.key}` needs a rule: it agrees to something that is not seen yet.",
                    means=facts_words(prompt),
                    remedy=f'Write {prompt.key}: {{answer: {_plain(value)}, rule: "{suggested_rule(prompt)}"}}',
                    where=given.where,
                )
            return Reply(value, by="answers")
        truth = evaluate(given.rule, {**prompt.facts, "digest": prompt.digest, **_target(prompt)})
        if truth is not True:
            found = "is false" if truth is False else "cannot be decided"
            raise Declined(prompt.key, f"its rule {found}: {given.rule.text} ({given.where}). {facts_words(prompt)}")
        return Reply(value, by="answers", rule=given.rule.text)

    def unused(self, used: frozenset[str]) -> tuple[tuple[str, str], ...]:
        """Keys that no prompt asked for, each with its place."""
        keys = (key for key in self.turns if key.removesuffix(REASON) not in self.turns or not key.endswith(REASON))
        return tuple((key, self.turns[key][0].where) for key in keys if self.turns[key] and key not in used)

    def _turn(self, prompt: Prompt, turn: int) -> Given | None:
        turns = self.turns.get(prompt.key, ())
        ticked = [each.value for each in turns]
        if (
            isinstance(prompt, Checklist)
            and ticked not in ([], ["all"])
            and all(isinstance(each, str) for each in ticked)
        ):
            # One list of texts is what is ticked, not one answer per time.
            return Given(ticked, None, turns[0].where) if turn == 0 else None
        if prompt.check and len(turns) == 1:
            return turns[0]
        return turns[turn] if turn < len(turns) else None


def fitted(prompt: Prompt, value: JsonValue) -> JsonValue:
    """The value as the prompt's kind needs it: yes and no for a Confirm, numbers as text for a text."""
    match prompt:
        case Confirm() if value in {"yes", "no"} and isinstance(value, str):
            return value == "yes"
        case EnterText() | TypedConfirm() if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        case Checklist() if value == "all":
            return [item.key for item in prompt.items]
        case _:
            return value


def suggested_rule(prompt: Prompt) -> str:
    """A rule that holds for what was shown: its yes-or-no facts and its names; its digest when it has neither.

    Facts that differ from one run to the next although nothing else does (digests, revision ids) are left out.
    """
    parts: list[str] = []
    for name, fact in prompt.facts.items():
        if isinstance(fact, bool):
            parts.append(name if fact else f"not {name}")
        elif isinstance(fact, list | tuple) and fact and all(isinstance(each, str) for each in fact):
            texts = [str(each) for each in fact]
            if not any(_random(text) for text in texts) and not any("'" in text or "\\" in text for text in texts):
                parts.append(f"{name} == [{', '.join(_quoted(text) for text in texts)}]")
    if prompt.target:
        parts.append(f"target == {_quoted(prompt.target.environment)}")
    return " and ".join(parts) if parts else f"digest == {_quoted(prompt.digest)}"


def facts_words(prompt: Prompt) -> str:
    """The facts a rule may test, with their values."""
    facts = {**prompt.facts, **_target(prompt)}
    if not facts:
        return "A rule may test: digest."
    return "A rule may test: " + ", ".join(f"{name} = {_plain(fact)}" for name, fact in _flat(facts).items())


def _flat(facts: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Facts by the name that a rule gives them: those inside of an object with a dot."""
    found: dict[str, JsonValue] = {}
    for name, fact in facts.items():
        inner = _flat(fact) if isinstance(fact, Mapping) else {"": fact}
        found.update({f"{name}.{each}".rstrip("."): value for each, value in inner.items()})
    return found


def could_be(prompt: Prompt) -> tuple[str, ...]:
    """What could be answered, one line each."""
    match prompt:
        case Choose(options=options) | Resolve(options=options):
            return tuple(f"{option.key}: {option.label}" for option in options)
        case Confirm():
            return (f"true: {prompt.yes}", f"false: {prompt.no}")
        case TypedConfirm():
            return (f"the text {one_line(prompt.expected)}",)
        case EnterText():
            return (prompt.pattern_hint or "a text",)
        case Checklist():
            return ("all", *(f"{item.key}: {item.label}" for item in prompt.items))


def example_line(prompt: Prompt) -> str:
    """The line to add to the answers file."""
    match prompt:
        case Choose() | Resolve():
            value = prompt.default or prompt.options[0].key
        case Confirm():
            value = "true"
        case TypedConfirm():
            value = _quoted(prompt.expected)
        case EnterText():
            value = _quoted(prompt.default or "...")
        case Checklist():
            value = "all"
    if prompt.binding:
        return f'{prompt.key}: {{answer: {value}, rule: "{suggested_rule(prompt)}"}}'
    if prompt.check and isinstance(prompt, Choose) and prompt.default is None:
        return f'{prompt.key}: {{accept: "why it is safe here"}}'
    return f"{prompt.key}: {value}"


def _target(prompt: Prompt) -> dict[str, JsonValue]:
    return {"target": prompt.target.environment} if prompt.target else {}


def _random(text: str) -> bool:
    return len(text) >= 8 and all(char in "0123456789abcdef" for char in text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _plain(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_plain(each) for each in value) + "]"
    return "null" if value is None else one_line(str(value))


def _from_pair(pair: str) -> dict[str, tuple[Given, ...]]:
    key, equals, text = pair.partition("=")
    key = key.strip()
    if not equals or not key:
        raise UsageError(f"--set {pair} has no KEY=VALUE.", remedy="Write for example --set inputs.message='add x'.")
    where = f"--set {key}"
    if text[:1] in "{[\"'" and text:
        document = read(f"{key}: {text}\n".encode(), where)
        return _from_document(document)
    value: JsonValue = {"true": True, "false": False}.get(text, text)
    return {key: (Given(value, None, where),)}


def _from_document(document: Document) -> dict[str, tuple[Given, ...]]:
    problems = list(document.problems)
    turns: dict[str, tuple[Given, ...]] = {}
    if not problems and not isinstance(document.data, Mapping):
        problems.append(document.problem("answers", "answers are keys with values", (), "Write `review: approve`."))
    if isinstance(document.data, Mapping):
        for key, value in document.data.items():
            times: list[tuple[tuple[str | int, ...], JsonValue]] = [((key,), value)]
            if isinstance(value, list | tuple):
                times = [((key, at), each) for at, each in enumerate(value)]
            turns[key] = tuple(_given(document, path, each, problems) for path, each in times)
            reasons = [(path, each["accept"]) for path, each in times if isinstance(each, Mapping) and "accept" in each]
            if reasons:
                turns[key + REASON] = tuple(_given(document, path, each, problems) for path, each in reasons)
    if problems:
        raise DefinitionError("The answers cannot be used.", problems)
    return turns


def _given(document: Document, path: tuple[str | int, ...], value: JsonValue, problems: list[Problem]) -> Given:
    where = f"{document.file}:{document.mark(path)[0]}"
    if not isinstance(value, Mapping):
        if value is None:
            problems.append(document.problem("answers", "an answer is missing here", path, "Write a value."))
        return Given(value, None, where)
    answer = "accept" if "accept" in value else value.get("answer")
    unknown = set(value) - (_ACCEPTING if "accept" in value else _PARTS)
    if unknown or answer is None:
        message = f"unknown: {', '.join(sorted(unknown))}" if unknown else "there is no `answer`"
        problems.append(document.problem("answers", message, path, "An answer is {answer: ..., rule: ...}."))
        return Given(None, None, where)
    rule = value.get("rule")
    if rule is None:
        return Given(answer, None, where)
    try:
        return Given(answer, parse(str(rule)), where)
    except ExpressionError as error:
        message = f"the rule is no expression: {error.message}, at character {error.column}"
        problems.append(document.problem("answers", message, (*path, "rule"), error.hint))
        return Given(None, None, where)
