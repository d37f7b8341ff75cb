"""The transcript of a run: Markdown for people to keep, JSON for programs; both from the journal, secrets masked.

print(markdown(journal, "7f3a"))
print(json.dumps(as_json(journal, "7f3a"), indent=2))
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..engine.codec import decode_blocks
from ..engine.journal import Journal
from ..engine.records import Entry, RunRecord
from ..terms.json import JsonObject, JsonValue
from .markdown import block_lines, bullet, fence, inline

_TAIL_LINES = 20
_CHECKLIST: Mapping[str, str] = {
    "edit": "models changed",
    "generate": "migration generated",
    "review": "SQL reviewed",
    "deploy": "applied",
    "sync": "state synced",
    "test": "tests passing",
}
"""The checklist of a change by the action that ticks it; a note for the team is this transcript."""


@dataclass(slots=True)
class _Section:
    """One step visit: what was shown last, and what happened in order."""

    step: str
    visit: int
    title: str
    preview: Entry | None = None
    lines: list[str] = field(default_factory=list)
    ending: str = "not finished"


def as_json(journal: Journal, run: str) -> JsonObject:
    """Everything the journal knows of a run: header, standing, every entry, and whether its chain is whole."""
    record = journal.record(run)
    entries = journal.entries(record.header.id)
    return {
        **record.header.to_json(),
        "status": record.status,
        "summary": record.summary,
        "updated_at": record.updated_at,
        "problems": journal.verify(record.header.id),
        "checklist": [{"item": item, "done": done} for item, done in _checklist(record, entries)],
        "entries": [
            {
                "number": entry.number,
                "at": entry.at,
                "kind": entry.kind,
                "step": entry.step,
                "visit": entry.visit,
                "body": entry.body,
                "digest": entry.digest,
            }
            for entry in entries
        ],
        "outputs": {
            f"{step}.{visit}": journal.output_place(record.header.id, step, visit)
            for step, visit in _visits(entries)
            if journal.output_place(record.header.id, step, visit)
        },
    }


def markdown(journal: Journal, run: str) -> str:
    """The transcript as Markdown: header, answers with who and when, steps with times and SQL, the checklist."""
    record = journal.record(run)
    entries = journal.entries(record.header.id)
    lines = [f"# {inline(record.header.title)}", "", *_head(journal, record, entries), ""]
    for section in _sections(record, entries):
        lines += _section_lines(journal, record.header.id, section)
    lines += ["## Checklist", ""]
    lines += [f"- [{'x' if done else ' '}] {item}" for item, done in _checklist(record, entries)]
    return "\n".join(lines) + "\n"


def _head(journal: Journal, record: RunRecord, entries: Sequence[Entry]) -> Iterator[str]:
    header = record.header
    yield bullet("Run", f"{header.id} · workflow `{header.workflow}`")
    if record.subject or header.given.get("message"):
        yield bullet("Subject", inline(record.subject or str(header.given["message"])))
    yield bullet("Started", f"{_when(header.started_at)} by {inline(header.started_by)}")
    yield bullet("Ended" if record.kind == "ended" else "Last entry", _when(record.updated_at))
    yield bullet("Status", inline(f"{record.status}. {record.summary}".rstrip(". ") + "."))
    if header.walk:
        yield bullet("Because", inline(" → ".join(header.walk)))
    if header.parent:
        yield bullet("Goes on from", f"run {header.parent}")
    for name, value in header.given.items():
        yield bullet(f"Given `{name}`", inline(_shown(value)))
    problems = journal.verify(header.id)
    whole = f"{len(entries)} entries, the chain is whole" if not problems else f"BROKEN: {inline('; '.join(problems))}"
    yield bullet("Record", whole)


def _sections(record: RunRecord, entries: Sequence[Entry]) -> list[_Section]:
    titles = {step.id: step.title for step in record.header.outline}
    sections: dict[tuple[str, int], _Section] = {}
    here = ("inputs", 1)
    for entry in entries:
        here = (entry.step, entry.visit) if entry.step else here
        if here not in sections:
            title = titles.get(here[0], "Before the first step")
            sections[here] = _Section(here[0], here[1], title)
        section = sections[here]
        if entry.kind == "previewed":
            section.preview = entry
        section.lines += _entry_lines(entry)
        section.ending = _ending(entry) or section.ending
    return [section for section in sections.values() if section.lines or section.preview or section.step != "inputs"]


def _section_lines(journal: Journal, run: str, section: _Section) -> Iterator[str]:
    again = f" (visit {section.visit})" if section.visit > 1 else ""
    ending = f": {inline(section.ending)}" if section.step != "inputs" else ""
    yield f"## {inline(section.title)}{again}{ending}"
    yield ""
    if section.preview is not None:
        body = section.preview.body
        if body["summary"]:
            yield inline(str(body["summary"]))
            yield ""
        for block in decode_blocks(body["blocks"]):
            yield from block_lines(block)
    yield from section.lines
    if section.lines:
        yield ""
    output = journal.read_output(run, section.step, section.visit).splitlines()
    if output:
        place = journal.output_place(run, section.step, section.visit)
        shown = f"the last {_TAIL_LINES} of {len(output)} lines" if len(output) > _TAIL_LINES else "all of it"
        yield f"Output ({shown}; `{place}`):"
        yield ""
        yield from fence("\n".join(output[-_TAIL_LINES:]), "text")


def _entry_lines(entry: Entry) -> list[str]:
    body, at = entry.body, _when(entry.at)
    match entry.kind:
        case "answered":
            rule = f", by the rule `{body['rule']}`" if body["rule"] else ""
            question = _question(body["prompt"])
            answer = inline(_answer(body["prompt"], body["answer"]))
            return [f"- {at} **{inline(question)}** {answer} ({inline(str(body['by']))}{rule})"]
        case "intended":
            return [f"- {at} begins to act"]
        case "noted":
            return [f"- {at} {inline(str(body['text']))}"]
        case "failed":
            words = " ".join(str(body[key]) for key in ("what", "where", "means", "remedy") if body[key])
            return [f"- {at} **failed**: {inline(words)}"]
        case "retried":
            return [f"- {at} again ({inline(str(body['by']))})"]
        case "finished":
            seconds, summary = body["seconds"], str(body["summary"])
            lines = [f"- {at} **{inline(str(body['outcome']))}** after {_duration(seconds)}{_said(summary)}"]
            blocks = decode_blocks(body["blocks"])
            return [*lines, "", *(line for block in blocks for line in block_lines(block))] if blocks else lines
        case "skipped":
            return [f"- {at} skipped ({inline(str(body['by']))}){_said(str(body['reason']))}"]
        case "undone":
            return [f"- {at} **undone**{_said(str(body['summary']))}"]
        case "not_undone":
            return [f"- {at} not undone{_said(str(body['text']))}"]
        case "back":
            return [f"- {at} back to an earlier answer"]
        case "claimed":
            before = f", after {body['previous']}" if body["previous"] else ""
            how = {"created": "begun", "forced": "taken over on purpose"}.get(str(body["how"]), "taken up")
            return [f"- {at} {how} by {inline(str(body['owner']))}{inline(before)}"]
        case "ended":
            return [f"- {at} {inline(str(body['status']))}{_said(str(body['summary']))}"]
        case "entered" | "previewed" | "kept" | "undoing":
            return []


def _ending(entry: Entry) -> str:
    match entry.kind:
        case "finished":
            return str(entry.body["outcome"])
        case "failed" | "skipped" | "undone":
            return entry.kind
        case _:
            return ""


def _checklist(record: RunRecord, entries: Sequence[Entry]) -> list[tuple[str, bool]]:
    """The life of the change as ticks: an item is done when every step of its action ended well, the last time."""
    last: dict[str, bool] = {}
    for entry in entries:
        if entry.kind in {"finished", "failed", "skipped", "undone", "entered"}:
            last[entry.step] = entry.kind == "finished" and entry.body["outcome"] == "ok"
    items = []
    for action, item in _CHECKLIST.items():
        steps = [step.id for step in record.header.outline if step.action == action]
        if steps:
            items.append((item, all(last.get(step, False) for step in steps)))
    return [*items, ("note for the team: this transcript", record.status == "done")]


def _visits(entries: Sequence[Entry]) -> list[tuple[str, int]]:
    return list(dict.fromkeys((entry.step, entry.visit) for entry in entries if entry.kind == "entered"))


def _question(prompt: JsonValue) -> str:
    return str(prompt["question"]) if isinstance(prompt, Mapping) else ""


def _answer(prompt: JsonValue, answer: JsonValue) -> str:
    """The answer as the person read it: the label of the option that was picked."""
    options = prompt.get("options", ()) if isinstance(prompt, Mapping) else ()
    if isinstance(options, Sequence):
        for each in options:
            if isinstance(each, Mapping) and each.get("key") == answer:
                return str(each["label"])
    return _shown(answer)


def _shown(value: JsonValue) -> str:
    match value:
        case True:
            return "yes"
        case False:
            return "no"
        case list():
            return ", ".join(str(item) for item in value) or "nothing"
        case _:
            return str(value)


def _said(text: str) -> str:
    return f": {inline(text)}" if text else ""


def _duration(seconds: JsonValue) -> str:
    return f"{seconds:.1f} s" if isinstance(seconds, int | float) else "?"


def _when(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
