"""Place: the database that a backup is taken from or restored into."""

from dataclasses import dataclass

from ...postgres import session
from ...postgres.session import Connection
from ...terms.secrets import Secret
from ...terms.targets import TargetLabel

LOCK_MS = 3_000
"""How long a backup or a restore waits for a lock, so that nobody queues up behind it."""

SETTINGS = {
    "client_encoding": "UTF8",
    "search_path": "",
    "datestyle": "ISO, MDY",
    "timezone": "UTC",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "row_security": "off",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}
"""With the same on both sides a row has the same text; with row security off, rows that are hidden are an error."""


@dataclass(frozen=True, slots=True)
class Place:
    """A database: its URL, its name for people, the variable that holds the URL, and whether we may write there.

    `environment` is its name in sensei.yaml.
    """

    url: Secret
    label: TargetLabel
    variable: str = ""
    writable: bool = False

    @property
    def environment(self) -> str:
        return self.label.environment

    def connect(self, *, read_only: bool = True) -> Connection:
        """An autocommit session in which rows have the same text everywhere. Raises UnreachableError."""
        connection = session.connect(
            self.url,
            application_name="sensei backup",
            read_only=read_only,
            lock_timeout_ms=LOCK_MS,
            label=self.label,
            variable=self.variable or None,
        )
        settle(connection)
        return connection


def settle(connection: Connection) -> None:
    """Give a session the settings under which rows are compared."""
    wanted = dict(SETTINGS)
    if connection.info.server_version >= 170000:
        wanted["transaction_timeout"] = "0"
    connection.execute(
        "SELECT pg_catalog.set_config(s.name, s.value, false) FROM unnest(%s::text[], %s::text[]) AS s (name, value)",
        [list(wanted), list(wanted.values())],
    )
