"""The workflows that change and remove what holds rows, from the models to the development database."""

import json
import subprocess
from pathlib import Path

import pytest
from tests.e2e.person import Person, as_made
from tests.e2e.schema_changes import (
    DELETE_TABLE,
    DROP_FOR_GOOD,
    EXPAND_CONTRACT,
    MODIFY_TABLE,
    SchemaChange,
    with_one_environment,
)

from schema_sensei.terms.exit_codes import ExitCode

ASIDE = "SELECT count(*) FROM sensei_trash.attachments"


@pytest.fixture
def person(practice: Path) -> Person:
    """A person in a practice project that has a development database only."""
    as_made(practice)
    with_one_environment(practice)
    return Person(practice)


def _runs(person: Person, change: SchemaChange) -> str:
    ran = person.types(*change.begin(person.root), timeout=300)
    assert ran.returncode == ExitCode.DONE, ran.stdout + ran.stderr
    assert "was not used" not in ran.stdout + ran.stderr
    return ran.stdout


def _comes_back(person: Person, *answers: str) -> None:
    """The class is put back into the models, and the table made again."""
    subprocess.run(["git", "checkout", "--quiet", "dashboard"], cwd=person.root, check=True)
    given = [
        "inputs.message=files are back",
        "edit=ready",
        'review={answer: approve, rule: "hazards.blocks == 0"}',
        "deploy={answer: true, rule: \"environment == 'dev'\"}",
        "note=all",
        *answers,
    ]
    back = person.types("run", "new-table", *(part for each in given for part in ("--set", each)), timeout=300)
    assert back.returncode == ExitCode.DONE, back.stdout + back.stderr


def test_a_table_that_is_removed_stands_aside_with_its_rows_and_comes_back(person: Person) -> None:
    _runs(person, DELETE_TABLE)
    assert "attachments" not in person.tables("dev")
    assert person.asks("dev", ASIDE) == [(473,)]

    _comes_back(person, "generate.restore.attachments=restore")
    assert person.asks("dev", "SELECT count(*) FROM attachments") == [(473,)]
    assert person.asks("dev", "SELECT 1 FROM pg_namespace WHERE nspname = 'sensei_trash'") == []


def test_a_table_that_was_set_aside_is_saved_dropped_and_restored(person: Person) -> None:
    _runs(person, DELETE_TABLE)
    before = person.asks("dev", "SELECT * FROM sensei_trash.attachments ORDER BY id")

    _runs(person, DROP_FOR_GOOD)

    assert person.asks("dev", "SELECT 1 FROM pg_namespace WHERE nspname = 'sensei_trash'") == []
    (backup,) = json.loads(person.types("backups", "--json").stdout)
    assert (backup["verified"], backup["tables"][0]["rows"]) == (True, 473)
    _comes_back(person)
    restored = person.types("restore", "newest", "--yes")
    assert restored.returncode == ExitCode.DONE, restored.stdout + restored.stderr
    assert person.asks("dev", "SELECT * FROM attachments ORDER BY id") == before


def test_a_rename_keeps_its_values_and_what_goes_comes_back_from_the_backup(person: Person) -> None:
    phones = person.asks("dev", "SELECT account_id, phone FROM profiles ORDER BY 1")
    birthdays = person.asks("dev", "SELECT account_id, born_on FROM profiles ORDER BY 1")

    _runs(person, MODIFY_TABLE)

    assert person.asks("dev", "SELECT account_id, telephone FROM profiles ORDER BY 1") == phones
    (left_on,) = person.asks("dev", "SELECT pg_typeof(left_on)::text FROM memberships LIMIT 1")
    assert left_on == ("timestamp with time zone",)
    refused = person.types("restore", "newest", "--table", "profiles", "--yes")
    assert refused.returncode == ExitCode.DECLINED
    assert "has no column born_on" in refused.stderr
    person.does("dev", "ALTER TABLE profiles ADD COLUMN born_on date")
    restored = person.types("restore", "newest", "--table", "profiles", "--yes")
    assert restored.returncode == ExitCode.DONE, restored.stdout + restored.stderr
    assert person.asks("dev", "SELECT account_id, born_on FROM profiles ORDER BY 1") == birthdays


def test_who_goes_on_without_a_backup_gets_the_change_all_the_same(person: Person) -> None:
    ran = person.types(*MODIFY_TABLE.begin(person.root), "--set", "backup=false", timeout=300)
    assert ran.returncode == ExitCode.DONE, ran.stdout + ran.stderr
    assert json.loads(person.types("backups", "--json").stdout) == []


def test_a_required_column_is_filled_before_it_is_required(person: Person) -> None:
    languages = person.asks("dev", "SELECT account_id, lower(language) || '_XX' FROM profiles ORDER BY 1")

    _runs(person, EXPAND_CONTRACT)

    assert person.asks("dev", "SELECT account_id, locale FROM profiles ORDER BY 1") == languages
    nullable = "SELECT is_nullable FROM information_schema.columns WHERE column_name = 'locale'"
    assert person.asks("dev", nullable) == [("NO",)]
    left = "SELECT conname FROM pg_constraint WHERE conname LIKE '%\\_filled'"
    assert person.asks("dev", left) == []
    agree = person.types("drift", "--env", "dev")
    assert agree.returncode == ExitCode.DONE, agree.stdout
