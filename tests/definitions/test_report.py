"""Reports: the line and a caret for people, a list for programs, nothing that could repaint a terminal."""

import json
from pathlib import Path

from schema_sensei.definitions import report
from schema_sensei.definitions.problems import DefinitionError, Problem


def test_a_problem_is_shown_with_its_line_and_hint(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("id: a\ntitel: x\n")
    text = report.text([Problem(str(file), 2, 1, "unknown-key", "`titel` is no key here", "Did you mean `title`?")], 1)
    assert text.splitlines() == [
        f"{file}:2:1: `titel` is no key here [unknown-key]",
        "    2 | titel: x",
        "      | ^",
        "      Did you mean `title`?",
        "",
        "1 problem in 1 file.",
    ]
    assert report.text([], 3) == "No problems in 3 files."


def test_the_caret_stands_under_its_place_in_a_long_line(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("x" * 300 + "!" + "y" * 300)
    lines = report.text([Problem(str(file), 1, 301, "c", "m")]).splitlines()
    assert len(lines[1]) <= report.WIDTH + 8
    assert lines[1][lines[2].index("^")] == "!"


def test_control_characters_never_reach_the_screen(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"id: \x1b[31m\xff\n")
    assert "\x1b" not in report.text([Problem(str(file), 1, 5, "c", "m")])


def test_a_file_that_is_gone_and_a_place_beyond_its_end_are_no_trouble(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("x\n")
    assert report.text([Problem(str(file), 9, 9, "c", "m"), Problem("gone.yaml", 1, 1, "c", "m")]).count("[c]") == 2


def test_programs_get_json() -> None:
    problem = Problem("a.yaml", 1, 2, "c", "m", "h")
    assert json.loads(report.as_json([problem])) == [
        {"file": "a.yaml", "line": 1, "column": 2, "code": "c", "message": "m", "hint": "h"}
    ]


def test_an_error_carries_all_and_shows_the_first_ten() -> None:
    problems = [Problem("a.yaml", line, 1, "c", f"m{line}", "h") for line in range(1, 13)]
    error = DefinitionError("No.", problems)
    assert error.problems == tuple(problems)
    assert "m10" in error.means
    assert "m11" not in error.means
    assert error.means.endswith("...")
    assert error.where == "a.yaml:1"
