"""What a journal holds: runs, their owners and leases, and the chain of entries.

Every entry's digest covers the entry and the digest before it; the first covers the run's header. Whoever changes,
removes or adds a row without the chain is found by `verify`.
"""

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, TypeAlias

from ..terms.json import JsonObject, JsonValue
from .events import RunStatus, StepOutline

EntryKind: TypeAlias = Literal[
    "claimed", "entered", "previewed", "answered", "intended", "kept", "noted", "failed", "retried", "finished",
    "skipped", "undoing", "undone", "not_undone", "back", "ended",
]  # fmt: skip
Claim: TypeAlias = Literal["created", "released", "dead", "expired", "forced"]


@dataclass(frozen=True, slots=True)
class Owner:
    """A process that works on a run: alive or dead can be told on the same machine, boot and pid namespace."""

    host: str
    boot: str
    namespace: str
    pid: int
    started: str
    user: str

    def __str__(self) -> str:
        return f"{self.user}@{self.host} (process {self.pid})"


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """A station in the life of the change, and the steps whose success reaches it (none: draft and done)."""

    name: str
    steps: tuple[str, ...] = ()
    protected: bool = False

    def to_json(self) -> JsonObject:
        """As a journal holds it: `steps` only where one `step` does not say it all."""
        several: JsonObject = {"steps": list(self.steps)} if len(self.steps) > 1 else {}
        return {"name": self.name, "step": next(iter(self.steps), None), "protected": self.protected, **several}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "PlannedStage":
        """What `to_json` wrote."""
        steps = data.get("steps") or [each for each in (data["step"],) if each is not None]
        return cls(data["name"], tuple(steps), data["protected"])


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHeader:
    """What a run is, fixed when it starts; `text` is the workflow's pinned text, `given` the inputs set beforehand."""

    id: str
    workflow: str
    title: str
    text: str
    digest: str
    started_at: float
    started_by: str
    outline: tuple[StepOutline, ...]
    stages: tuple[PlannedStage, ...] = ()
    given: JsonObject = field(default_factory=dict)
    variables: JsonObject = field(default_factory=dict)
    walk: tuple[str, ...] = ()
    parent: str = ""

    @property
    def seal(self) -> str:
        """The digest with which the chain of entries begins."""
        return hashlib.sha256(canonical(self.to_json()).encode()).hexdigest()

    def to_json(self) -> JsonObject:
        """All of it as JSON."""
        return asdict(self) | {"stages": [stage.to_json() for stage in self.stages]}

    @classmethod
    def from_json(cls, data: JsonObject) -> "RunHeader":
        """The header that `to_json` wrote."""
        fields: dict[str, object] = dict(data)
        fields["outline"] = tuple(StepOutline(**item) for item in _objects(data["outline"]))
        fields["stages"] = tuple(map(PlannedStage.from_json, _objects(data["stages"])))
        walk = data["walk"]
        fields["walk"] = tuple(walk) if isinstance(walk, Sequence) else ()
        return cls(**fields)  # type: ignore[arg-type]  # the journal's own JSON: the keys are the fields


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal; `number` counts from 1 in its run, `at` is seconds since the epoch."""

    run: str
    number: int
    epoch: int
    kind: EntryKind
    at: float
    step: str
    visit: int
    body: JsonObject
    digest: str

    def expected_digest(self, previous: str) -> str:
        """What `digest` must be when `previous` is the digest before it."""
        text = canonical([
            previous, self.run, self.number, self.epoch, self.kind, self.at, self.step, self.visit, self.body,
        ])  # fmt: skip
        return hashlib.sha256(text.encode()).hexdigest()

    def sealed(self, previous: str) -> "Entry":
        """This entry with its place in the chain."""
        return replace(self, digest=self.expected_digest(previous))


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write to a run: every write is fenced by `epoch`. `how` it was got, and from whom."""

    run: str
    epoch: int
    owner: Owner
    how: Claim
    previous: Owner | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run as it stands: its header, the last entry's place and kind, and who holds it (None: nobody)."""

    header: RunHeader
    status: RunStatus = "running"
    final: bool = False
    summary: str = ""
    subject: str = ""
    step: str = ""
    kind: str = ""
    updated_at: float = 0.0
    entries: int = 0
    chain: str = ""
    epoch: int = 0
    owner: Owner | None = None
    expires_at: float = 0.0

    def after(self, entries: Sequence[Entry]) -> "RunRecord":
        """The record once these entries are written."""
        return replace(self, **changes(entries))


def changes(entries: Sequence[Entry]) -> dict[str, Any]:
    """The fields of a RunRecord that these entries change; `final` says that nothing is left to resume."""
    changed: dict[str, Any] = {}
    for entry in entries:
        body = entry.body
        changed["kind"] = entry.kind
        if entry.step:
            changed["step"] = entry.step
        if entry.kind == "ended":
            status = run_status(body["status"])
            changed |= {"status": status, "summary": str(body["summary"]), "final": bool(body["final"])}
        elif entry.kind == "claimed":
            changed |= {"status": "running", "final": False, "summary": ""}
        elif entry.kind == "answered" and body["key"] == "inputs.message":
            changed["subject"] = str(body["answer"])
    last = entries[-1]
    return changed | {"updated_at": last.at, "entries": last.number, "chain": last.digest}


def verify(record: RunRecord, entries: Sequence[Entry]) -> tuple[str, ...]:
    """Every break of the chain of a run, in words; empty when the journal says what was written."""
    problems: list[str] = []
    previous = record.header.seal
    for number, entry in enumerate(entries, start=1):
        if entry.number != number:
            problems.append(f"entry {number} is missing: the next one found is {entry.number}")
            break
        if entry.digest != entry.expected_digest(previous):
            problems.append(f"entry {number} ({entry.kind}) is not what was written")
        previous = entry.digest
    if not problems and (record.entries, record.chain) != (len(entries), previous if entries else record.chain):
        problems.append(f"the run has {len(entries)} entries, {record.entries} were written")
    return tuple(problems)


def canonical(value: JsonValue) -> str:
    """JSON with sorted keys, no spaces, ASCII only: one text for one value, and any database can store it."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def new_run_id(attempt: int = 0) -> str:
    """Four random hex digits, easy to say and type; two more for every earlier attempt that was taken."""
    return secrets.token_hex(2 + attempt)


def following_run_id(run: str) -> str:
    """The id of the run that a run continues as: 7f3a, 7f3a-2, 7f3a-3; only its parent can make it."""
    base, _, number = run.partition("-")
    return f"{base}-{int(number or 1) + 1}"


def _objects(value: JsonValue) -> list[dict[str, Any]]:
    return [dict(item) for item in value if isinstance(item, dict)] if isinstance(value, Sequence) else []


def run_status(value: JsonValue) -> RunStatus:
    """The run status that a journal's text names."""
    match value:
        case "running" | "paused" | "done" | "failed" | "stopped" | "interrupted":
            return value
        case _:
            raise ValueError(f"not a run status: {value!r}")
