"""What the server remembers: documents by kind and key, in memory, and on disk before anybody is told."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

Document: TypeAlias = dict[str, Any]

FIRST_NUMBER = 101
"""Where the numbers of a project's plans, issues, tasks and task runs begin."""


class Store:
    """A document store that one process opens; safe for threads, whole after a kill at any instant.

    Work on documents only inside `changing`; what was `put` there is written in one transaction when the outermost
    block ends, also when it ends with an exception, because refusals leave documents as they are.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._closed = False
        self._changed: dict[tuple[str, str], None] = {}
        self._kinds: dict[str, dict[str, Document]] = {}
        self._disk = sqlite3.connect(file or ":memory:", check_same_thread=False, isolation_level=None)
        self._disk.execute("PRAGMA journal_mode = WAL")
        self._disk.execute("PRAGMA synchronous = NORMAL")
        self._disk.execute(
            "CREATE TABLE IF NOT EXISTS document (kind TEXT, key TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, key))"
        )
        for kind, key, body in self._disk.execute("SELECT kind, key, body FROM document ORDER BY rowid"):
            self._kinds.setdefault(kind, {})[key] = json.loads(body)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the store; write what changed when leaving."""
        with self._lock:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if not self._depth:
                    self._write()

    def get(self, kind: str, key: str) -> Document | None:
        """The document, to be changed in place and `put` back."""
        return self._kinds.get(kind, {}).get(key)

    def all(self, kind: str) -> list[Document]:
        """The documents of a kind, oldest first."""
        return list(self._kinds.get(kind, {}).values())

    def put(self, kind: str, key: str, document: Document) -> Document:
        """Remember a new or changed document."""
        self._kinds.setdefault(kind, {})[key] = document
        self._changed[kind, key] = None
        return document

    def remove(self, kind: str, key: str) -> None:
        """Forget a document."""
        self._kinds.get(kind, {}).pop(key, None)
        self._changed[kind, key] = None

    def next_number(self, project: str, series: str) -> int:
        """The next number of a project's plans, issues, tasks or task runs."""
        key = f"{project}/{series}"
        last = self.get("series", key) or {"last": FIRST_NUMBER - 1}
        return int(self.put("series", key, {"last": last["last"] + 1})["last"])

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._closed = True
            self._disk.close()

    def _write(self) -> None:
        if not self._changed or self._closed:
            return
        changed = [(kind, key, self.get(kind, key)) for kind, key in self._changed]
        self._changed.clear()
        self._disk.execute("BEGIN IMMEDIATE")
        for kind, key, body in changed:
            if body is None:
                self._disk.execute("DELETE FROM document WHERE kind = ? AND key = ?", (kind, key))
            else:
                self._disk.execute(
                    "INSERT INTO document VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body",
                    (kind, key, json.dumps(body)),
                )
        self._disk.execute("COMMIT")
