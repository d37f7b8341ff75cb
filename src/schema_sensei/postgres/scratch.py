"""Scratch databases: fresh, or cloned from a template that is built once and kept; gone when the block ends.

Whoever owns a scratch database holds an advisory lock of its name in the maintenance database, for as long as it
lives. A lock that can be taken means a dead owner, on whatever host: that database is swept away. A template carries
its final name only when its build has succeeded.
"""

import hashlib
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

import psycopg
from psycopg import sql

from ..terms.secrets import Secret
from . import advisory, confinement, session, url
from .embedded import Embedded
from .errors import ScratchError
from .session import Connection

KEPT_TEMPLATES = 8
"""Templates that stay for the next time; the longest unused go first."""

_FRESH = 60.0
"""Seconds for which a template's time of last use is near enough."""
_APPLICATION = "sensei scratch"


@dataclass(frozen=True, slots=True)
class Scratch:
    """Makes scratch databases on the embedded server, or on the server of a URL, whose database is only visited.

    The URL's user must be allowed to create databases. With `reaper` a database that is done with is dropped by it:
    dropping waits for a checkpoint, and nobody who works has to; shut it down to have everything gone.
    """

    server: Embedded | Secret
    kept_templates: int = KEPT_TEMPLATES
    reaper: Executor | None = None

    @contextmanager
    def database(
        self,
        template_key: str | None = None,
        build: Callable[[Secret], None] | None = None,
        *,
        confined: bool = False,
        on_wait: Callable[[advisory.Holder | None, float], None] | None = None,
        checkpoint: Callable[[], None] | None = None,
    ) -> Iterator[Secret]:
        """The URL of a database of one's own while the block runs.

        Without `build` it is empty. With `build` and no key, `build(url)` fills it. With a key, `build` fills a
        template that every later call with an equal key clones; while another process builds the same, `on_wait` is
        told and `checkpoint` may end the wait. `confined` gives a login without a superuser's rights, to `build` too
        (postgres.confinement); `superior` leads back. Raises ScratchError, the errors of connect, and what `build`
        raises.
        """
        with ExitStack() as ending:
            admin = ending.enter_context(session.connect(self._maintenance(), application_name=_APPLICATION))
            name = self._owned_name(admin)
            try:
                sweep(admin)
                if build is None or template_key is None:
                    self._create(admin, name, "template0")
                    own = self._own(admin, name, confined)
                    if build is not None:
                        build(own)
                else:
                    key = _whole(template_key, confined)
                    own = self._clone(admin, name, key, build, on_wait, checkpoint, confined)
                yield own
            finally:
                ending.callback(_drop, admin, name)
                if self.reaper is not None:
                    self.reaper.submit(ending.pop_all().close)

    def prepare(
        self,
        template_key: str,
        build: Callable[[Secret], None],
        *,
        begin_at: Sequence[str] = (),
        confined: bool = False,
    ) -> None:
        """Have the template of this key made by `build(url)`, unless it is there; raises as `database` does.

        `begin_at` are keys of templates that may be on the way to it, the nearest first: `build` gets a clone of the
        first that there is, else an empty database.
        """
        with session.connect(self._maintenance(), application_name=_APPLICATION) as admin:
            template, *earlier = (_template_name(admin, _whole(key, confined)) for key in (template_key, *begin_at))
            if _exists(admin, template):
                return
            name = self._owned_name(admin)
            try:
                sweep(admin)
                self._built(admin, name, template, build, earlier, None, None, confined)
                self._evict(admin)
            finally:
                _drop(admin, name)

    def superior(self, own: Secret) -> Secret:
        """The scratch database of a URL for the server's own user, who may more than its confined login."""
        return url.with_database(self._maintenance(), url.read(own).database)

    def server_version(self) -> str:
        """The version of the server, as it says it; it decides how definitions are printed. Raises as connect does."""
        with session.connect(self._maintenance(), application_name=_APPLICATION) as admin:
            return admin.info.parameter_status("server_version") or str(admin.info.server_version)

    def sweep(self) -> tuple[str, ...]:
        """Remove what dead processes left, and templates beyond the limit; the names removed."""
        with session.connect(self._maintenance(), application_name=_APPLICATION) as admin:
            return (*sweep(admin), *self._evict(admin))

    def _maintenance(self) -> Secret:
        return self.server.url() if isinstance(self.server, Embedded) else self.server

    def _owned_name(self, admin: Connection) -> str:
        name = f"{_prefix(admin)}{secrets.token_hex(6)}"
        admin.execute("SELECT pg_catalog.pg_advisory_lock(%s)", [advisory.number(name)])
        return name

    def _clone(
        self,
        admin: Connection,
        name: str,
        key: str,
        build: Callable[[Secret], None],
        on_wait: Callable[[advisory.Holder | None, float], None] | None,
        checkpoint: Callable[[], None] | None,
        confined: bool,
    ) -> Secret:
        template, built = _template_name(admin, key), False
        while not self._create_from(admin, name, template):
            built = self._built(admin, name, template, build, (), on_wait, checkpoint, confined) or built
        if built:
            self._evict(admin)
        _touch(admin, template)
        return self._own(admin, name, confined)

    def _built(
        self,
        admin: Connection,
        name: str,
        template: str,
        build: Callable[[Secret], None],
        begin_at: Sequence[str],
        on_wait: Callable[[advisory.Holder | None, float], None] | None,
        checkpoint: Callable[[], None] | None,
        confined: bool,
    ) -> bool:
        """Make the template unless it is there, from the first template of `begin_at` that is; whether it was made."""
        with advisory.hold(
            self._maintenance(), template, on_wait=on_wait, checkpoint=checkpoint, application_name=_APPLICATION
        ):
            if _exists(admin, template):
                return False
            # Built under the scratch name: if we die, it is swept like any other.
            if not any(self._create_from(admin, name, each) for each in begin_at):
                self._create(admin, name, "template0")
            build(self._own(admin, name, confined))
            self._keep(admin, name, template)
        return True

    def _own(self, admin: Connection, name: str, confined: bool) -> Secret:
        own = url.with_database(self._maintenance(), name)
        return confinement.admit(admin, own, name) if confined else own

    def _create_from(self, admin: Connection, name: str, template: str) -> bool:
        if not _exists(admin, template):
            return False
        try:
            self._create(admin, name, template)
        except psycopg.errors.InvalidCatalogName:  # evicted a moment ago
            return False
        return True

    def _create(self, admin: Connection, name: str, template: str) -> None:
        # On a disposable server copying files beats writing them to the log: 110 against 170 ms for 300 tables.
        fast = isinstance(self.server, Embedded) and self.server.disposable
        strategy = sql.SQL("STRATEGY file_copy" if fast else "")
        if admin.info.server_version < 150000:
            strategy = sql.SQL("")
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} {}")
        try:
            admin.execute(statement.format(sql.Identifier(name), sql.Identifier(template), strategy))
        except psycopg.errors.InsufficientPrivilege as error:
            raise ScratchError(
                f"User {admin.info.user} may not create databases on this server.",
                means="A scratch database is needed to rehearse and compare; nothing was changed.",
                remedy=f"ALTER ROLE {admin.info.user} CREATEDB, or remove `scratch` from sensei.yaml to use the "
                "embedded server.",
            ) from error
        except psycopg.errors.DiskFull as error:
            raise ScratchError(
                "The disk of the scratch server is full.",
                means=str(error).strip(),
                remedy="Free some space and try again.",
            ) from error

    def _keep(self, admin: Connection, name: str, template: str) -> None:
        _disconnect(admin, name)
        admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
        _touch(admin, name)
        admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(template)))

    def _evict(self, admin: Connection) -> tuple[str, ...]:
        used = sorted(_templates(admin).items(), key=lambda item: item[1], reverse=True)
        gone = tuple(name for name, _ in used[self.kept_templates :])
        return tuple(name for name in gone if _drop(admin, name))


