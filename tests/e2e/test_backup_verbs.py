"""`sensei backup`, `backups` and `restore` at a shell: what they say, what they refuse, and their exit codes."""

import json
import os
import sys
from pathlib import Path

import pexpect
from tests.e2e.person import Person

from schema_sensei.terms.exit_codes import ExitCode


def newest(person: Person) -> dict[str, object]:
    (first, *_) = json.loads(person.types("backups", "--json").stdout)
    assert isinstance(first, dict)
    return first


def test_a_table_is_saved_dropped_and_brought_back_by_typing_its_environment(person: Person) -> None:
    saved = person.types("backup", "--table", "comments")
    assert saved.returncode == ExitCode.DONE, saved.stdout + saved.stderr
    assert "1 table, 883 rows, restored and compared" in saved.stdout
    found = newest(person)
    assert (found["environment"], found["tier"], found["verified"], found["wrong"]) == ("dev", "tables", True, "")
    person.asks("dev", "DELETE FROM comments WHERE id > 5 RETURNING id")

    refused = person.types("restore", "newest")
    assert refused.returncode == ExitCode.DECLINED
    assert "comments is not overwritten: it is there with 5 rows" in refused.stderr
    unasked = person.types("restore", "newest", "--missing")
    assert unasked.returncode == ExitCode.ANSWER_MISSING
    assert "--yes" in unasked.stderr

    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for typed, code in (("prod", ExitCode.DECLINED), ("dev", ExitCode.DONE)):
        child = pexpect.spawn(
            "sensei", ["restore", "newest", "--missing"], cwd=str(person.root), timeout=60, encoding="utf-8",
            env=os.environ | {"PATH": programs},
        )  # fmt: skip
        child.expect("Type dev to do it")
        child.sendline(typed)
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == code
    assert person.asks("dev", "SELECT count(*) FROM comments") == [(883,)]

    restored, taken = json.loads(person.types("runs", "--json").stdout)
    assert [(each["workflow"], each["status"]) for each in (restored, taken)] == [
        ("restore", "done"),
        ("backup", "done"),
    ]
    assert "878 missing rows are back" in restored["position"]
    told = person.types("show", restored["run"]).stdout
    for words in ("Restore a backup", str(found["id"]), "Agreed to: dev was typed.", "878 missing rows are back", "@"):
        assert words in told
    assert f'"sha256": "{found["sha256"]}"' in person.types("show", taken["run"], "--json").stdout


def test_a_restore_that_fails_or_is_killed_is_found_again_and_nobody_goes_on_with_it(person: Person) -> None:
    assert person.types("backup", "--table", "roles").returncode == ExitCode.DONE
    person.does("dev", "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")
    person.does("dev", "CREATE TRIGGER no BEFORE INSERT ON roles FOR EACH ROW EXECUTE FUNCTION no()")
    person.does("dev", "ALTER TABLE roles DISABLE TRIGGER USER; DELETE FROM memberships; DELETE FROM roles")
    person.does("dev", "ALTER TABLE roles ENABLE TRIGGER USER")

    failed = person.types("restore", "newest", "--yes")
    assert failed.returncode == ExitCode.DECLINED, failed.stdout + failed.stderr
    (newest_run, *_) = json.loads(person.types("runs", "--json").stdout)
    assert (newest_run["workflow"], newest_run["status"]) == ("restore", "failed")
    assert "did not come back as they were saved" in person.types("show").stdout

    for arguments in (("resume",), ("resume", newest_run["run"])):
        refused = person.types(*arguments)
        assert refused.returncode == ExitCode.USAGE, refused.stdout + refused.stderr


def test_what_cannot_be_done_is_told_with_the_way_out(person: Person) -> None:
    assert "No backups yet" in person.types("backups").stdout
    for typed, code, said in (
        (("backup", "--table", "nosuch"), ExitCode.USAGE, "There is no table nosuch in dev"),
        (("backup", "--env", "mars"), ExitCode.USAGE, "There is no environment mars"),
        (("restore", "newest"), ExitCode.USAGE, "There is no backup newest"),
        (("restore", "x", "--missing", "--aside"), ExitCode.USAGE, "exclude each other"),
        (("restore", "x", "--columns", "a"), ExitCode.USAGE, "wants one table"),
    ):
        ran = person.types(*typed)
        assert (ran.returncode, said in ran.stderr, "Traceback" in ran.stderr) == (code, True, False), ran.stderr


def test_prod_is_saved_and_never_restored_into(person: Person) -> None:
    assert person.types("backup", "--env", "prod", "--table", "accounts").returncode == ExitCode.DONE
    refused = person.types("restore", "newest", "--missing", "--yes")
    assert refused.returncode == ExitCode.DECLINED
    assert "prod has no direct way in" in refused.stderr
    elsewhere = person.types("restore", "newest", "--missing", "--yes", "--into", "dev")
    assert elsewhere.returncode == ExitCode.DONE, elsewhere.stderr


def test_what_is_broken_is_listed_as_that_and_pruned(person: Person) -> None:
    assert person.types("backup", "--table", "roles").returncode == ExitCode.DONE
    found = newest(person)
    (file,) = (person.root / ".sensei/backups" / str(found["id"])).glob("rows-*")
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))

    tried = person.types("backups", "verify", str(found["id"]))
    assert tried.returncode == ExitCode.FAILED
    assert "checksum" in tried.stderr
    assert "broken" in person.types("backups").stdout
    assert person.types("backup", "--table", "roles").returncode == ExitCode.DONE
    pruned = person.types("backups", "prune")
    assert str(found["id"]) in pruned.stdout
    kept = newest(person)
    assert kept["wrong"] == ""
    assert "Nothing to remove; 1 left" in person.types("backups", "prune", "--keep", "1", "--older", "0").stdout
    assert str(kept["id"]) in person.types("backups", "prune", "--keep", "0").stdout
