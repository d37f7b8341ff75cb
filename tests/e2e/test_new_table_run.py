"""From a table in the models to a table in the development database, by the program itself."""

import json

from tests.e2e.person import Person

from schema_sensei.practice import lesson
from schema_sensei.terms.exit_codes import ExitCode

WHOLE = ("run", "new-table", "--answers", str(lesson.ANSWERS))
RUN = (*WHOLE, "--set", "onward-staging=finish")
"""Ends once the change is in development."""


def test_a_run_from_answers_brings_the_table_to_development_only(person: Person) -> None:
    lesson.add_certificates(person.root)
    ran = person.types(*RUN)
    assert ran.returncode == ExitCode.DONE, ran.stdout + ran.stderr
    assert "certificates" in person.tables("dev")
    assert "certificates" not in person.tables("staging") | person.tables("prod")
    changed = person.changed_files()
    assert changed[0] == str(lesson.MODELS)
    assert len(changed) == 2
    assert changed[1].endswith("add_certificates.py")
    transcript = person.types("show")
    assert transcript.returncode == ExitCode.DONE
    assert "CREATE TABLE certificates" in transcript.stdout
    (run,) = json.loads(person.types("runs", "--json").stdout)
    assert run["status"] == "done"


def test_a_run_from_answers_takes_the_table_through_every_environment(person: Person) -> None:
    lesson.add_certificates(person.root)
    ran = person.types(*WHOLE)
    assert ran.returncode == ExitCode.DONE, ran.stdout + ran.stderr
    for name in ("dev", "staging", "prod"):
        assert "certificates" in person.tables(name), name
    deploys = {
        entry["step"]: entry["body"]["outputs"]
        for entry in json.loads(person.types("show", "--json").stdout)["entries"]
        if entry["kind"] == "finished" and "texts" in entry["body"]["outputs"]
    }
    assert list(deploys) == ["deploy", "promote-staging", "promote-prod"]
    assert len({json.dumps(each["texts"]) for each in deploys.values()}) == 1
    assert [each["units"] for each in deploys.values()] == [1, 1, 1]
    assert "Apply it to prod (localhost/prod) PROTECTED now?" in person.types("show").stdout


def test_an_environment_that_was_taken_back_lets_nothing_pass_to_the_next_one(person: Person) -> None:
    lesson.add_certificates(person.root)
    half = person.types(*WHOLE, "--set", "promote-staging={answer: true, rule: 'rows > 5'}")
    assert half.returncode == ExitCode.DECLINED, half.stdout + half.stderr
    person.does("dev", "DROP TABLE certificates; UPDATE alembic_version SET version_num = '5e8d13fb6c20'")

    resumed = person.types("resume", "--answers", str(lesson.ANSWERS))

    assert resumed.returncode == ExitCode.DECLINED, resumed.stdout + resumed.stderr
    assert "staging comes after dev, and dev does not have this change: it was taken back" in (
        resumed.stdout + resumed.stderr
    )
    assert "certificates" not in person.tables("staging") | person.tables("prod")


def test_the_second_run_finds_nothing_to_do(person: Person) -> None:
    lesson.add_certificates(person.root)
    assert person.types(*RUN).returncode == ExitCode.DONE
    before = person.changed_files()
    again = person.types(*RUN)
    assert again.returncode == ExitCode.DONE, again.stdout + again.stderr
    assert person.changed_files() == before


def test_a_dry_run_changes_nothing(person: Person) -> None:
    lesson.add_certificates(person.root)
    before = person.changed_files()
    dry = person.types(*RUN, "--dry-run")
    assert dry.returncode == ExitCode.DONE, dry.stdout + dry.stderr
    assert person.changed_files() == before
    assert "certificates" not in person.tables("dev")
    assert json.loads(person.types("runs", "--json").stdout) == []


def test_a_rule_that_is_false_stops_before_the_database(person: Person) -> None:
    lesson.add_certificates(person.root)
    ran = person.types(*RUN, "--set", "deploy={answer: true, rule: \"environment == 'staging'\"}")
    assert ran.returncode == ExitCode.DECLINED, ran.stdout + ran.stderr
    assert "environment = dev" in ran.stdout + ran.stderr
    assert "certificates" not in person.tables("dev")


