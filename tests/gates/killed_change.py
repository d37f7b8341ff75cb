"""One change through the gate, in a process of its own that dies at a call: killed_change.py CALL WHEN FILE.

FILE holds the settings, and takes the handle that `check` answers, as the journal does before the first effect. At the
call with the number CALL, from 0, the process kills itself: WHEN `before` it is sent, or `after` the server answered.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from tests.gates.scripts import Listener, first, target

from schema_sensei.bytebase.account import ServiceAccount
from schema_sensei.bytebase.client import Client
from schema_sensei.bytebase.connection import Address, Connection, Tries
from schema_sensei.bytebase.delivery import Pace
from schema_sensei.changes.script import Script
from schema_sensei.gates.bytebase import Bytebase
from schema_sensei.project.bytebase import BytebaseRoute
from schema_sensei.terms.secrets import Secret

SCRIPT = Script((first("a1", "CREATE TABLE pupils (name text)", "INSERT INTO pupils VALUES ('Ada')"),))
PACE = Pace(first=0.01, most=0.1, settle=0.5, outage=20.0, log_after=0.2)


def client(settings: dict[str, Any]) -> Client:
    """A client with a login of its own."""
    account = ServiceAccount(settings["account"], Secret(settings["key"]))
    tries = Tries(most=3, pause=0.1, timeout=20.0, connect_timeout=2.0)
    return Client(Connection(Address(settings["url"]), account, tries=tries))


def carry_through(settings: dict[str, Any], file: Path, made: Client) -> None:
    """Check, keep the handle, apply; with a handle that is kept, go on from there."""
    aim = target(Secret(settings["database"]), gate="bytebase")
    route = BytebaseRoute(settings["url"], settings["project"], (settings["name"],), settings["account"], "KEY")

    def gate() -> Bytebase:
        return Bytebase(
            client=made, route=route, operation=settings["operation"], title="Pupils", pace=PACE,
            handle=settings.get("handle", {}),
        )  # fmt: skip

    if "handle" not in settings:
        arrival = gate().check(SCRIPT, aim)
        settings |= {"handle": dict(arrival.handle), "identity": arrival.identity}
        file.write_text(json.dumps(settings))
    elif gate().state(SCRIPT, aim).position.finished:
        return
    gate().apply(SCRIPT, aim, approved_digest=SCRIPT.digest, identity=settings["identity"], progress=Listener())


def main(call: int, when: str, file: Path) -> None:
    """Carry the change through, and die at the call."""
    settings = json.loads(file.read_text())
    made = client(settings)
    original, seen = made.connection._once, [0]

    def watched(*arguments: Any) -> Any:
        number = seen[0]
        seen[0] += 1
        if number == call and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            return original(*arguments)
        finally:
            if number == call:
                os.kill(os.getpid(), signal.SIGKILL)

    made.connection._once = watched  # type: ignore[method-assign, assignment]  # where each call passes
    carry_through(settings, file, made)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
