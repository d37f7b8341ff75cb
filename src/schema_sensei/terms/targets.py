"""How a target is named wherever a person can see it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TargetLabel:
    """An environment resolved to one database, as shown on every screen and prompt; never holds a password."""

    environment: str
    host: str
    database: str
    protected: bool = False

    def __str__(self) -> str:
        mark = " PROTECTED" if self.protected else ""
        return f"{self.environment} ({self.host}/{self.database}){mark}"