def test_a_missing_answer_is_named_and_the_run_goes_on_when_it_is_given(person: Person) -> None:
    lesson.add_certificates(person.root)
    half = person.root / ".sensei-half.yaml"
    lines = (person.root / lesson.ANSWERS).read_text().splitlines(keepends=True)
    half.write_text("".join(line for line in lines if not line.startswith("deploy")))
    ran = person.types("run", "new-table", "--answers", str(half))
    assert ran.returncode == ExitCode.ANSWER_MISSING, ran.stdout + ran.stderr
    assert "deploy" in ran.stdout + ran.stderr
    assert "certificates" not in person.tables("dev")
    resumed = person.types("resume", "--answers", str(lesson.ANSWERS), "--set", "onward-staging=finish")
    assert resumed.returncode == ExitCode.DONE, resumed.stdout + resumed.stderr
    assert "certificates" in person.tables("dev")
    (run,) = json.loads(person.types("runs", "--json").stdout)
    assert run["status"] == "done"


def test_failing_tests_fail_the_run_and_keep_it(person: Person) -> None:
    lesson.add_certificates(person.root)
    (person.root / "tests" / "test_new.py").write_text("def test_new() -> None:\n    assert False, 'not yet'\n")
    ran = person.types(*RUN)
    assert ran.returncode == ExitCode.FAILED, ran.stdout + ran.stderr
    assert "not yet" in ran.stdout
    (person.root / "tests" / "test_new.py").unlink()
    resumed = person.types(
        "resume", "--answers", str(lesson.ANSWERS), "--set", "test.failed=retry", "--set", "onward-staging=finish"
    )
    assert resumed.returncode == ExitCode.DONE, resumed.stdout + resumed.stderr


def test_without_answers_and_without_a_terminal_it_never_hangs(person: Person) -> None:
    ran = person.types("run", "new-table", timeout=60)
    assert ran.returncode == ExitCode.ANSWER_MISSING, ran.stdout + ran.stderr
    assert "inputs.message" in ran.stdout + ran.stderr


def test_status_sees_what_is_pending_and_what_was_deployed(person: Person) -> None:
    lesson.add_certificates(person.root)
    assert person.types(*RUN).returncode == ExitCode.DONE
    states = json.loads(person.types("status", "--json").stdout)
    environments = {each["environment"]: each for each in states}
    assert environments["dev"]["standing"] == "current"
    assert environments["staging"]["standing"] == "behind"


PROMOTE = (
    "run",
    "promote",
    "--set",
    "review={answer: approve, rule: 'down and not opaque'}",
    "--set",
    "onward-staging=go",
    "--set",
    "promote-staging={answer: true, rule: \"environment == 'staging'\"}",
    "--set",
    "onward-prod=go",
    "--set",
    "promote-prod={answer: true, rule: \"environment == 'prod'\"}",
    "--set",
    "note=all",
)


def test_what_stopped_in_development_goes_on_another_day_with_the_same_text(person: Person) -> None:
    lesson.add_certificates(person.root)
    assert person.types(*RUN).returncode == ExitCode.DONE
    assert "certificates" not in person.tables("staging")

    onward = person.types(*PROMOTE)

    assert onward.returncode == ExitCode.DONE, onward.stdout + onward.stderr
    assert "dev stands at" in onward.stdout
    assert "already" in onward.stdout
    for name in ("staging", "prod"):
        assert "certificates" in person.tables(name), name
    again = person.types(*PROMOTE)
    assert again.returncode == ExitCode.DONE
    assert "Every environment has every revision" in again.stdout


def test_a_file_that_was_changed_after_its_deploy_does_not_go_on(person: Person) -> None:
    lesson.add_certificates(person.root)
    assert person.types(*RUN).returncode == ExitCode.DONE
    (file,) = (person.root / "migrations" / "versions").glob("*add_certificates.py")
    file.write_text(
        file.read_text().replace("def upgrade() -> None:", 'def upgrade() -> None:\n    op.execute("SELECT 1")')
    )

    onward = person.types(*PROMOTE)

    assert onward.returncode == ExitCode.DECLINED, onward.stdout + onward.stderr
    assert "it got another text of" in onward.stdout + onward.stderr
    assert "certificates" not in person.tables("staging")
