"""Environments in their order, and the Target that one becomes once its URL is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..postgres import url as urls
from ..terms.errors import UsageError
from ..terms.secrets import Secret
from ..terms.targets import TargetLabel
from .bytebase import BytebaseRoute
from .variables import MissingVariableError, Variables

Gate: TypeAlias = Literal["direct", "bytebase", "none"]
"""How a Script reaches an environment: we execute it, a Bytebase server does, or nobody does through us."""


class UnknownEnvironmentError(UsageError):
    """The project has no environment of this name."""


@dataclass(frozen=True, slots=True)
class Environment:
    """One stage of the project's way to production; `url_variable` is the name of a variable, never a URL.

    `bytebase` is the way there when its gate is bytebase; the URL is then only read from.
    """

    name: str
    url_variable: str
    gate: Gate = "direct"
    protected: bool = False
    bytebase: BytebaseRoute | None = None

    def target(self, environ: Mapping[str, str] | None = None) -> "Target":
        """The environment resolved to one database; connects nowhere.

        `environ` are the variables to look in (default: this process's own; a project with an env file passes
        `project.variables()`). Raises MissingVariableError and MalformedUrlError.
        """
        variables = environ if isinstance(environ, Variables) else Variables.of(environ)
        text = variables.get(self.url_variable, "").strip()
        if not text:
            state = "is empty" if self.url_variable in variables else "is not set"
            places = " or ".join(("your environment", *variables.files))
            raise MissingVariableError(
                f"{self.url_variable} {state}; it holds the database URL of {self.name}.",
                means=f"Without it nobody knows where {self.name} is. Nothing was touched.",
                remedy=f"Set it in {places}: {self.url_variable}=postgresql://USER:PASSWORD@HOST:5432/DATABASE",
                where=self.name,
            )
        url = Secret(text)
        source = variables.source(self.url_variable)
        address = urls.read(url, variable=source, environ=variables)
        label = TargetLabel(self.name, address.shown_host, address.database, protected=self.protected)
        return Target(self, label, url, source)


@dataclass(frozen=True, slots=True)
class Target:
    """An environment resolved to one database. `label` is for people; `source` says where the URL came from."""

    environment: Environment
    label: TargetLabel
    url: Secret
    source: str = ""


__all__ = ["Environment", "Gate", "MissingVariableError", "Target", "UnknownEnvironmentError"]
