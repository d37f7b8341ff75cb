"""Statements are split where PostgreSQL would, and nowhere else."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schema_sensei.changes.hazards.statements import SplitError, comments, split

WHOLE = [
    "SELECT 'a;b'",
    "SELECT 'it''s; so'",
    r"SELECT E'a\';b'",
    r"SELECT e'\\'",
    r"SELECT 'a\'",
    'SELECT "a;b" FROM t',
    'SELECT "a"";b" FROM t',
    "SELECT $$a;b$$",
    "SELECT $x$ $$ ; $y$ ; $x$",
    "SELECT $ä$;$ä$",
    "SELECT $1, a$b, a$$b",
    "SELECT U&'d;', B'1', X'1F', U&\"a;\"",
    "SELECT 1 /* ; /* ; */ ; */ + 1",
    "SELECT 1 -- ; '\n + 1",
    "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b)",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END",
    "CREATE OR REPLACE PROCEDURE p() LANGUAGE sql BEGIN ATOMIC DELETE FROM t; END",
    "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN IF true THEN RETURN 1; END IF; END $f$",
    "DO $$ BEGIN EXECUTE 'x;'; END $$",
    "SELECT a[1], (SELECT (1))",
    "SELECT '\n;\n'",
    "BEGIN",
]


@pytest.mark.parametrize("statement", WHOLE)
def test_a_statement_stays_whole_between_others(statement: str) -> None:
    found = split(f"SELECT 0;\n{statement}\n;; SELECT 9")

    assert [each.text for each in found] == ["SELECT 0", statement, "SELECT 9"]
    assert (found[1].line, found[1].column) == (2, 1)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("SELECT 1;\nSELECT 'a;", "line 2, column 8"),
        ("SELECT $x$ a;", "line 1, column 8"),
        ('SELECT "a', "line 1, column 8"),
        (r"SELECT E'a\'", "line 1, column 8"),
        ("SELECT 1; /* /* */", "line 1, column 11"),
        ("SELECT 1;\nSELECT (1;", "line 2, column 1"),
        ("\\connect other", "line 1, column 1"),
        ("SELECT 1\n\\gexec", "line 2, column 1"),
    ],
)
def test_what_does_not_end_is_named_with_its_place(text: str, place: str) -> None:
    with pytest.raises(SplitError) as raised:
        split(text)

    assert raised.value.where == place
    assert raised.value.remedy


@pytest.mark.parametrize("text", ["", " \n", ";;", "-- nothing", "/* nothing */ ;", "\ufeff"])
def test_nothing_is_no_statement(text: str) -> None:
    assert split(text) == ()


def test_comments_are_blank_and_words_are_upper_case() -> None:
    (found,) = split("-- before\nselect /* squawk-ignore\n x */ 'y' from t -- after\n")

    assert found.text == "select /* squawk-ignore\n x */ 'y' from t"
    assert "squawk" not in found.bare
    assert found.bare.count("\n") == 1
    assert found.words == ("SELECT", "FROM", "T")
    assert found.line == 2


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(WHOLE), max_size=6))
def test_joined_statements_come_apart_again(statements: list[str]) -> None:
    text = "".join(f"{each}\n;" for each in statements)

    assert [each.text for each in split(text)] == statements
    assert [text[each.offset : each.offset + len(each.text)] for each in split(text)] == statements


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="aE'\"$;()-/*\\\n B", max_size=40))
def test_any_text_is_split_or_refused_in_words(text: str) -> None:
    with suppress(SplitError):
        assert all(each.text in text for each in split(text))


def test_the_rows_of_a_copy_are_no_sql() -> None:
    text = "COPY t (a) FROM stdin; -- two rows\n'x;\n/* --\n\\.\nSELECT 1;\nCOPY t FROM STDIN;\n1"

    first, second, third = split(text)

    assert (first.rows, second.text, second.line, third.rows) == ("'x;\n/* --\n", "SELECT 1", 5, "1")
    assert [each for _, each in comments(text)] == ["-- two rows"]


def test_settings_of_psql_are_passed_over() -> None:
    found = split("\\set ON_ERROR_STOP on\n\\restrict x'y\nSELECT 1;\n\\unrestrict x'y\n")

    assert [(each.text, each.line) for each in found] == [("SELECT 1", 3)]
