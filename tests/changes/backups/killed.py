"""Takes a backup of a whole database in a process of its own, so that a test can kill it: URL, folder, name."""

import sys
from pathlib import Path

from tests.changes.backups.saving import bench

from schema_sensei.postgres.scratch import Scratch
from schema_sensei.terms.secrets import Secret

if __name__ == "__main__":
    url = Secret(sys.stdin.readline().strip())
    bench(url, Path(sys.argv[1]), Scratch(url)).dump(name=sys.argv[2])
