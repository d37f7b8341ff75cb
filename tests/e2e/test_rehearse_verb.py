"""`sensei rehearse`: by range, by pending revisions, as text and as JSON, with exit codes for a pipeline."""

import json
from pathlib import Path

from tests.e2e.person import Person

from schema_sensei.terms.exit_codes import ExitCode

NEWEST = "5e8d13fb6c20"
BEFORE = "a70b5e93cd41"


def test_pending_and_named_revisions_are_rehearsed(person: Person) -> None:
    nothing = person.types("rehearse")
    assert nothing.returncode == ExitCode.DONE, nothing.stdout + nothing.stderr
    assert "Nothing is pending on dev" in nothing.stdout

    one = person.types("rehearse", NEWEST[:5])
    assert one.returncode == ExitCode.DONE, one.stdout + one.stderr
    assert f"{BEFORE} → {NEWEST}" in one.stdout

    every = person.types("rehearse", f"base..{NEWEST}", "--format", "json")
    assert every.returncode == ExitCode.DONE, every.stdout + every.stderr
    assert json.loads(every.stdout)["proof"]["differences"] == []

    wrong = person.types("rehearse", f"{NEWEST}..{BEFORE}")
    assert wrong.returncode == ExitCode.USAGE
    assert f"sensei rehearse {BEFORE}..{NEWEST}" in wrong.stderr
    unknown = person.types("rehearse", "nobody")
    assert unknown.returncode == ExitCode.USAGE
    assert "There is no revision 'nobody'" in unknown.stderr


def test_a_pending_revision_with_an_empty_downgrade_stops_the_pipeline(person: Person) -> None:
    (person.root / "migrations/versions/2026_03_01_0badc0de0001_hats.py").write_text(
        '"""hats"""\nfrom alembic import op\n\n'
        f'revision = "0badc0de0001"\ndown_revision = "{NEWEST}"\nbranch_labels = None\ndepends_on = None\n\n\n'
        'def upgrade() -> None:\n    op.execute("CREATE TABLE hats (id int)")\n\n\ndef downgrade() -> None:\n    pass\n'
    )
    ran = person.types("rehearse")
    assert ran.returncode == ExitCode.DECLINED, ran.stdout + ran.stderr
    assert "the downgrade of 0badc0de0001 is empty" in ran.stdout
    assert "left behind: table public.hats" in ran.stdout
    assert "hats" not in person.tables("dev")
    found = json.loads(person.types("rehearse", "--format", "json").stdout)
    assert (found["revisions"], found["proof"]["value"]) == (["0badc0de0001"], "failed")


def test_outside_a_project_it_says_what_is_missing(person: Person, tmp_path: Path) -> None:
    ran = Person(tmp_path).types("rehearse")
    assert ran.returncode == ExitCode.USAGE
    assert "sensei init" in ran.stderr
