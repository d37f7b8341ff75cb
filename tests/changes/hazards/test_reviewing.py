"""The review as a whole: its public form, errors with their place, transactions, pages."""

import pytest

from schema_sensei.changes.hazards.linting import HAZARD_OF
from schema_sensei.changes.hazards.pages import page, pages
from schema_sensei.changes.hazards.report import text
from schema_sensei.changes.hazards.review import review
from schema_sensei.changes.hazards.statements import SplitError, split
from schema_sensei.changes.hazards.trace import RehearsalError
from schema_sensei.changes.hazards.transactions import transactions
from schema_sensei.terms.errors import UsageError
from schema_sensei.terms.secrets import Secret

KEYS = {"id", "level", "cleared", "statement", "object", "rows", "lock", "why", "safer"}


def test_a_hazard_carries_lock_rows_and_a_cure_with_the_names_in_it(copy: Secret) -> None:
    found = review(copy, "\nCREATE INDEX ix_phone ON people (phone);", target="a copy")

    (hazard,) = found.hazards
    assert (hazard.object, hazard.rows, hazard.lock, hazard.stops) == ("public.people", 400, "SHARE", "writes")
    assert "CREATE INDEX CONCURRENTLY ix_phone ON public.people USING btree (phone);" in hazard.safer
    assert hazard.line == 2
    data = found.to_json()
    assert set(data) == {"hazards", "target", "digest"}
    hazards = data["hazards"]
    assert isinstance(hazards, list)
    assert set(hazards[0]) == KEYS
    assert "✗ blocks: index-blocks-writes" in text(found)


@pytest.mark.parametrize(
    ("sql", "cure"),
    [
        ("CREATE UNIQUE INDEX u ON people (code) WHERE age > 1", "CREATE UNIQUE INDEX CONCURRENTLY u ON public.people"),
        ("CREATE INDEX i ON people (code) WHERE age > 1", "USING btree (code) WHERE (age > 1);"),
        ("ALTER TABLE people ADD CONSTRAINT c CHECK (age > 0)", "ADD CONSTRAINT c CHECK ((age > 0)) NOT VALID;"),
        (
            "ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (person_id) REFERENCES people (id) ON DELETE CASCADE",
            "FOREIGN KEY (person_id) REFERENCES public.people(id) ON DELETE CASCADE NOT VALID;",
        ),
    ],
)
def test_the_cure_is_ready_to_paste(copy: Secret, sql: str, cure: str) -> None:
    assert any(cure in each.safer for each in review(copy, sql, target="a copy").hazards)


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        ("SELECT 1;\nALTER TABEL people ADD x int;", "line 2, column 7"),
        ("ALTER TABLE nobody ADD COLUMN x int;", "line 1, column 1"),
        ("SELECT 1;\n\n  SELECT 1 / 0;", "line 3, column 3"),
        ("CREATE DATABASE other;", "line 1, column 1"),
        ("ALTER SYSTEM SET work_mem = '1GB';", "line 1, column 1"),
    ],
)
def test_sql_that_cannot_run_is_an_error_with_its_place(copy: Secret, sql: str, where: str) -> None:
    with pytest.raises(RehearsalError) as raised:
        review(copy, sql, target="a copy", name="m.sql")

    assert raised.value.where == f"m.sql, {where}"
    assert raised.value.remedy


def test_sql_that_does_not_split_names_its_file(copy: Secret) -> None:
    with pytest.raises(SplitError, match="quote") as raised:
        review(copy, "SELECT 'x", target="a copy", name="m.sql")

    assert raised.value.where == "m.sql, line 1, column 8"


def test_without_a_schema_only_the_syntax_is_judged_and_nothing_is_cleared(database: Secret) -> None:
    found = review(database, "ALTER TABLE t ALTER COLUMN a TYPE text;", target="nothing", bare=True)

    assert {each.id for each in found.hazards} == {"not-rehearsed", "table-rewrite"}
    assert not any(each.cleared for each in found.hazards)
    assert found.blocked


def test_a_suppression_in_a_comment_has_no_say(copy: Secret) -> None:
    found = review(copy, "-- squawk-ignore-file\nALTER TABLE people DROP COLUMN phone;", target="a copy")

    assert found.blocked


def test_what_is_set_aside_and_dropped_from_there_is_no_plain_move_or_drop(copy: Secret) -> None:
    away = "CREATE SCHEMA sensei_trash; ALTER TABLE labels SET SCHEMA sensei_trash;"
    found = review(copy, away, target="a copy")
    assert [(each.id, each.level) for each in found.hazards if not each.cleared] == [("table-set-aside", "danger")]

    back = review(copy, "ALTER TABLE sensei_trash.labels SET SCHEMA public;", target="a copy")
    assert all(each.cleared for each in back.hazards)

    review(copy, "ALTER TABLE labels SET SCHEMA sensei_trash;", target="a copy")
    gone = review(copy, "DROP TABLE sensei_trash.labels; DROP SCHEMA sensei_trash;", target="a copy")
    assert [(each.id, each.level) for each in gone.hazards if not each.cleared] == [("set-aside-dropped", "danger")]


def test_an_empty_file_has_no_hazards(copy: Secret) -> None:
    assert review(copy, "-- nothing\n", target="a copy").hazards == ()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1; SELECT 2;", [(2, False, "COMMIT")]),
        ("SELECT 1; BEGIN; SELECT 2; SELECT 3; COMMIT;", [(1, False, "COMMIT"), (2, False, "COMMIT")]),
        ("BEGIN; SELECT 1; ROLLBACK;", [(1, False, "ROLLBACK")]),
        ("BEGIN; SELECT 1; SAVEPOINT s; ROLLBACK TO s; END;", [(3, False, "COMMIT")]),
        ("START TRANSACTION; SELECT 1;", [(1, False, "")]),
        ("SELECT 1; VACUUM t;", [(1, False, "COMMIT"), (1, True, "COMMIT")]),
        ("", []),
    ],
)
def test_transactions_are_as_written_or_the_whole_file(sql: str, expected: list[tuple[int, bool, str]]) -> None:
    found = transactions(split(sql))

    assert [(len(each.statements), each.alone, each.ending) for each in found] == expected


def test_every_hazard_of_the_linter_has_a_page() -> None:
    assert set(HAZARD_OF.values()) <= set(pages())
    assert all(each.why and each.good for each in pages().values())


def test_an_unknown_hazard_names_those_there_are() -> None:
    with pytest.raises(UsageError) as raised:
        page("drop-everything")

    assert "drop-column" in raised.value.remedy
