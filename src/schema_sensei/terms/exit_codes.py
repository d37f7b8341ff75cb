"""The exit codes of `sensei`: the one place that numbers them."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a script may rely on (listed in `sensei --help`)."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    DECLINED = 3
    ANSWER_MISSING = 4
    RESOLVE = 5
    HELD = 6
    UNREACHABLE = 7
    TIMEOUT = 124
    INTERRUPTED = 130
    TERMINATED = 143