def sweep(admin: Connection) -> tuple[str, ...]:
    """Drop the scratch databases whose owner is gone; the names dropped."""
    dropped = []
    for name in _named(admin, _prefix(admin)):
        row = admin.execute("SELECT pg_catalog.pg_try_advisory_lock(%s)", [advisory.number(name)]).fetchone()
        if row is None or not row[0]:
            continue
        if _drop(admin, name):
            dropped.append(name)
        admin.execute("SELECT pg_catalog.pg_advisory_unlock(%s)", [advisory.number(name)])
    for name in confinement.left_logins(admin, _prefix(admin)):
        row = admin.execute("SELECT pg_catalog.pg_try_advisory_lock(%s)", [advisory.number(name)]).fetchone()
        if row is not None and row[0]:
            confinement.dismiss(admin, name)
            admin.execute("SELECT pg_catalog.pg_advisory_unlock(%s)", [advisory.number(name)])
    return tuple(dropped)


def _prefix(admin: Connection) -> str:
    """Names tell the maintenance database, since advisory locks of another one say nothing about them."""
    row = admin.execute(
        "SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()"
    ).fetchone()
    return f"sensei_scratch_{row[0] if row else 0}_"


def _whole(key: str, confined: bool) -> str:
    return f"{confinement.OWNER} {key}" if confined else key


def _template_name(admin: Connection, key: str) -> str:
    mark = hashlib.sha256(f"{admin.info.user}\n{key}".encode()).hexdigest()[:24]
    return f"sensei_tpl_{mark}"


def _exists(admin: Connection, name: str) -> bool:
    return bool(admin.execute("SELECT 1 FROM pg_catalog.pg_database WHERE datname = %s", [name]).fetchone())


def _named(admin: Connection, prefix: str) -> list[str]:
    rows = admin.execute(
        """
        SELECT d.datname FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles r ON r.oid = d.datdba
         WHERE pg_catalog.starts_with(d.datname, %s) AND r.rolname IN (current_user, %s) ORDER BY d.datname
        """,
        [prefix, confinement.OWNER],
    )
    return [str(row[0]) for row in rows]


def _templates(admin: Connection) -> dict[str, float]:
    used = {}
    for name in _named(admin, "sensei_tpl_"):
        row = admin.execute(
            "SELECT pg_catalog.shobj_description(oid, 'pg_database') FROM pg_catalog.pg_database WHERE datname = %s",
            [name],
        ).fetchone()
        comment = str(row[0]) if row else ""
        with suppress(ValueError):
            used[name] = float(comment.removeprefix("last used "))
        used.setdefault(name, 0.0)
    return used


def _touch(admin: Connection, name: str) -> None:
    now = time.time()
    if now - _templates(admin).get(name, 0.0) > _FRESH:
        with suppress(psycopg.Error):  # evicted meanwhile
            admin.execute(
                sql.SQL("COMMENT ON DATABASE {} IS {}").format(
                    sql.Identifier(name), sql.Literal(f"last used {now:.0f}")
                )
            )


def _disconnect(admin: Connection, name: str) -> None:
    admin.execute(
        "SELECT pg_catalog.pg_terminate_backend(pid, 5000) FROM pg_catalog.pg_stat_activity WHERE datname = %s", [name]
    )


def _drop(admin: Connection, name: str) -> bool:
    try:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
    except psycopg.Error:
        return False  # the server is gone, or somebody clones it just now: the next sweep has it
    confinement.dismiss(admin, name)
    return True
