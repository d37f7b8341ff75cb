"""How an environment is reached through Bytebase: the server, the project and databases there, and who we are."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..bytebase.account import Account, ServiceAccount, WorkloadIdentity
from ..bytebase.connection import Address
from ..terms.secrets import Secret
from .variables import MissingVariableError, Variables

KEYS = {
    "url": "the server's address, or the variable that holds it",
    "project": "the project there: projects/app",
    "databases": "the databases there: instances/prod-pg/databases/app, or one projects/app/databaseGroups/shards",
    "account": "the account's e-mail, or the variable that holds it",
    "key": "the variable that holds the service account's key",
    "token": "the variable that holds an OIDC token, instead of a key: for a workload identity",
    "headers": "headers for a gateway in between, each with the variable that holds its value",
    "ca": "the file with the certificate of the server's CA",
}
PROJECT = re.compile(r"projects/[a-z][a-z0-9-]{0,62}")
DATABASE = re.compile(r"(?:projects/[a-z][a-z0-9-]*/)?instances/[a-z][a-z0-9-]*/databases/[^/]+")
GROUP = re.compile(r"projects/[a-z][a-z0-9-]*/databaseGroups/[a-z][a-z0-9-]*")


@dataclass(frozen=True, slots=True)
class BytebaseRoute:
    """The mapping of one environment. `url` and `account` stand as written: a value, or a variable's name; `key` and
    `token` are names of variables, of which one is "". `databases` are in one environment of the server.
    """

    url: str
    project: str
    databases: tuple[str, ...]
    account: str
    key: str = ""
    token: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    ca: Path | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The variables whose values are secret."""
        return tuple(name for name in (self.key, self.token, *(variable for _, variable in self.headers)) if name)

    def address(self, variables: Mapping[str, str] | None = None) -> Address:
        """The server, its variables resolved. Raises MissingVariableError, UsageError."""
        found = variables if isinstance(variables, Variables) else Variables.of(variables)
        headers = {name: Secret(_value(found, variable, f"the header {name}")) for name, variable in self.headers}
        url = self.url if "://" in self.url else _value(found, self.url, "the address of the Bytebase server")
        return Address(url, headers, str(self.ca) if self.ca else "")

    def identity(self, variables: Mapping[str, str] | None = None) -> Account:
        """The account, its variables resolved; an OIDC token is read anew at each login.

        Raises MissingVariableError.
        """
        found = variables if isinstance(variables, Variables) else Variables.of(variables)
        email = self.account if "@" in self.account else _value(found, self.account, "the e-mail of the account")
        if self.token:
            holds = "the OIDC token of the workload identity"
            _value(found, self.token, holds)
            return WorkloadIdentity(email, lambda: Secret(_value(found, self.token, holds)))
        return ServiceAccount(email, Secret(_value(found, self.key, "the key of the service account")))


def _value(variables: Variables, name: str, holds: str) -> str:
    text = variables.get(name, "").strip()
    if not text:
        state = "is empty" if name in variables else "is not set"
        places = " or ".join(("your environment", *variables.files))
        raise MissingVariableError(
            f"{name} {state}; it holds {holds}.",
            means="Without it nobody gets into Bytebase. Nothing was touched.",
            remedy=f"Set it in {places}.",
        )
    return text
