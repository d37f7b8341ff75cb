"""Hazards are accepted where they stand, with a reason; they are shown, and block no more."""

import json

import pytest

from schema_sensei.changes.hazards import formats, plan
from schema_sensei.changes.hazards.allowing import AllowanceError
from schema_sensei.changes.hazards.plan import Source, WayBack
from schema_sensei.changes.hazards.report import text
from schema_sensei.changes.hazards.review import Ground, judge, review
from schema_sensei.changes.hazards.sizing import duration, small
from schema_sensei.changes.script import Script
from schema_sensei.migrations.unit import Unit
from schema_sensei.postgres.version_table import VersionTable
from schema_sensei.terms.errors import UsageError
from schema_sensei.terms.secrets import Secret

DROP = "ALTER TABLE people DROP COLUMN phone"


@pytest.mark.parametrize(
    "sql",
    [
        f"-- sensei: allow drop-column because nobody reads it\n{DROP};",
        f"/* sensei: allow drop-column because nobody reads it */ {DROP};",
        f"{DROP}; -- sensei: allow drop-column because: nobody reads it",
        "ALTER TABLE people -- Sensei: allow drop-column because nobody reads it\nDROP COLUMN phone;",
        f"SELECT 1;\n\n-- why not\n-- sensei: allow drop-column because nobody reads it\n\n{DROP};\nSELECT 2;",
    ],
)
def test_an_accepted_hazard_is_shown_with_its_reason_and_does_not_block(copy: Secret, sql: str) -> None:
    found = review(copy, sql, target="a copy")

    (hazard,) = found.hazards
    assert (hazard.id, hazard.accepted, hazard.standing) == ("drop-column", "nobody reads it", False)
    assert not found.blocked
    assert "✓ accepted: drop-column on public.people.phone" in text(found)
    assert found.notes == ()


def test_it_counts_for_its_own_statement_and_its_own_hazard_only(copy: Secret) -> None:
    sql = f"-- sensei: allow drop-column because nobody reads it\nALTER TABLE people DROP COLUMN code;\n{DROP};"

    found = review(copy, sql, target="a copy")

    assert {each.object: bool(each.accepted) for each in found.hazards} == {
        "public.people.code": True,
        "public.people.phone": False,
    }
    assert found.blocked


def test_what_nothing_calls_for_is_noted(copy: Secret) -> None:
    found = review(copy, "-- sensei: allow drop-table because it is old\nSELECT 1;", target="a copy", name="m.sql")

    assert found.notes == ("m.sql, line 1, column 1: drop-table is allowed, but was not found.",)


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("-- sensei: allow drop-column", "without a reason"),
        ("-- sensei: allow drop-column because", "without a reason"),
        ("-- sensei: allow drop-colum because nobody reads it", "There is no hazard drop-colum"),
        ("-- sensei: ignore everything", "not known"),
    ],
)
def test_a_wrong_allowance_is_an_error_with_its_place(comment: str, said: str) -> None:
    with pytest.raises(AllowanceError, match=said) as raised:
        plan.of_text(f"SELECT 1;\n{comment}\n{DROP};", name="m.sql")

    assert raised.value.where == "m.sql, line 2, column 1"


def test_one_behind_the_last_statement_is_an_error() -> None:
    with pytest.raises(AllowanceError, match="behind the last"):
        plan.of_text(f"{DROP};\n\n-- sensei: allow drop-column because nobody reads it\n", name="")


def test_a_literal_is_no_comment() -> None:
    assert plan.of_text("SELECT '-- sensei: allow nonsense';", name="").allowances == ()


SOURCE = '''"""drop"""
revision = "b2"
{extra}

def upgrade():
    op.create_index("ix_phone", "people", ["phone"])
    op.execute("ALTER TABLE people DROP COLUMN code")
'''


def script(*statements: str, transactional: bool = True) -> Script:
    unit = Unit("b2", ("a1",), ("b2",), transactional=transactional, statements=("DO $$ guard $$", *statements))
    return Script((unit,))


