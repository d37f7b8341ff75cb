"""What holds for every text, however broken: no crash, nothing lost without being told, faithful means as it reads."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from schema_sensei.bytebase.prediction import Prediction, predict
from schema_sensei.bytebase.prediction import report as reports
from schema_sensei.bytebase.prediction.cutting import cut
from schema_sensei.bytebase.prediction.directives import ghost
from schema_sensei.bytebase.prediction.directives import read as directives
from schema_sensei.bytebase.prediction.reading import read

PARTS = [
    *[
        ";",
        ";",
        "'",
        '"',
        "$",
        "\\",
        "(",
        ")",
        ".",
        "-",
        "/",
        "*",
        "\n",
        "\r",
        "\t",
        "\f",
        "\v",
        "\0",
        "\ufeff",
        "é",
        "ſ",
    ],
    *["''", '""', "$$", "$a$", "$é$", "E'", "U&'", 'U&"', "/*", "*/", "-- x\n", "-- y\r", "/* z */", "\r\n", "\\."],
    *["BEGIN", "ATOMIC", "END", "CASE", "COPY t FROM STDIN;\n", "\n\\.\n", "\\connect x\n", "DO", "DO $$ x $$;"],
    *["BEGIN;", "COMMIT;", "ROLLBACK;", "SELECT 1;", "UPDATE t SET role = 1;", "SET LOCAL ROLE x;", "RESET ROLE;"],
    *["CREATE INDEX CONCURRENTLY i ON t (a);", "DROP DATABASE x;", "VACUUM t;", "REINDEX TABLE CONCURRENTLY t;"],
    *["-- txn-mode = off\n", "-- txn-mode = on\n", "-- gh-ost = {}\n", "set", "role", "drop", "database", "'set role'"],
]
SOUPS = st.lists(st.sampled_from(PARTS), max_size=14).map("".join) | st.lists(st.sampled_from(PARTS), max_size=14).map(
    " ".join
)
SERVERS = st.sampled_from([(3, 17), (3, 22)])


def _words(text: str) -> list[tuple[str, ...]]:
    return [each.words for each in read(text)]


def _told(prediction: Prediction) -> list[str]:
    return [each.statement for each in prediction.why]


@given(SOUPS | st.text(), SERVERS)
@example("\ud800;'\udfff", (3, 22))
@example("/*'set role'", (3, 22))
@settings(max_examples=300, deadline=None)
def test_it_never_crashes_and_says_why(text: str, server: tuple[int, int]) -> None:
    prediction = predict(text, server=server)

    assert reports.text(prediction)
    assert prediction.faithful == (not prediction.why)
    assert all(each.reason and each.cure for each in prediction.why)


@given(SOUPS, SERVERS)
@settings(max_examples=300, deadline=None)
def test_every_piece_is_sent_at_least_once_and_the_pieces_are_the_text(text: str, server: tuple[int, int]) -> None:
    sheet = directives(text)
    pieces = cut(sheet.text, later=server == (3, 22))
    sent = {each.start: each.sql for each in predict(text, server=server).executions}

    assert "".join(each.text for each in pieces) == sheet.text
    assert ghost(text) or sent == {each.start: each.text for each in pieces if not each.empty}


@given(SOUPS, SERVERS)
@settings(max_examples=300, deadline=None)
def test_faithful_is_every_statement_of_postgres_once_and_in_order(text: str, server: tuple[int, int]) -> None:
    prediction = predict(text, server=server)

    if prediction.faithful:
        assert [words for each in prediction.executions for words in _words(each.sql)] == _words(text)
        assert all(len(_words(each.sql)) < 2 for each in prediction.executions)
        inside = {each.transaction for each in prediction.executions if _words(each.sql)}
        assert len(inside) < 2
    else:
        assert all(_told(prediction))


STATEMENTS = [
    "UPDATE t SET role = role || 'x'", "SELECT 1", "SET LOCAL ROLE clerk", "CREATE TABLE t (role text, level int)",
    "COMMENT ON TABLE t IS 'we drop database and set role'", 'ALTER TABLE t RENAME role TO "set role"',
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $f$ -- set role\n UPDATE t SET role = 1; SELECT 1 $f$",
    "INSERT INTO t VALUES (E'it\\'s set role; \\\\', U&'drop database', $$set local role$$)", "SELECT 1 OFFSET role",
    "DO $$ BEGIN SET ROLE clerk; EXECUTE 'create index concurrently i on t(a)'; RESET ROLE; END $$",
]  # fmt: skip
COMMENTS = ["", "-- set role\n", "/* drop database /* nested */ */ ", "-- fine; not to create index concurrently\n"]
SHEETS = st.lists(st.tuples(st.sampled_from(COMMENTS), st.sampled_from(STATEMENTS)), min_size=1, max_size=5)


@given(SHEETS)
@settings(max_examples=150, deadline=None)
def test_with_every_cure_pasted_the_sheet_is_faithful_and_says_the_same(parts: list[tuple[str, str]]) -> None:
    sheet = "\n".join(f"{comment}{statement};" for comment, statement in parts) + "\n"
    cures = {each.statement: each.cure for each in predict(sheet).why}

    pasted = "\n".join(cures.get(statement, f"{comment}{statement};") for comment, statement in parts) + "\n"

    assert predict(pasted).faithful
    assert len(predict(pasted).executions) == len(parts)
