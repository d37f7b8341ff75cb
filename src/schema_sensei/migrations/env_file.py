"""What the text of an env.py tells without running it: where it takes its URL from."""

import re

_VARIABLE = re.compile(
    r"""(?:environ(?:\.get)?\s*[\[(]|getenv\s*\(|\benv(?:\.str)?\s*\()\s*f?(?P<quote>["'])(?P<name>[A-Z][A-Z0-9_]*)(?P=quote)"""
)
_URL_LIKE = re.compile(r"URL|URI|DSN|DATABASE|CONN", re.IGNORECASE)
_ARGUMENT = re.compile(r"""(?:\.get\s*\(|\[)\s*(?P<quote>["'])(?P<name>\w+)(?P=quote)""")


def url_variables(text: str) -> tuple[str, ...]:
    """The environment variables it reads whose names look like a database URL, in the order in which they stand."""
    names = (match["name"] for match in _VARIABLE.finditer(text))
    return tuple(dict.fromkeys(name for name in names if _URL_LIKE.search(name)))


def url_arguments(text: str) -> tuple[str, ...]:
    """The names under which it looks for a URL among the `-x name=value` arguments."""
    if "get_x_argument" not in text:
        return ()
    names = (match["name"] for match in _ARGUMENT.finditer(text))
    return tuple(dict.fromkeys(name for name in names if name.islower() and _URL_LIKE.search(name)))