def planned(extra: str = "", down: Script | None = None) -> plan.Plan:
    return plan.of_script(
        script("CREATE INDEX ix_phone ON people (phone)", "ALTER TABLE people DROP COLUMN code"),
        version_table=VersionTable(),
        sources={"b2": Source("versions/b2.py", SOURCE.format(extra=extra))},
        way_back=WayBack(down, "" if down else "it raises"),
    )


def test_a_revision_accepts_by_name_and_its_hazards_know_file_and_line(copy: Secret) -> None:
    found = judge(planned('sensei_allow = {"drop-column": "moved to codes"}'), Ground(copy, "a copy"))

    seen = {each.id: (each.file, each.line, each.revision, each.accepted) for each in found.hazards}
    assert seen["index-blocks-writes"] == ("versions/b2.py", 6, "b2", "")
    assert seen["drop-column"] == ("versions/b2.py", 7, "b2", "moved to codes")
    assert seen["no-way-back"][3] == ""


def test_a_revision_that_is_one_way_on_purpose_says_why(copy: Secret) -> None:
    found = judge(planned('irreversible: str = "hashes"'), Ground(copy, "a copy"))

    (hazard,) = [each for each in found.hazards if each.id == "no-way-back"]
    assert hazard.accepted == "hashes"


@pytest.mark.parametrize("extra", ['sensei_allow = {"drop-column": 1}', "irreversible = ''", "irreversible = why()"])
def test_a_declaration_of_another_form_is_an_error(extra: str) -> None:
    with pytest.raises(UsageError, match=r"versions/b2\.py|literal|reason"):
        planned(extra)


def test_the_size_of_the_real_table_decides(copy: Secret) -> None:
    sql = plan.of_text("CREATE INDEX ix_phone ON people (phone);", name="m.sql")
    big = Ground(copy, "a copy", sizes={"public.people": (41_200_000, 12 * 1024**3)}, real="prod")

    found = judge(sql, big)

    (hazard,) = found.hazards
    assert (hazard.rows, hazard.lasts) == (41_200_000, "about 2 min")
    assert "about 41 200 000 rows, 12 GB on prod, for about 2 min" in text(found)
    assert (
        small("index-blocks-writes", (12, 8192), "prod")
        == "The table has 12 rows on prod (8 kB): it takes milliseconds."
    )
    assert small("drop-column", (12, 8192), "prod") == ""
    assert small("required-column", (0, 0), "prod") == "The table is empty on prod."
    assert small("required-column", (1, 8192), "prod") == ""
    assert duration("table-rewrite", 3 * 1024**4) == "about 29.1 h"


def test_a_small_table_of_the_real_target_clears_a_lock(copy: Secret) -> None:
    sql = plan.of_text(f"CREATE INDEX ix_phone ON people (phone); {DROP};", name="m.sql")
    found = judge(sql, Ground(copy, "a copy", sizes={"public.people": (7, 8192)}, real="prod"))

    assert {each.id: each.cleared for each in found.hazards} == {"index-blocks-writes": True, "drop-column": False}


def test_annotations_carry_file_and_line_and_leave_out_what_does_not_stand(copy: Secret) -> None:
    sql = f"-- sensei: allow index-blocks-writes because it is small\nCREATE INDEX ix ON people (phone);\n{DROP};"
    found = review(copy, sql, target="a copy", name="db/m, 1.sql")

    line = formats.github(found)
    assert line.startswith("::error file=db/m%2C 1.sql,line=3,title=drop-column on public.people.phone::Its content")
    assert "\n" not in line
    (violation,) = json.loads(formats.gitlab(found))
    assert violation["location"] == {"path": "db/m, 1.sql", "lines": {"begin": 3}}
    assert (violation["check_name"], violation["severity"]) == ("drop-column", "blocker")
    hazards = json.loads(formats.as_json(found))["hazards"]
    assert [(each["id"], each["cleared"], each["why"]) for each in hazards[1:]] == [
        ("index-blocks-writes", True, "Accepted: it is small")
    ]
    assert not hazards[0]["cleared"]
