"""Makes a practice project and kills itself on the way: creation.py DIRECTORY [POINT], with POINT such as execute:3."""

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from schema_sensei.practice import project

wanted = sys.argv[2] if len(sys.argv) > 2 else ""
seen: Counter[str] = Counter()


def reach(kind: str) -> None:
    """Die before the counted call if it is the wanted one."""
    seen[kind] += 1
    if f"{kind}:{seen[kind]}" == wanted:
        os.kill(os.getpid(), signal.SIGKILL)


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Count what Python tells of: renames, and programs that start."""
    if event == "os.rename":
        reach("rename")
    elif event == "subprocess.Popen":
        reach("program")


def counted(execute: Callable[..., Any]) -> Callable[..., Any]:
    """Count what goes to a database."""

    def run(*args: Any, **kwargs: Any) -> Any:
        reach("execute")
        return execute(*args, **kwargs)

    return run


sys.addaudithook(watch)
psycopg.Connection.execute = counted(psycopg.Connection.execute)  # type: ignore[method-assign]  # a counting twin
project.create(Path(sys.argv[1]))
print(dict(seen))
