"""The way in: `sensei` alone goes straight to the guide, anything else through the command line.

The one place where an error becomes words on stderr and an exit code.
"""

import gc
import os
import sys
from pathlib import Path
from typing import NoReturn

from . import debug_log
from .terms import garbage
from .terms.errors import SenseiError
from .terms.exit_codes import ExitCode
from .terms.secrets import REDACTOR


def main() -> None:
    """Run the program and exit."""
    gc.set_threshold(garbage.THRESHOLD)
    try:
        sys.exit(_run())
    except SenseiError as error:
        _fail(error)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ExitCode.DONE)
    except Exception as error:
        _fail(debug_log.unexpected(error))


def _run() -> int:
    if len(sys.argv) == 1 and "_SENSEI_COMPLETE" not in os.environ:
        # The commonest call needs no command line: leaving click out is a tenth of the time to the first question.
        from .composition.visits import guide

        debug_log.start(None, REDACTOR)
        return guide(Path(), REDACTOR, face=None)
    from .cli import run_verbs

    return run_verbs()


def _fail(error: SenseiError) -> NoReturn:
    from .frontends.wording import error_lines

    for line in error_lines(error.what, error.means, error.remedy, error.where):
        sys.stderr.write(REDACTOR.mask(line) + "\n")
    sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
