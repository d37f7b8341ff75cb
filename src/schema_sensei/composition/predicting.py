"""What `sensei bytebase predict` prints: what a Bytebase server runs of a file, and whether it is what it says."""

import json
from pathlib import Path

from ..terms.errors import UsageError
from ..terms.exit_codes import ExitCode


def predict(file: Path, *, form: str) -> tuple[str, ExitCode]:
    """The prediction for a file, read byte by byte: line ends and a byte order mark count. Exit 3 when not faithful."""
    from ..bytebase import prediction
    from ..bytebase.prediction import report

    try:
        text = file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{file} is not UTF-8 text.", remedy="Save it as UTF-8.", where=f"byte {error.start + 1}"
        ) from error
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.", remedy="Name a file that is there.") from error
    found = prediction.predict(text)
    code = ExitCode.DONE if found.faithful else ExitCode.DECLINED
    return json.dumps(found.to_json(), indent=2, ensure_ascii=False) if form == "json" else report.text(found), code
