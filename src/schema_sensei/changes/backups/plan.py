"""Plan: what a backup would hold, how it would be made, how large and how long; refused where it cannot succeed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...postgres import client_programs, identity, schema_copy
from ...postgres.client_programs import ClientPrograms
from ...postgres.errors import MissingProgramsError
from ...postgres.session import Connection
from ...postgres.version_table import VersionTable
from ...terms.counting import counted
from ...terms.errors import UsageError
from ..hazards.sizing import in_bytes
from ..losses import short
from .contents import Column, Shape, shapes
from .errors import NoRoomError, UnreadableRowsError
from .manifest import Kept, Manifest, Tier
from .needs import Cascade, Need, reached
from .place import Place

DUMP_RATE, PROOF_RATE, COPY_RATE = 25 * 1024**2, 10 * 1024**2, 60 * 1024**2
"""Bytes of a table per second for dumping, for restoring and comparing, for copying inside of the database.

Measured on two busy cores: 161 MB in 5.2 s, 15 s and 2.1 s.
"""

FILE_SHARE = 0.5
"""A compressed dump is most often below a third of its table; above this share of it there should be room."""

SCRATCH_SHARE = 1.3
"""What a restored table takes with its indexes, the write-ahead log included."""

NAMED = 5
NO_CASCADE = Cascade()


@dataclass(frozen=True, slots=True)
class Plan:
    """`columns` says, for a copy, what is kept of each table (by number), its key first; a dump keeps tables whole."""

    id: str
    tier: Tier
    place: Place
    tables: tuple[Shape, ...]
    columns: Mapping[int, tuple[Column, ...]]
    why: str
    digest: str
    heads: tuple[str, ...]
    identity: str
    oid: int
    server: int
    programs: ClientPrograms | None
    extensions: tuple[tuple[str, str], ...] = ()
    roles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def agreed(self) -> str:
        """Equal for two plans to which the same yes applies."""
        kept = (f"{each.ident}({','.join(c.name for c in self.columns.get(each.oid, ()))})" for each in self.tables)
        return f"{self.tier.value} {self.identity} {self.place.environment} {' '.join(kept)}"

    @property
    def bytes(self) -> int:
        return sum(each.bytes for each in self.tables)

    @property
    def file_bytes(self) -> int:
        """What its file may take, by estimate."""
        return 0 if self.tier is Tier.COPY else int(self.bytes * FILE_SHARE)

    @property
    def scratch_bytes(self) -> int:
        """What proving it takes on the scratch server, by estimate."""
        return int(sum(each.total for each in self.tables) * SCRATCH_SHARE)

    @property
    def seconds(self) -> float:
        """How long taking and proving it takes, by estimate."""
        rate = COPY_RATE if self.tier is Tier.COPY else DUMP_RATE
        return self.bytes / rate + self.bytes / PROOF_RATE

    def manifest(self, tables: tuple[Kept, ...], *, at: float, seconds: float) -> Manifest:
        """What the backup says of itself once these tables are saved."""
        return Manifest(
            id=self.id,
            tier=self.tier,
            environment=self.place.environment,
            host=self.place.label.host,
            database=self.place.label.database,
            identity=self.identity,
            oid=self.oid,
            server=self.server,
            at=at,
            seconds=seconds,
            heads=self.heads,
            why=self.why,
            tables=tables,
            digest=self.digest,
            extensions=self.extensions,
            roles=self.roles,
            program="" if self.tier is Tier.COPY or self.programs is None else self.programs.version,
        )

    def require_room(self, *, free: int, scratch_free: int | None, minutes: float, where: str) -> None:
        """Raise NoRoomError where disk (bytes free for its file and for scratch databases) or time is too little."""
        if self.file_bytes > free:
            raise NoRoomError(
                f"There is no room for the backup: it takes about {in_bytes(self.file_bytes)}, and "
                f"{in_bytes(free)} are free.",
                means=f"{self._what()} hold {in_bytes(self.bytes)} of rows. Nothing was read or written.",
                remedy="Free some space (sensei backups prune), or move .sensei/backups to a larger disk and link it.",
                where=where,
            )
        if scratch_free is not None and self.scratch_bytes > scratch_free:
            raise NoRoomError(
                f"There is no room to prove the backup: the scratch server needs about {in_bytes(self.scratch_bytes)}, "
                f"and {in_bytes(scratch_free)} are free.",
                means="A backup that was not restored is only a hope. Nothing was read or written.",
                remedy="Free some space, or name a larger server for scratch databases: `scratch: {url: VARIABLE}` in "
                "sensei.yaml.",
                where=where,
            )
        if self.seconds > minutes * 60:
            raise NoRoomError(
                f"The backup would take about {duration(self.seconds)}, and {minutes:g} minutes are allowed.",
                means=f"{self._what()} hold {in_bytes(self.bytes)} of rows. Nothing was read or written.",
                remedy="Allow more time: `minutes:` of the step, or --minutes; best when little is written.",
                where=where,
            )

    def _what(self) -> str:
        return counted(len(self.tables), "table")


def draw(
    connection: Connection,
    place: Place,
    wanted: Sequence[Need] | None,
    *,
    name: str,
    cascade: Cascade = NO_CASCADE,
    why: str = "",
    digest: str = "",
    versions: VersionTable | None = None,
    copies: bool = True,
) -> Plan:
    """The plan of a backup of what is `wanted`, of the whole database without; reads the catalog only.

    Without `copies` it is a dump in any case.

    Raises UnreadableRowsError, MissingProgramsError, UsageError when a wanted table is not there.
    """
    who = identity.read(connection)
    found = None if wanted is None else reached(connection, wanted, cascade)
    tables = shapes(connection, None if found is None else list(found))
    _refuse_missing(wanted, tables, place)
    _refuse_unreadable(tables, who.user, place)
    row = connection.execute(
        "SELECT oid::bigint, pg_catalog.has_database_privilege(oid, 'CREATE') FROM pg_catalog.pg_database"
        " WHERE datname = pg_catalog.current_database()"
    ).fetchone()
    oid, may_create = (int(row[0]), bool(row[1])) if row else (0, False)
    tier, programs, notes = _tier(found, tables, who, place, may_copy=copies and may_create and place.writable)
    columns = {each.oid: _columns(each, (found or {})[each.oid]) for each in tables} if tier is Tier.COPY else {}
    if tier is not Tier.DATABASE:
        notes = (*notes, *_without_large_objects(connection, tables))
    extensions, roles = schema_copy.surroundings(connection)
    partly = any(len(columns[each.oid]) < len(each.columns) for each in tables) if columns else False
    return Plan(
        id=name,
        tier=tier,
        place=place,
        tables=tables,
        columns=columns,
        why=why,
        digest=digest if partly else "",
        heads=versions.heads(connection) if versions else (),
        identity=who.key,
        oid=oid,
        server=who.server_version,
        programs=programs,
        extensions=extensions,
        roles=roles,
        notes=notes,
    )


def duration(seconds: float) -> str:
    """An estimate in words."""
    if seconds < 2:
        return "a second or two"
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"


def _tier(
    found: Mapping[int, Need] | None,
    tables: Sequence[Shape],
    who: identity.Identity,
    place: Place,
    *,
    may_copy: bool,
) -> tuple[Tier, ClientPrograms | None, tuple[str, ...]]:
    keyed = all(each.key for each in tables)
    if found is not None and may_copy and keyed and not any(need.shape for need in found.values()):
        return Tier.COPY, None, ()
    try:
        programs = client_programs.find(who.server_version, where=str(place.label))
    except MissingProgramsError as error:
        if found is None or not may_copy:
            raise
        lacks = "" if keyed else " A table without a key can only be put back as a whole."
        return Tier.COPY, None, (f"{error.what} Its rows are copied instead, without indexes and constraints.{lacks}",)
    return (Tier.DATABASE if found is None else Tier.TABLES), programs, ()


def _without_large_objects(connection: Connection, tables: Sequence[Shape]) -> Iterator[str]:
    """A column of numbers may lead to large objects, which only a whole dump holds."""
    leading = [each for each in tables if any(column.type in _TO_LARGE_OBJECTS for column in each.columns)]
    if leading and connection.execute("SELECT 1 FROM pg_catalog.pg_largeobject_metadata LIMIT 1").fetchone():
        names = ", ".join(short(each.ident) for each in leading[:NAMED])
        yield f"If {names} leads to large objects: these are not in it. A whole dump has them (sensei backup)."


_TO_LARGE_OBJECTS = frozenset({"oid", "lo", "public.lo"})


def _columns(shape: Shape, need: Need) -> tuple[Column, ...]:
    """What a copy keeps of a table: its key and what goes, everything where all of it goes."""
    named = {column for column in need.columns if any(each.name == column for each in shape.columns)}
    if not named or not shape.key:
        return shape.columns
    by_name = {each.name: each for each in shape.columns}
    rest = [each for each in shape.columns if each.name in named and each.name not in shape.key]
    return (*(by_name[name] for name in shape.key), *rest)


def _refuse_missing(wanted: Sequence[Need] | None, tables: Sequence[Shape], place: Place) -> None:
    there = {each.ident for each in tables}
    missing = [each.table for each in wanted or () if each.table not in there]
    if missing:
        raise UsageError(
            f"There is no table {', '.join(map(short, missing))} in {place.environment}.",
            remedy="Write it as in the database, with its schema: --table public.orders",
            where=str(place.label),
        )


def _refuse_unreadable(tables: Sequence[Shape], user: str, place: Place) -> None:
    refused = [each for each in tables if each.unreadable]
    if refused:
        raise UnreadableRowsError(
            f"User {user} may not read every row that goes into the backup.",
            means="\n".join((*_reasons(refused), "Nothing was read or written.")),
            remedy=f"GRANT SELECT ON {refused[0].ident} TO {user}; where row security hides rows, use the table's "
            f"owner or a login with BYPASSRLS.",
            where=str(place.label),
        )


def _reasons(refused: Sequence[Shape]) -> Iterator[str]:
    yield from (f"{short(each.ident)}: {each.unreadable}." for each in refused[:NAMED])
    if len(refused) > NAMED:
        yield f"And {len(refused) - NAMED} more."
