"""`sensei drift`: every environment, in three forms, with exit codes; adopting with a person and without."""

import json
import os
import sys
from pathlib import Path

import pexpect
import pytest
from tests.e2e.person import Person

from schema_sensei.postgres.session import connect
from schema_sensei.project import config
from schema_sensei.terms.exit_codes import ExitCode

NEWEST = "5e8d13fb6c20"


def says(person: Person, statement: str, environment: str = "dev") -> None:
    with connect(config.load(person.root).target(environment).url) as connection:
        connection.execute(statement.encode())


def test_a_pipeline_reads_what_differs_and_where(person: Person) -> None:
    agreed = person.types("drift")
    assert (agreed.returncode, agreed.stderr) == (ExitCode.DONE, "")
    assert agreed.stdout.startswith("✓ dev  ")
    assert "no drift" in agreed.stdout

    says(person, "ALTER TABLE workplaces ADD COLUMN floor text; CREATE INDEX ix_floor ON workplaces (floor)")
    every = person.types("drift", "--env", "all", "--format", "json")
    assert every.returncode == ExitCode.DECLINED, every.stdout + every.stderr
    found = json.loads(every.stdout)
    assert (found["drift"], found["complete"]) == (2, True)
    assert [(each["environment"], each["drift"]) for each in found["environments"]] == [
        ("dev", 2), ("staging", 0), ("prod", 0),
    ]  # fmt: skip
    assert {each["verdict"] for each in found["environments"][0]["verdicts"]} == {"drift", "column order"}

    annotated = person.types("drift", "--format", "github")
    assert annotated.returncode == ExitCode.DECLINED
    assert "::error title=drift%3A column public.workplaces.floor on dev::only in the database%0AKeep it" in (
        annotated.stdout
    )
    assert all(line.startswith("::") for line in annotated.stdout.splitlines())

    rules = person.root / "sensei.yaml"
    rules.write_text(rules.read_text() + "\nignore: [index:*.ix_floor, 'column:public.workplaces.floor']\n")
    ruled = person.types("drift")
    assert ruled.returncode == ExitCode.DONE, ruled.stdout
    assert "2 objects by the rules in sensei.yaml" in ruled.stdout
    rules.write_text(rules.read_text().replace("index:*", "indexes:*"))
    wrong = person.types("drift")
    assert wrong.returncode == ExitCode.USAGE
    assert "indexes" in wrong.stderr
    assert "sensei.yaml" in wrong.stderr


def test_an_unreachable_database_is_told_beside_the_others(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = person.root / "sensei.yaml"
    rules.write_text(rules.read_text().replace("{url: DASHBOARD_PROD_URL", "{url: FAR_URL", 1))
    monkeypatch.setenv("FAR_URL", "postgresql://ada:s3cr3t-canary@127.0.0.1:1/far")

    every = person.types("drift", "--env", "all")
    assert every.returncode == ExitCode.UNREACHABLE, every.stdout + every.stderr
    assert "✓ dev" in every.stdout
    assert "not compared" in every.stdout
    assert "s3cr3t-canary" not in every.stdout + every.stderr
    nobody = person.types("drift", "--env", "nobody")
    assert nobody.returncode == ExitCode.USAGE
    assert "There is no environment nobody" in nobody.stderr


def test_adopting_asks_for_the_name_and_does_nothing_without(person: Person) -> None:
    says(person, "DROP TABLE alembic_version")
    silent = person.types("drift", "--adopt")
    assert silent.returncode == ExitCode.ANSWER_MISSING, silent.stdout + silent.stderr
    assert "--yes" in silent.stderr
    assert "alembic_version" not in person.tables("dev")

    for typed, code in (("staging", ExitCode.DECLINED), ("dev", ExitCode.DONE)):
        child = pexpect.spawn(
            str(Path(sys.executable).parent / "sensei"),
            ["drift", "--adopt", NEWEST[:6]],
            cwd=str(person.root),
            env=os.environ | {"TERM": "xterm"},
            encoding="utf-8",
            timeout=60,
        )
        child.expect("Type dev to do it")
        child.sendline(typed)
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == code
        assert ("alembic_version" in person.tables("dev")) is (code is ExitCode.DONE)
    assert person.asks("dev", "SELECT version_num FROM alembic_version") == [(NEWEST,)]

    many = person.types("drift", "--env", "all", "--adopt", "--yes")
    assert many.returncode == ExitCode.USAGE
    says(person, "DELETE FROM alembic_version")
    agreed = person.types("drift", "--env", "dev", "--adopt", "--yes")
    assert agreed.returncode == ExitCode.DONE, agreed.stderr
    assert f"stamped with {NEWEST}" in agreed.stdout
    done = json.loads(person.types("runs", "--json").stdout)
    assert [(each["workflow"], each["status"]) for each in done] == [("drift --adopt", "done")] * 2
    told = person.types("show").stdout
    assert f"Stamp dev (localhost/dev) with {NEWEST}; it was at no revision" in told
    assert "Agreed to with --yes." in told
