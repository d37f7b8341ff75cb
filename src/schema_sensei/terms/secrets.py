"""Secrets that cannot be printed by accident, and the redactor that masks them in foreign text."""

import re
import threading

MASK = "•••"
_URL_PASSWORD = re.compile(r"(?P<head>\b[\w+.-]+://[^\s:/@]*):(?P<password>[^\s@/]+)@")
_CONNINFO_PASSWORD = re.compile(
    r"(?P<head>\b(?:password|passwd|pgpassword)\s*[=:]\s*)(?P<password>'[^']*'|\"[^\"]*\"|[^\s,;&]+)", re.IGNORECASE
)


class Secret:
    """A text that shows itself only to `reveal()`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself; call it only where it leaves for the outside world."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


class Redactor:
    """Masks known secrets, and anything that looks like a password in a URL or conninfo; thread-safe."""

    def __init__(self) -> None:
        self._known: tuple[str, ...] = ()
        self._lock = threading.Lock()

    def learn(self, *secrets: str) -> None:
        """From now on mask these texts wherever they stand; texts under four characters are left alone."""
        with self._lock:
            known = {*self._known, *(secret for secret in secrets if len(secret) >= 4)}
            self._known = tuple(sorted(known, key=len, reverse=True))

    def mask(self, text: str) -> str:
        """The text with every known secret and every password-like part masked."""
        for secret in self._known:
            text = text.replace(secret, MASK)
        text = _URL_PASSWORD.sub(rf"\g<head>:{MASK}@", text)
        return _CONNINFO_PASSWORD.sub(rf"\g<head>{MASK}", text)


REDACTOR = Redactor()
"""What this process has learned: one for journal, screens and log alike."""
