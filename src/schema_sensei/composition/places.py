"""Where this user's own files stand: caches, decisions to trust, the scratch server."""

from pathlib import Path

import platformdirs

_NAME = "schema-sensei"


def cache() -> Path:
    """Compiled definitions; may be deleted at any time."""
    return Path(platformdirs.user_cache_dir(_NAME, appauthor=False)) / "definitions"


def state() -> Path:
    """What a person decided once, such as which workflows to trust."""
    return Path(platformdirs.user_state_dir(_NAME, appauthor=False))


def scratch_server() -> Path:
    """The embedded server on which scratch databases are made; may be deleted while no sensei runs."""
    return Path(platformdirs.user_cache_dir(_NAME, appauthor=False)) / "scratch-server"
