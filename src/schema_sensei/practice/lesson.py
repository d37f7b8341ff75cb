"""The first lesson: the table of certificates, which stands at the end of a models file as a comment."""

import re
from pathlib import Path

MODELS = Path("dashboard/models/assessments.py")
ANSWERS = Path("answers/new-table.yaml")
"""Answers that take a run of new-table through to the end, as a script would give them."""

_HINT = re.compile(r"\n# Add the next table here.*?\n#\n(?P<table>(?:#.*\n)+)\Z", re.DOTALL)


def add_certificates(root: Path) -> None:
    """Take the comment marks away, as a newcomer does in the editor; nothing happens the second time."""
    path = root / MODELS
    text = path.read_text()
    hint = _HINT.search(text)
    if hint:
        table = re.sub(r"^#(?:     )?", "", hint["table"], flags=re.MULTILINE)
        path.write_text(text[: hint.start()] + "\n" + table)
