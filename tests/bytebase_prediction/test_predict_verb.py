"""`sensei bytebase predict`: what it prints for a file, byte by byte, and how it ends."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from schema_sensei.cli import sensei
from schema_sensei.composition.predicting import predict
from schema_sensei.terms.errors import UsageError
from schema_sensei.terms.exit_codes import ExitCode


def _predict(where: Path, content: bytes, *options: str) -> Result:
    (where / "sheet.sql").write_bytes(content)
    return CliRunner().invoke(sensei, ["bytebase", "predict", str(where / "sheet.sql"), *options])


def test_the_json_lists_executions_in_the_servers_order_repeated_ones_repeated(tmp_path: Path) -> None:
    sheet = b"DROP INDEX CONCURRENTLY i;\nUPDATE member SET role = 1;\nSELECT 1;\n"

    done = _predict(tmp_path, sheet, "--format", "json")

    assert done.exit_code == ExitCode.DECLINED
    found = json.loads(done.output)
    assert set(found) == {"executions", "faithful", "why"}
    assert found["executions"] == [
        {"sql": "\nUPDATE member SET role = 1;", "transaction": True},
        {"sql": "\nSELECT 1;", "transaction": True},
        {"sql": "DROP INDEX CONCURRENTLY i;", "transaction": False},
        {"sql": "\nUPDATE member SET role = 1;", "transaction": False},
    ]
    assert found["faithful"] is False
    assert [set(each) for each in found["why"]] == [{"statement", "reason", "cure"}] * 2


def test_a_faithful_file_ends_with_zero(tmp_path: Path) -> None:
    done = _predict(tmp_path, b"SELECT 1;\nSELECT 2;\n")

    assert done.exit_code == ExitCode.DONE
    assert done.output == (
        "The server runs, in this order:\n     BEGIN\n   1 SELECT 1;\n   2 SELECT 2;\n     COMMIT\n\n"
        "Faithful: it runs as it reads.\n"
    )


def test_the_text_shows_transactions_repetitions_and_cures(tmp_path: Path) -> None:
    done = _predict(tmp_path, b"UPDATE member SET role = 1;\nSELECT 1;")

    assert done.exit_code == ExitCode.DECLINED
    lines = done.output.splitlines()
    assert lines[:6] == [
        "The server runs, in this order:",
        "     BEGIN",
        "   1 UPDATE member SET role = 1;",
        "   2 SELECT 1;",
        "     COMMIT",
        "   3 UPDATE member SET role = 1;  (again)",
    ]
    assert '    UPDATE member SET "role" = 1;' in lines
    assert lines[-1] == "Not faithful: 1 finding. Do not send it as it stands."


def test_nothing_to_run_is_said(tmp_path: Path) -> None:
    assert _predict(tmp_path, b"-- only this\n").output.startswith("The server runs nothing of it.\n")


@pytest.mark.parametrize(
    ("content", "statement"),
    [(b"\xef\xbb\xbfSELECT 1;", "\ufeffSELECT 1;"), (b"-- a\rSELECT 1;\n-- b", "SELECT 1")],
)
def test_bytes_that_editors_hide_count(tmp_path: Path, content: bytes, statement: str) -> None:
    done = _predict(tmp_path, content, "--format", "json")

    assert json.loads(done.output)["why"][0]["statement"] == statement


def test_carriage_returns_before_line_feeds_are_kept_and_harmless(tmp_path: Path) -> None:
    done = _predict(tmp_path, b"-- txn-mode = off\r\nSELECT 1;\r\nSELECT 2;\r\n", "--format", "json")

    assert [each["sql"] for each in json.loads(done.output)["executions"]] == ["SELECT 1;", "\r\nSELECT 2;"]


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    latin = tmp_path / "latin.sql"
    latin.write_bytes("SELECT 'é';".encode("latin-1"))

    with pytest.raises(UsageError) as not_text:
        predict(latin, form="text")
    with pytest.raises(UsageError) as missing:
        predict(tmp_path / "missing.sql", form="text")

    assert not_text.value.where == "byte 9"
    assert "No such file" in str(missing.value)
