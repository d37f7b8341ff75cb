"""A real process with the real front end on the memory house: `python -m tests.frontends.tui.sensei_in_memory`."""

import sys

from tests.frontends.tui.memory_house import MemoryHouse

from schema_sensei.frontends.requests import OpenGuide, StartRun
from schema_sensei.frontends.tui.app import visit

sys.exit(visit(MemoryHouse(), StartRun(workflow=sys.argv[1]) if sys.argv[1:] else OpenGuide()))
