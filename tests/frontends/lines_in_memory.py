"""A real process with a front end that speaks in lines, on the scenario: `python -m ... FACE [WORKFLOW]`."""

import sys

from tests.conformance.scenario import house

from schema_sensei.frontends.choose import choose, front_end
from schema_sensei.frontends.requests import OpenGuide, StartRun

if __name__ == "__main__":
    request = StartRun(workflow=sys.argv[2]) if sys.argv[2:] else OpenGuide()
    sys.exit(front_end(choose(sys.argv[1])).visit(house(), request))
