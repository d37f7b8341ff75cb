"""What the size of the real table says: how long a lock would last, and when that is no time at all."""

from .linting import SEEN_BY_LOCKS

SMALL_ROWS, SMALL_BYTES = 1_000, 10 * 1024**2
"""Below both, a scan or a rewrite takes some milliseconds (GitLab's migration guide draws the line at 1 000 rows)."""

READ_RATE, WRITE_RATE = 100 * 1024**2, 30 * 1024**2
"""Bytes per second of a sequential scan and of a rewrite with its indexes, on a middling server; a guess in words."""

_SCANS = SEEN_BY_LOCKS | {"scan-under-lock", "validate-in-same-transaction", "lock-held-through-backfill"}
_WRITES = frozenset(
    {"table-rewrite", "lock-held-through-backfill", "mass-update", "mass-delete", "many-rows", "reindex-blocks"}
)
_HARMLESS_WHEN_SMALL = _SCANS | {"refresh-blocks-reads", "mass-update", "many-rows"}
_HARMLESS_WHEN_EMPTY = _HARMLESS_WHEN_SMALL | {"required-column", "mass-delete", "truncate"}


def small(hazard: str, size: tuple[int, int] | None, target: str) -> str:
    """Why a hazard is none on a table of (rows, bytes), empty when it is one."""
    if size is None:
        return ""
    rows, held = size
    if rows == 0 and hazard in _HARMLESS_WHEN_EMPTY:
        return f"The table is empty on {target}."
    if rows < SMALL_ROWS and held < SMALL_BYTES and hazard in _HARMLESS_WHEN_SMALL:
        return f"The table has {count(rows)} on {target} ({in_bytes(held)}): it takes milliseconds."
    return ""


def duration(hazard: str, size: int) -> str:
    """About how long a hazard's lock would last on so many bytes; empty where it does not depend on them."""
    if hazard not in _SCANS | _WRITES | {"refresh-blocks-reads"}:
        return ""
    seconds = size / (WRITE_RATE if hazard in _WRITES else READ_RATE)
    if seconds < 1:
        return "less than a second"
    if seconds < 100:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5_400 else f"about {seconds / 3_600:.1f} h"


def count(rows: int) -> str:
    """Rows in words: `1 row`, `about 41 200 000 rows` above what anybody counts."""
    if rows == 1:
        return "1 row"
    return f"{rows} rows" if rows < SMALL_ROWS else f"about {rows:,} rows".replace(",", " ")


def in_bytes(size: int) -> str:
    """Bytes in words: `16 kB`, `1.2 GB`, as PostgreSQL's pg_size_pretty counts."""
    value = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit in {"bytes", "kB"} or value >= 10 else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TB"
