"""Reads a database URL without connecting and without any driver: where it leads, and its form for libpq."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlencode

from ..terms.errors import UsageError
from ..terms.secrets import Secret

DEFAULT_PORT = 5432
TRANSACTION_POOLER_PORT = 6543
"""Supabase's transaction pooler (Supavisor); its session pooler and the database itself listen on 5432."""

_SCHEME = re.compile(r"(?P<scheme>postgres|postgresql)(?P<driver>\+[a-z0-9_]+)?://", re.IGNORECASE)
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_FORM = "postgresql://USER:PASSWORD@HOST:5432/DATABASE"


class MalformedUrlError(UsageError):
    """A database URL cannot be read; the message never quotes it."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a URL leads; `host` is a name, or the directory of a unix socket. Several hosts stay joined by commas."""

    host: str
    port: int
    database: str
    user: str

    @property
    def local_socket(self) -> bool:
        """Whether the host is a socket directory."""
        return self.host.startswith(("/", "@"))

    @property
    def shown_host(self) -> str:
        """The host as people know it: a socket is `localhost`, an unusual port is named."""
        if self.local_socket:
            return "localhost"
        return self.host if self.port == DEFAULT_PORT else f"{self.host}:{self.port}"


def read(url: Secret, *, variable: str | None = None, environ: Mapping[str, str] | None = None) -> Address:
    """Where the URL leads, with libpq's own rules for what it leaves out (PGHOST, PGPORT, PGUSER, PGDATABASE).

    `variable` names where the URL came from, for the error. Raises MalformedUrlError.
    """
    environ = os.environ if environ is None else environ
    authority, path, query = _split(url, variable)
    userinfo, _, hosts = authority.rpartition("@")
    if "@" in userinfo:
        raise _malformed(variable, "There is a bare @ in its user or password.", "Write %40 for @ inside a password.")
    user = query.get("user") or unquote(userinfo.partition(":")[0]) or environ.get("PGUSER", "")
    names, ports = _hosts(hosts, variable)
    host = query.get("host") or query.get("hostaddr") or names or environ.get("PGHOST", "") or "localhost"
    port = query.get("port") or ports or environ.get("PGPORT", "") or str(DEFAULT_PORT)
    first_port = port.split(",")[0] or str(DEFAULT_PORT)
    if not first_port.isascii() or not first_port.isdigit() or not 0 < int(first_port) < 65536:
        raise _malformed(
            variable,
            "Its port is not a number from 1 to 65535.",
            "A password with / ? # : or @ in it is read as host or port: write %2F %3F %23 %3A %40.",
        )
    database = query.get("dbname") or unquote(path) or environ.get("PGDATABASE", "") or user
    return Address(host=host, port=int(first_port), database=database, user=user)


def for_libpq(url: Secret, *, variable: str | None = None) -> str:
    """The URL as libpq takes it: SQLAlchemy's `+driver` removed, asyncpg's `ssl=` as `sslmode=`.

    The result holds the password: hand it to the driver and nowhere else. Raises MalformedUrlError.
    """
    read(url, variable=variable)
    authority, path, query = _split(url, variable)
    if "ssl" in query and "sslmode" not in query:
        query["sslmode"] = query.pop("ssl")
    text = f"postgresql://{authority}/{path}"
    return f"{text}?{urlencode(query, quote_via=quote)}" if query else text


def build(*, user: str, database: str, host: str, port: int = DEFAULT_PORT, password: str = "") -> Secret:
    """A URL from its parts; a host that starts with / is a socket directory."""
    login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    if host.startswith("/"):
        place = f"@/{quote(database, safe='')}?host={quote(host, safe='')}"
        return Secret(f"postgresql://{login}{place}" + ("" if port == DEFAULT_PORT else f"&port={port}"))
    return Secret(f"postgresql://{login}@{host}:{port}/{quote(database, safe='')}")


def with_database(url: Secret, database: str) -> Secret:
    """The same server, user and options, another database."""
    authority, _, query = _split(url, None)
    query.pop("dbname", None)
    text = f"postgresql://{authority}/{quote(database, safe='')}"
    return Secret(f"{text}?{urlencode(query, quote_via=quote)}" if query else text)


def with_login(url: Secret, user: str, password: str) -> Secret:
    """The same server, database and options, another login."""
    authority, path, query = _split(url, None)
    for name in ("user", "password", "passfile"):
        query.pop(name, None)
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    text = f"postgresql://{login}@{authority.rpartition('@')[2]}/{path}"
    return Secret(f"{text}?{urlencode(query, quote_via=quote)}" if query else text)


def _split(url: Secret, variable: str | None) -> tuple[str, str, dict[str, str]]:
    text = url.reveal().strip()
    match = _SCHEME.match(text)
    if match is None:
        scheme = re.match(r"[a-zA-Z][\w+.-]*(?=://)", text)
        said = f"It begins with {scheme.group()}://." if scheme else "It does not begin with postgresql://."
        raise _malformed(variable, said, f"Schema Sensei works on PostgreSQL; the form is {_FORM}")
    if any(character.isspace() for character in text):
        raise _malformed(variable, "It has a blank in it.", "Write %20 for a blank, and no quotes around the URL.")
    if _BAD_PERCENT.search(text):
        raise _malformed(variable, "It has a % that is not followed by two hex digits.", "Write %25 for a plain %.")
    rest, _, query = text[match.end() :].partition("?")
    authority, _, path = rest.partition("/")
    return authority, path, dict(parse_qsl(query, keep_blank_values=True))


def _hosts(hosts: str, variable: str | None) -> tuple[str, str]:
    names: list[str] = []
    ports: list[str] = []
    for host in hosts.split(","):
        match = re.fullmatch(r"(?P<name>\[[0-9A-Fa-f:.%]+\]|[^:\[\]]*)(?::(?P<port>[^:]*))?", host)
        if match is None:
            raise _malformed(variable, "Its host cannot be read.", f"The form is {_FORM}; IPv6 goes in [brackets].")
        names.append(unquote(match["name"]).strip("[]"))
        ports.append(match["port"] or "")
    return ",".join(names).strip(","), ",".join(ports).strip(",")


def _malformed(variable: str | None, means: str, remedy: str) -> MalformedUrlError:
    source = f"The database URL in {variable}" if variable else "The database URL"
    fix = f"Correct {variable}. {remedy}" if variable else remedy
    return MalformedUrlError(f"{source} cannot be read.", means=means, remedy=fix)
