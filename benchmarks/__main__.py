"""`python -m benchmarks [NAME...]`: every module with a measure(), or the named ones; exit 1 if a limit is missed."""

import sys
from importlib import import_module
from pathlib import Path

from .measure import Measure

FRAME = {"__init__", "__main__", "measure"}
HEAD = f"{'name':<44} {'ours':>10} {'raw':>10} {'ratio':>7} {'limit':>7}  ok"


def _names() -> list[str]:
    found = sorted(path.stem for path in Path(__file__).parent.glob("*.py"))
    return [name for name in found if name not in FRAME]


def _line(measure: Measure) -> str:
    ours, raw = (f"{value * 1000:.1f} ms" for value in (measure.ours_seconds, measure.raw_seconds))
    mark = "yes" if measure.ok else "NO"
    return f"{measure.name:<44} {ours:>10} {raw:>10} {measure.ratio:>7.2f} {measure.limit_ratio:>7.2f}  {mark}"


def main(names: list[str]) -> int:
    """Run the named benchmarks one after the other; returns the exit code."""
    known = _names()
    for unknown in sorted(set(names) - set(known)):
        print(f"There is no benchmark {unknown}. There are: {', '.join(known)}", file=sys.stderr)
        return 2
    print(HEAD, flush=True)
    missed = 0
    for name in names or known:
        module = import_module(f"{__package__}.{name}")
        if not hasattr(module, "measure"):
            continue
        for entry in module.measure():
            measure = entry if isinstance(entry, Measure) else Measure(*entry)
            missed += not measure.ok
            print(_line(measure), flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
