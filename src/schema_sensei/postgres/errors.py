"""What can go wrong on the way to a server: one typed error per cause, each with its way out."""

import re
from dataclasses import dataclass

from ..terms.errors import HeldError, SenseiError, UnreachableError


class ServerDownError(UnreachableError):
    """Nothing listens where the URL leads, or the server is starting up or shutting down."""


class UnknownHostError(UnreachableError):
    """The host's name cannot be resolved."""


class WrongCredentialsError(UnreachableError):
    """The server does not accept this user and password."""


class UnknownDatabaseError(UnreachableError):
    """The server has no database of this name."""


class NotAdmittedError(UnreachableError):
    """The server's access rules (pg_hba.conf, CONNECT) shut this user out."""


class PoolerError(UnreachableError):
    """A transaction pooler stands where a server is needed."""


class TooManyConnectionsError(UnreachableError):
    """The server has no free connection slot."""


class EncryptionError(UnreachableError):
    """The two sides do not agree on SSL."""


class ConnectTimeoutError(UnreachableError):
    """Nothing answered in time."""


class StandbyError(UnreachableError):
    """The server is a read-only standby."""


class OldServerError(UnreachableError):
    """The server is older than what Schema Sensei knows."""


class LostLockError(HeldError):
    """The connection that held a lock is gone, and the lock with it."""


class EmbeddedServerError(SenseiError):
    """The embedded server cannot be set up, started or stopped."""


class ScratchError(SenseiError):
    """A scratch database cannot be made."""


class MissingProgramsError(SenseiError):
    """No pg_dump that can read this server is installed."""


POOLER_MEANS = (
    "A transaction pooler gives every transaction another session: locks, settings and CREATE INDEX CONCURRENTLY "
    "do not hold there."
)
POOLER_REMEDY = (
    "Use the direct connection, or the session pooler, on port 5432 (in Supabase: Connect, Direct connection or "
    "Session pooler)."
)


@dataclass(frozen=True, slots=True)
class _Cause:
    said: re.Pattern[str]
    error: type[UnreachableError]
    what: str
    means: str
    remedy: str


def _cause(said: str, error: type[UnreachableError], what: str, means: str, remedy: str) -> _Cause:
    return _Cause(re.compile(said, re.IGNORECASE), error, what, means, remedy)


# The texts are libpq's and the server's own (English); the first that fits decides, so the narrow ones stand first.
_CAUSES = (
    _cause(
        r"unsupported startup parameter",
        PoolerError,
        "{place} is a connection pooler that refuses session settings.",
        POOLER_MEANS,
        POOLER_REMEDY,
    ),
    _cause(
        r"tenant or user not found",
        WrongCredentialsError,
        "The pooler at {place} does not know this user.",
        "Supabase's pooler wants the project in the user's name.",
        "Write the user as postgres.PROJECT-REF, as the Connect page shows it.",
    ),
    _cause(
        r"no password supplied",
        WrongCredentialsError,
        "{place} wants a password for user {user}, and there is none.",
        "The server is there, but not without a password. Nothing was changed.",
        "Put it into the URL {source}: postgresql://{user}:PASSWORD@... Special characters must be percent-encoded.",
    ),
    _cause(
        r"password authentication failed|authentication failed for user|role \".*\" does not exist"
        r"|is not permitted to log in|SASL authentication failed|wrong password",
        WrongCredentialsError,
        "{place} does not accept user {user} with this password.",
        "The server is there, but the login is wrong. Nothing was changed.",
        "Correct user and password {source}. A password with special characters must be percent-encoded.",
    ),
    _cause(
        r"database \".*\" does not exist",
        UnknownDatabaseError,
        'There is no database "{database}" at {place}.',
        "Server and login are right; only the database's name is not known there.",
        "Correct the name {source}, or create it: createdb {database}",
    ),
    _cause(
        r"no pg_hba\.conf entry.*(no encryption|SSL off)|SSL connection is required|SSL required"
        r"|sslmode.*require|connection requires a valid client certificate",
        EncryptionError,
        "{place} wants an encrypted connection, or does not admit this one.",
        "The server's access rules (pg_hba.conf) have no entry for an unencrypted connection from here.",
        "Add ?sslmode=require to the URL {source}; if that does not help, ask its administrator for an entry.",
    ),
    _cause(
        r"no pg_hba\.conf entry|pg_hba\.conf rejects|permission denied for database|peer authentication failed"
        r"|ident authentication failed",
        NotAdmittedError,
        "{place} does not admit user {user} to {database} from here.",
        "The server's access rules (pg_hba.conf, or CONNECT on the database) shut this login out.",
        "Ask its administrator for a pg_hba.conf entry or GRANT CONNECT, or use another user {source}.",
    ),
    _cause(
        r"too many clients|too many connections|remaining connection slots|max_client_conn|max clients reached",
        TooManyConnectionsError,
        "{place} has no free connection.",
        "All connection slots are taken; nothing was changed.",
        "Wait a moment and try again, or close idle sessions (select * from pg_stat_activity).",
    ),
    _cause(
        r"server does not support SSL|SSL error|certificate verify failed|root certificate file",
        EncryptionError,
        "{place} and the URL do not agree on encryption.",
        "The URL asks for SSL in a way the server cannot give.",
        "Check sslmode and the certificates in the URL {source}.",
    ),
    _cause(
        r"the database system is (starting up|shutting down|in recovery mode|not (yet )?accepting)",
        ServerDownError,
        "{place} is starting up or shutting down.",
        "It will not take connections for the moment; nothing was changed.",
        "Wait a few seconds and try again.",
    ),
    _cause(
        r"could not translate host name|failed to resolve host|name or service not known|nodename nor servname"
        r"|no address associated|temporary failure in name resolution",
        UnknownHostError,
        "The host {host} cannot be found.",
        "The name is not known to this machine's name service.",
        "Check the host {source}, and the network or VPN.",
    ),
    _cause(
        r"timeout expired|timed out|connection timeout",
        ConnectTimeoutError,
        "{place} did not answer in time.",
        "A firewall, a VPN that is off, or a machine that is down looks like this.",
        "Check the network and the host {source}, then try again.",
    ),
    _cause(
        r"connection refused|no such file or directory|is the server running|network is unreachable|no route to host"
        r"|server closed the connection unexpectedly|connection reset",
        ServerDownError,
        "No PostgreSQL answers at {place}.",
        "Nothing listens there: the server is down, or host and port are wrong.",
        "Start the server, or correct host and port {source}.",
    ),
    _cause(
        r"invalid URI query parameter|invalid connection option|invalid .* value|invalid port",
        UnreachableError,
        "The URL of {place} has an option that libpq does not know.",
        "PostgreSQL's client library refuses it before it connects.",
        "Remove or correct what stands after the ? in the URL {source}.",
    ),
)


def explain(said: str, *, host: str, place: str, database: str, user: str, source: str, where: str) -> UnreachableError:
    """The typed error for what libpq said (already masked); `source` is "in VARIABLE" or "in the URL"."""
    facts = {"host": host, "place": place, "database": database, "user": user or "(none)", "source": source}
    for cause in _CAUSES:
        if cause.said.search(said):
            return cause.error(
                cause.what.format_map(facts),
                means=f"{cause.means}\nPostgreSQL said: {said}",
                remedy=cause.remedy.format_map(facts),
                where=where,
            )
    return UnreachableError(
        f"{place} cannot be reached.",
        means=f"PostgreSQL said: {said}",
        remedy=f"Check the server and the URL {source}.",
        where=where,
    )
