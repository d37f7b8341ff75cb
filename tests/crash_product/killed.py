"""`sensei` with a gun to its head: killed.py POINT LOG sensei-arguments...

Writes the name of each point that it passes to LOG, and dies with SIGKILL at the one whose name and count are POINT
(such as `append:12` or `committed:1`); with POINT `none` it lives. Points are: after every write to the journal
(`create`, `append`), around the revision file, around every statement sent to the target, and around its COMMIT; after
a backup was written (`dumped`, `copied`), before it is proven, around its manifest, and after each batch of a filling.
"""

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from schema_sensei.__main__ import main
from schema_sensei.changes.backups import copying, dumping, taking
from schema_sensei.changes.backups.shelf import Shelf
from schema_sensei.gates.execution import Execution
from schema_sensei.gates.filling import Filling
from schema_sensei.journal.store import StoredJournal
from schema_sensei.migrations import Migrations

point, log = sys.argv[1], Path(sys.argv[2])
passed: Counter[str] = Counter()


def reach(name: str) -> None:
    """Pass this point, or die here."""
    passed[name] += 1
    here = f"{name}:{passed[name]}"
    with log.open("a") as file:
        file.write(f"{here}\n")
    if here == point:
        os.kill(os.getpid(), signal.SIGKILL)


def around(owner: object, method: str, before: str | None, after: str) -> None:
    """Put points before and after a method; what it does stays as it is."""
    original: Callable[..., Any] = getattr(owner, method)

    def watched(*args: Any, **kwargs: Any) -> Any:
        if before:
            reach(before)
        result = original(*args, **kwargs)
        reach(after)
        return result

    setattr(owner, method, watched)


around(StoredJournal, "create", None, "create")
around(StoredJournal, "append", None, "append")
around(Migrations, "autogenerate", "generating", "generated")
around(Execution, "_execute", "executing", "executed")
around(Execution, "_transaction", "beginning", "committed")
around(dumping, "dump", None, "dumped")
around(copying, "copy", None, "copied")
around(taking, "verify", "verifying", "verified")
around(Shelf, "keep", "keeping", "kept")
around(Filling, "_batch", None, "filled")
sys.argv = ["sensei", *sys.argv[3:]]
main()
