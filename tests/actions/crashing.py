"""A process of its own that deploys, and kills itself with SIGKILL at the place it is told; run by test_crash.py."""

import json
import os
import signal
import sys
from pathlib import Path

from tests.actions.desk import Desk

from schema_sensei.actions.deploy import Deploy
from schema_sensei.actions.services import Services
from schema_sensei.engine.ports import Intent
from schema_sensei.migrations import Migrations
from schema_sensei.postgres.scratch import Scratch
from schema_sensei.project.config import load
from schema_sensei.terms.json import JsonObject


class DoomedDesk(Desk):
    """Keeps into a file, durably, like a journal; dies where `doom` says."""

    doom: str
    journal: Path

    def keep(self, data: JsonObject) -> None:
        self._die_at(f"keep {data['state']} {data['unit']}")
        with self.journal.open("a") as file:
            file.write(json.dumps(data) + "\n")

    def output(self, text: str, stream: object = "out") -> None:
        self._die_at(f"output {text.strip()}")

    def _die_at(self, place: str) -> None:
        if self.doom in place:
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    order = json.loads(sys.stdin.read())
    project = load(Path(order["root"]))
    migrations = Migrations(project.layout)
    services = Services(
        project=project,
        migrations=lambda: migrations,
        scratch=lambda: Scratch(project.target("dev").url),
        environ=os.environ,
        operator="test",
    )
    desk = DoomedDesk(order["parameters"], step="deploy")
    desk.doom, desk.journal = order["doom"], Path(order["journal"])
    Deploy(services).perform(desk, Intent(handle=order["handle"], answer=True))


if __name__ == "__main__":
    main()
