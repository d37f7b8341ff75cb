"""Manifest: what a backup holds, of which database, and how it was proven; the backup's one source of truth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self, assert_never

from ...terms.json import JsonObject, JsonValue
from ..saved import Saved
from .contents import Column, Content

FORMAT = 1
SCHEMA = "sensei_backup"
"""Where copies inside of the database lie; no comparison looks there (changes.managed)."""


class Tier(StrEnum):
    """How a backup is made, chosen by what would be lost."""

    COPY = "copy"
    TABLES = "tables"
    DATABASE = "database"

    @property
    def words(self) -> str:
        """What it is, for people."""
        match self:
            case Tier.COPY:
                return f"a copy in the schema {SCHEMA} of the same database"
            case Tier.TABLES:
                return "a dump of tables"
            case Tier.DATABASE:
                return "a dump of the whole database"
        assert_never(self)


@dataclass(frozen=True, slots=True)
class Kept:
    """One table of a backup: which columns, how many rows, and the sum of their hashes.

    `copy` is its name in the schema sensei_backup, empty in a dump; `complete` when it has every column. The rest
    stands in contents.Shape.
    """

    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    content: Content
    bytes: int
    complete: bool
    copy: str = ""
    owner: str = ""
    parts: tuple[str, ...] = ()
    sequences: tuple[str, ...] = ()
    pointing: tuple[str, ...] = ()
    outward: tuple[tuple[str, str], ...] = ()

    @property
    def ident(self) -> str:
        return f"{self.schema}.{self.name}"

    def to_json(self) -> JsonObject:
        return {
            "schema": self.schema,
            "name": self.name,
            "columns": [[each.name, each.type, each.foreign] for each in self.columns],
            "key": list(self.key),
            "rows": self.content.rows,
            "sum": self.content.sum,
            "hash": self.content.method,
            "bytes": self.bytes,
            "complete": self.complete,
            "copy": self.copy,
            "owner": self.owner,
            "parts": list(self.parts),
            "sequences": list(self.sequences),
            "pointing": list(self.pointing),
            "outward": [list(each) for each in self.outward],
        }

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """The Kept written by `to_json`. Raises TypeError, ValueError or KeyError."""
        return cls(
            schema=str(data["schema"]),
            name=str(data["name"]),
            columns=tuple(Column(str(name), str(kind), bool(foreign)) for name, kind, foreign in data["columns"]),
            key=_texts(data["key"]),
            content=Content(int(data["rows"]), str(data["sum"]), "md5" if data["hash"] == "md5" else "text"),
            bytes=int(data["bytes"]),
            complete=data["complete"] is True,
            copy=str(data["copy"]),
            owner=str(data["owner"]),
            parts=_texts(data["parts"]),
            sequences=_texts(data["sequences"]),
            pointing=_texts(data["pointing"]),
            outward=_pairs(data["outward"]),
        )


@dataclass(frozen=True, slots=True)
class Verification:
    """When a backup was restored elsewhere and compared, how long it took, and what could not be tried there."""

    at: float
    seconds: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """A backup. `at` is the moment of its snapshot, seconds since the epoch: what was written later is not in it.

    `identity` is the database's (postgres.identity), `oid` its number on that server; `heads` its revisions then.
    `digest` is the change for whose sake the backup has only some columns, else empty. `file` lies beside the
    manifest, or is empty for a copy; beside a dump of tables `schema` has every definition of the database, without
    rows. `extensions` (name, schema) and `roles` are what a database needs before either can be restored. `doubt`
    says why a verification failed.
    """

    id: str
    tier: Tier
    environment: str
    host: str
    database: str
    identity: str
    oid: int
    server: int
    at: float
    seconds: float
    heads: tuple[str, ...]
    why: str
    tables: tuple[Kept, ...]
    digest: str = ""
    file: str = ""
    size: int = 0
    sha256: str = ""
    schema: str = ""
    schema_sha256: str = ""
    extensions: tuple[tuple[str, str], ...] = ()
    roles: tuple[str, ...] = ()
    program: str = ""
    verified: Verification | None = None
    doubt: str = ""

    @property
    def rows(self) -> int:
        return sum(each.content.rows for each in self.tables)

    @property
    def saved(self) -> Saved:
        """What a change remembers of it."""
        tables = tuple(each.ident for each in self.tables)
        return Saved(self.id, self.identity, tables, self.verified is not None, self.digest, self.at)

    def table(self, name: str) -> Kept | None:
        """The table called `schema.name`, or `name` where only one is."""
        fitting = [each for each in self.tables if name in {each.ident, each.name}]
        exact = [each for each in fitting if each.ident == name]
        return exact[0] if exact else fitting[0] if len(fitting) == 1 else None

    def proven(self, verification: Verification) -> "Manifest":
        return replace(self, verified=verification, doubt="")

    def doubted(self, why: str) -> "Manifest":
        return replace(self, verified=None, doubt=why)

    def to_json(self) -> JsonObject:
        return {
            "format": FORMAT,
            "id": self.id,
            "tier": self.tier.value,
            "environment": self.environment,
            "host": self.host,
            "database": self.database,
            "identity": self.identity,
            "oid": self.oid,
            "server": self.server,
            "at": self.at,
            "seconds": self.seconds,
            "heads": list(self.heads),
            "why": self.why,
            "digest": self.digest,
            "file": self.file,
            "size": self.size,
            "sha256": self.sha256,
            "schema": self.schema,
            "schema_sha256": self.schema_sha256,
            "extensions": [list(each) for each in self.extensions],
            "roles": list(self.roles),
            "program": self.program,
            "verified": None
            if self.verified is None
            else {"at": self.verified.at, "seconds": self.verified.seconds, "notes": list(self.verified.notes)},
            "doubt": self.doubt,
            "tables": [each.to_json() for each in self.tables],
        }

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """The Manifest written by `to_json`; ValueError when the data is something else."""
        try:
            if data["format"] != FORMAT:
                raise ValueError(f"written in another format ({data['format']})")
            verified = data["verified"]
            return cls(
                id=str(data["id"]),
                tier=Tier(data["tier"]),
                environment=str(data["environment"]),
                host=str(data["host"]),
                database=str(data["database"]),
                identity=str(data["identity"]),
                oid=int(data["oid"]),
                server=int(data["server"]),
                at=float(data["at"]),
                seconds=float(data["seconds"]),
                heads=_texts(data["heads"]),
                why=str(data["why"]),
                tables=tuple(Kept.from_json(each) for each in data["tables"]),
                digest=str(data["digest"]),
                file=str(data["file"]),
                size=int(data["size"]),
                sha256=str(data["sha256"]),
                schema=str(data["schema"]),
                schema_sha256=str(data["schema_sha256"]),
                extensions=_pairs(data["extensions"]),
                roles=_texts(data["roles"]),
                program=str(data["program"]),
                verified=None
                if verified is None
                else Verification(float(verified["at"]), float(verified["seconds"]), _texts(verified["notes"])),
                doubt=str(data["doubt"]),
            )
        except (KeyError, TypeError, AttributeError) as wrong:
            raise ValueError(f"not a manifest: {wrong!r}") from wrong


def _pairs(data: JsonValue) -> tuple[tuple[str, str], ...]:
    if isinstance(data, str | Mapping) or not isinstance(data, Sequence):
        raise TypeError("a list is wanted")
    return tuple((first, second) for first, second in map(_texts, data))


def _texts(data: JsonValue) -> tuple[str, ...]:
    if isinstance(data, str | Mapping) or not isinstance(data, Sequence):
        raise TypeError("a list is wanted")
    return tuple(str(each) for each in data)
