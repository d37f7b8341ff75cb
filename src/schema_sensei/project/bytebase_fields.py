"""Reads the mapping to Bytebase: what all environments share stands at the top, what is their own beside them."""

from collections.abc import Mapping
from pathlib import Path

from ..terms.json import JsonValue
from .bytebase import DATABASE, GROUP, KEYS, PROJECT, BytebaseRoute
from .fields import Fields, Place

_NEEDED = {
    "url": "Write its address: url: https://bytebase.example.com",
    "project": "Write its name there: project: projects/app",
    "account": "Write the service account's e-mail, or the variable that holds it: account: BYTEBASE_ACCOUNT",
    "databases": "Write their names there: databases: instances/prod-pg/databases/app",
}
_SHARED_HINT = "It may stand here or under `bytebase:` at the top. "


class BytebaseFields(Fields):
    """The keys of `bytebase:`, at the top and in an environment."""

    def _check_shared(self, top: Mapping[str, JsonValue]) -> None:
        """Note the problems of what all environments share, once."""
        if "bytebase" in top:
            shared = self._mapping(top["bytebase"], ("bytebase",), KEYS, "bytebase")
            self._parts(shared, ("bytebase",))

    def _route(
        self, top: Mapping[str, JsonValue], fields: Mapping[str, JsonValue], place: Place, name: str
    ) -> BytebaseRoute | None:
        if "bytebase" not in fields:
            return None
        here: Place = (*place, "bytebase")
        own = fields["bytebase"]
        if isinstance(own, str | list):
            own = {"databases": own}
        given = self._mapping(own, here, KEYS, f"bytebase of {name[:32]}")
        shared = top.get("bytebase")
        general = shared if isinstance(shared, dict) else {}
        before = len(self.problems)
        parts = self._parts(given, here)
        for key, hint in _NEEDED.items():
            if key not in given and key not in general:
                first = "" if key == "databases" else _SHARED_HINT
                self._note("missing", f"the way of {name[:32]} through Bytebase lacks `{key}`", here, first + hint)
        either = {"key", "token"}
        if not either & (set(given) | set(general)):
            hint = "Name the variable that holds the service account's key: key: BYTEBASE_KEY"
            self._note("missing", f"the way of {name[:32]} through Bytebase lacks `key`", here, _SHARED_HINT + hint)
        if len(self.problems) > before:
            return None
        quiet = BytebaseFields(self.document)  # its problems are noted already
        merged = {**quiet._parts({k: v for k, v in general.items() if k in KEYS}, ("bytebase",)), **parts}
        if either & set(given):
            merged = {key: value for key, value in merged.items() if key not in either or key in given}
        return None if quiet.problems else _built(merged, self.root)

    def _parts(self, given: Mapping[str, JsonValue], place: Place) -> dict[str, object]:
        """What stands there, by key, without what has a problem."""
        found: dict[str, object] = {
            "url": self._optional(given, "url", self._server, place),
            "project": self._optional(given, "project", self._project_there, place),
            "account": self._optional(given, "account", self._account, place),
            "key": self._optional(given, "key", self._key, place),
            "token": self._optional(given, "token", self._key, place),
            "databases": self._optional(given, "databases", self._databases, place),
            "headers": self._optional(given, "headers", self._headers, place),
            "ca": self._optional(given, "ca", self._text, place),
        }
        return {key: value for key, value in found.items() if value is not None}

    def _server(self, value: JsonValue, place: Place) -> str | None:
        if isinstance(value, str) and "://" in value:
            scheme, _, rest = value.partition("://")
            if scheme in {"http", "https"} and rest.strip("/") and "@" not in rest.split("/")[0]:
                return value
            hint = "For example https://bytebase.example.com; a password never stands in it."
            self._note("url", "this is no address of a Bytebase server", place, hint)
            return None
        return self._variable(value, place)

    def _project_there(self, value: JsonValue, place: Place) -> str | None:
        text = self._text(value, place)
        if text is None:
            return None
        name = text if text.startswith("projects/") else f"projects/{text}"
        if not PROJECT.fullmatch(name):
            self._note("project", "this is no name of a project in Bytebase", place, "For example projects/app.")
            return None
        return name

    def _account(self, value: JsonValue, place: Place) -> str | None:
        if isinstance(value, str) and "@" in value and "://" not in value:
            return value
        return self._variable(value, place)

    def _key(self, value: JsonValue, place: Place) -> str | None:
        if isinstance(value, str) and (value.startswith("bbs_") or value.count(".") == 2):
            hint = (
                "Put it in an environment variable or the env file, and write the variable's name here. "
                "If this was committed, rotate the key."
            )
            self._note("secret-not-variable", "a secret must not stand here", place, hint)
            return None
        return self._variable(value, place)

    def _databases(self, value: JsonValue, place: Place) -> tuple[str, ...] | None:
        names = self._texts(value, place)
        if names is None:
            return None
        if not names:
            self._note("missing", "there are no databases", place, _NEEDED["databases"])
        listed = isinstance(value, list)
        for index, name in enumerate(names):
            if not (DATABASE.fullmatch(name) or GROUP.fullmatch(name)):
                where = (*place, index) if listed else place
                self._note("database", "this is no name of a database in Bytebase", where, _NEEDED["databases"])
        if any(GROUP.fullmatch(name) for name in names) and len(names) > 1:
            self._note("database", "a database group stands alone", place, "Write one group, or a list of databases.")
        if len(set(names)) < len(names):
            self._note("database", "a database stands there twice", place, "Name each one once.")
        return names

    def _headers(self, value: JsonValue, place: Place) -> tuple[tuple[str, str], ...] | None:
        if not isinstance(value, dict):
            self._wrong(place, "a mapping of header names to variables", value)
            return None
        found: list[tuple[str, str]] = []
        for name, entry in value.items():
            if name.lower() == "authorization":
                hint = "Authorization belongs to the client itself; use another header for the gateway."
                self._note("header", "this header cannot be given", (*place, name), hint, key=True)
            elif (variable := self._variable(entry, (*place, name))) is not None:
                found.append((name, variable))
        return tuple(found)


def _built(parts: Mapping[str, object], root: Path) -> BytebaseRoute:
    def text(key: str) -> str:
        value = parts.get(key, "")
        return value if isinstance(value, str) else ""

    databases, headers = parts["databases"], parts.get("headers", ())
    if not isinstance(databases, tuple) or not isinstance(headers, tuple):
        raise TypeError("databases and headers are tuples")
    return BytebaseRoute(
        url=text("url"),
        project=text("project"),
        databases=databases,
        account=text("account"),
        key=text("key"),
        token=text("token"),
        headers=headers,
        ca=root / text("ca") if "ca" in parts else None,
    )
