"""^Z: whether there is a shell to go back to, and going there until `fg`."""

import os
import signal


def possible() -> bool:
    """Whether a shell would notice: in the group of the session's leader nobody could wake us again."""
    return os.getpgrp() != os.getsid(0)


def suspend() -> None:
    """Stop, together with the programs we run under, such as make; comes back after `fg`."""
    if possible():
        os.kill(0, signal.SIGTSTP)
