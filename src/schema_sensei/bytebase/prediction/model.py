"""Prediction: the executions of a sheet in the server's order, and every reason why they are not what was reviewed."""

from dataclasses import dataclass, field

from ...terms.json import JsonObject


@dataclass(frozen=True, slots=True)
class Execution:
    """One text that the server sends to the database, exactly as it sends it: white space and comments included.

    `transaction` is true between the server's own BEGIN and COMMIT, false where it sends the text by itself, which
    PostgreSQL then commits by itself. `start` and `stop` are the byte offsets that the server's task log names:
    they count in the sheet without its directive lines.
    """

    sql: str
    transaction: bool
    start: int = field(default=0, compare=False)
    stop: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Finding:
    """A statement that would not run as reviewed: why, and what to write instead, ready to paste."""

    statement: str
    reason: str
    cure: str


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the server will run. Faithful means: with the effects of the reviewed text, each statement once, in order,
    in one transaction where PostgreSQL allows one and the sheet does not switch it off.
    """

    executions: tuple[Execution, ...]
    why: tuple[Finding, ...] = ()

    @property
    def faithful(self) -> bool:
        """Whether nothing stands against sending the sheet."""
        return not self.why

    def to_json(self) -> JsonObject:
        """The public form, executions in the server's order, repeated ones repeated."""
        return {
            "executions": [{"sql": each.sql, "transaction": each.transaction} for each in self.executions],
            "faithful": self.faithful,
            "why": [{"statement": each.statement, "reason": each.reason, "cure": each.cure} for each in self.why],
        }
