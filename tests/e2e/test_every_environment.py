"""Changes of tables that hold rows, from the models through development and staging to production."""

import textwrap

from tests.e2e.person import Person
from tests.e2e.schema_changes import DELETE_TABLE, DROP_FOR_GOOD, EXPAND_CONTRACT, MODIFY_TABLE, SchemaChange

from schema_sensei.terms.exit_codes import ExitCode

EVERYWHERE = ("dev", "staging", "prod")


def _travels(person: Person, change: SchemaChange, onward: str) -> str:
    """Run it with answers for the later environments too: `onward`, where ENV stands for each one's name."""
    command = change.begin(person.root)
    path = person.root.parent / f"{change.workflow}.yaml"
    later = "".join(
        textwrap.dedent("onward-ENV: go\n" + textwrap.dedent(onward)).replace("ENV", name) for name in EVERYWHERE[1:]
    )
    path.write_text(path.read_text() + later)
    ran = person.types(*command, timeout=400)
    assert ran.returncode == ExitCode.DONE, ran.stdout + ran.stderr
    assert "was not used" not in ran.stdout + ran.stderr
    return ran.stdout


def test_a_modified_table_keeps_what_stays_in_every_environment(person: Person) -> None:
    phones = {name: person.asks(name, "SELECT account_id, phone FROM profiles ORDER BY 1") for name in EVERYWHERE}

    told = _travels(
        person,
        MODIFY_TABLE,
        """\
        save-ENV: {answer: true, rule: "environment == 'ENV'"}
        promote-ENV: {answer: "convert memberships.left_on, drop profiles.born_on", rule: "backed_up"}
        """,
    )

    for name in EVERYWHERE:
        assert person.asks(name, "SELECT account_id, telephone FROM profiles ORDER BY 1") == phones[name], name
    assert "Waiting for the approval" in told
    assert person.types("drift", "--env", "all").returncode == ExitCode.DONE


def test_a_required_column_is_filled_in_every_environment_before_it_is_required_there(person: Person) -> None:
    languages = person.asks("prod", "SELECT account_id, lower(language) || '_XX' FROM profiles ORDER BY 1")

    told = _travels(
        person,
        EXPAND_CONTRACT,
        """\
        promote-expand-ENV: {answer: true, rule: "environment == 'ENV'"}
        fill-ENV: {answer: true, rule: "columns == ['profiles.locale']"}
        switch-ENV: all
        save-ENV: {answer: true, rule: "environment == 'ENV'"}
        promote-ENV: {answer: drop profiles.language, rule: "backed_up"}
        """,
    )

    assert person.asks("prod", "SELECT account_id, locale FROM profiles ORDER BY 1") == languages
    assert "PERFORM pg_catalog.pg_sleep" in told
    assert person.types("drift", "--env", "all").returncode == ExitCode.DONE


def test_a_table_is_set_aside_and_dropped_for_good_in_every_environment(person: Person) -> None:
    _travels(person, DELETE_TABLE, "promote-ENV: {answer: true, rule: \"environment == 'ENV'\"}\n")
    for name in EVERYWHERE:
        assert person.asks(name, "SELECT count(*) FROM sensei_trash.attachments") == [(473,)], name

    _travels(
        person,
        DROP_FOR_GOOD,
        """\
        save-ENV: {answer: true, rule: "environment == 'ENV'"}
        promote-ENV: {answer: drop sensei_trash.attachments, rule: "backed_up"}
        """,
    )

    for name in EVERYWHERE:
        assert person.asks(name, "SELECT 1 FROM pg_namespace WHERE nspname = 'sensei_trash'") == [], name
