"""kill -9 at every point of a run, then resume: each effect happens exactly once, or a person is asked."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_a_run_survives_kill_at_every_point(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.crash.matrix", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    counted = json.loads(done.stdout.splitlines()[-1])
    with capsys.disabled():
        print(
            f"\nengine crash matrix: killed at {counted['points']} points and {counted['pairs']} pairs of points; "
            f"{counted['resolved']} asked a person, nothing happened twice"
        )
    assert counted["points"] > 60
    assert counted["resolved"] >= 1
