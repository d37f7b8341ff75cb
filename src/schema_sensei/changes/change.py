"""Change: what travels to production: a range of revisions with its SQL up and down, and its approval."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

from ..terms.json import JsonObject, JsonValue
from .acceptance import Acceptance
from .nature import Nature
from .proof import Proof
from .saved import Saved
from .script import Script


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody read exactly the text with this digest and agreed; `at` is seconds since the epoch."""

    digest: str
    at: float
    by: str

    def to_json(self) -> JsonObject:
        return {"digest": self.digest, "at": self.at, "by": self.by}


@dataclass(frozen=True)
class Change:
    """One range of revisions, from `base` to `heads`, as SQL.

    `sources` maps each revision file (relative to the project) to the sha256 of its bytes when its SQL was emitted.
    `down` is None when the revisions cannot be undone, and `no_way_back` says why. `accepted` are hazards that somebody
    took as they are, `backups` what was saved before the change, of whichever database.
    """

    message: str
    base: tuple[str, ...]
    up: Script
    down: Script | None
    nature: Nature
    sources: Mapping[str, str]
    no_way_back: str = ""
    approval: Approval | None = None
    proof: Proof | None = None
    accepted: tuple[Acceptance, ...] = ()
    backups: tuple[Saved, ...] = ()

    @cached_property
    def digest(self) -> str:
        """The sha256 (hex) that an approval binds: both texts, and the files where a text cannot be known."""
        parts = [f"up {self.up.digest}", f"down {self.down.digest if self.down else 'none'}"]
        if self.up.opaque or (self.down is not None and self.down.opaque):
            parts += [f"file {path} {digest}" for path, digest in sorted(self.sources.items())]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @property
    def heads(self) -> tuple[str, ...]:
        """The heads at which a database stands when the change is applied."""
        return self.up.end

    @property
    def revisions(self) -> tuple[str, ...]:
        return self.up.revisions

    @property
    def named(self) -> str:
        """Its revisions for people, in the order in which they run: `revision a1`, or `revisions a1, b2`."""
        return f"revision{'' if len(self.revisions) == 1 else 's'} {', '.join(self.revisions)}"

    @property
    def approved(self) -> bool:
        """True while the approval is for exactly this text."""
        return self.approval is not None and self.approval.digest == self.digest

    def approve(self, *, at: float, by: str) -> "Change":
        """The same change with an approval bound to its present text."""
        return replace(self, approval=Approval(self.digest, at, by))

    @property
    def rehearsed(self) -> Proof | None:
        """The proof, while it is about exactly this text."""
        return self.proof if self.proof is not None and self.proof.digest == self.digest else None

    def saved(self, identity: str) -> frozenset[str]:
        """The tables (schema.table) of exactly this database of which a verified backup holds what this text takes."""
        kept = (
            each
            for each in self.backups
            if each.verified and each.identity == identity and each.digest in {"", self.digest}
        )
        return frozenset(table for each in kept for table in each.tables)

    def to_json(self) -> JsonObject:
        """Plain data for a run's outputs; `from_json` turns it into an equal Change."""
        return {
            "message": self.message,
            "base": list(self.base),
            "revisions": list(self.revisions),
            "heads": list(self.heads),
            "digest": self.digest,
            "up": self.up.to_json(),
            "down": self.down.to_json() if self.down else None,
            "no_way_back": self.no_way_back,
            "nature": self.nature.to_json(),
            "sources": dict(self.sources),
            "approval": self.approval.to_json() if self.approval else None,
            "proof": self.proof.to_json() if self.proof else None,
            "accepted": [each.to_json() for each in self.accepted],
            "backups": [each.to_json() for each in self.backups],
        }

    @classmethod
    def from_json(cls, data: JsonValue) -> Self:
        """The Change written by `to_json`; ValueError when the data is something else.

        A journal masks what looks like a secret, also inside SQL. Such a text no longer fits its approval; who acts
        on a change emits it afresh from its files (`draft.redraft`) and compares that with the approval.
        """
        try:
            return cls._read(data)
        except (KeyError, TypeError) as wrong:
            raise ValueError(f"not a change: {wrong!r}") from wrong

    @classmethod
    def _read(cls, data: JsonValue) -> Self:
        if not isinstance(data, Mapping):
            raise TypeError("a change is an object")
        approval, sources, base = data["approval"], data["sources"], data["base"]
        if not isinstance(sources, Mapping) or not isinstance(base, Sequence):
            raise TypeError("a change has base revisions and sources")
        return cls(
            message=str(data["message"]),
            base=tuple(str(head) for head in base),
            up=Script.from_json(data["up"]),
            down=None if data["down"] is None else Script.from_json(data["down"]),
            nature=Nature.from_json(data["nature"]),
            sources={str(path): str(digest) for path, digest in sources.items()},
            no_way_back=str(data["no_way_back"]),
            approval=_read_approval(approval),
            proof=None if data.get("proof") is None else Proof.from_json(data["proof"]),
            accepted=_read_accepted(data.get("accepted", ())),
            backups=_read_backups(data.get("backups", ())),
        )


def _read_backups(data: JsonValue) -> tuple[Saved, ...]:
    if isinstance(data, str) or not isinstance(data, Sequence):
        raise TypeError("backups are a list")
    return tuple(Saved.from_json(each) for each in data)


def _read_accepted(data: JsonValue) -> tuple[Acceptance, ...]:
    if isinstance(data, str) or not isinstance(data, Sequence):
        raise TypeError("accepted hazards are a list")
    return tuple(Acceptance.from_json(each) for each in data)


def _read_approval(data: JsonValue) -> Approval | None:
    if not isinstance(data, Mapping):
        return None
    at = data["at"]
    if not isinstance(at, int | float):
        raise TypeError("an approval has a time")
    return Approval(str(data["digest"]), float(at), str(data["by"]))
