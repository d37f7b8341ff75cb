"""The block that fills a column by itself: every row once, in batches, whatever the key; as the server will run it."""

from collections.abc import Iterator

import pytest

from schema_sensei.bytebase.prediction import predict
from schema_sensei.gates import sheets
from schema_sensei.gates.fill_block import fill_block
from schema_sensei.gates.filling import Fill, Filled, Filling
from schema_sensei.migrations.unit import Unit
from schema_sensei.postgres import session
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.project.environment import Environment, Target
from schema_sensei.terms.secrets import Secret
from schema_sensei.terms.targets import TargetLabel

TABLE = """
CREATE TABLE "Odd rows" (part text, "Nr" integer, held text, filled text, PRIMARY KEY (part, "Nr"));
INSERT INTO "Odd rows" SELECT 'p' || n % 3, n, CASE WHEN n % 10 > 0 THEN 'v' || n END FROM generate_series(1, 2500) n;
UPDATE "Odd rows" SET filled = 'kept' WHERE "Nr" = 7;
CREATE TABLE seen (batch xid8, rows bigint);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO seen SELECT pg_current_xact_id(), count(*) FROM changed; RETURN NULL; END $$;
CREATE TRIGGER note AFTER UPDATE ON "Odd rows" REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION note();
"""


@pytest.fixture
def url(server: Embedded) -> Iterator[Secret]:
    with session.connect(server.url()) as admin:
        admin.execute("CREATE DATABASE filled_by_block")
        with session.connect(server.url("filled_by_block")) as connection:
            connection.execute(TABLE)
        yield server.url("filled_by_block")
        admin.execute("DROP DATABASE filled_by_block WITH (FORCE)")


def looked(url: Secret, expression: str) -> Filled:
    target = Target(Environment("prod", "URL", "bytebase", True), TargetLabel("prod", "here", "there"), url)
    return Filling(target=target, session_name="test").look(Fill(None, "Odd rows", "filled", expression))


def filled(url: Secret, text: str) -> None:
    with session.connect(url) as connection:
        connection.execute(text.encode())


@pytest.mark.parametrize("size", [1, 100, 999, 5000])
def test_every_row_without_a_value_is_filled_once_in_batches(url: Secret, size: int) -> None:
    found = looked(url, "upper(held) -- $fill$ in a comment")
    with session.connect(url) as connection:
        connection.execute("TRUNCATE seen")
        if size == 1:
            connection.execute('DELETE FROM "Odd rows" WHERE "Nr" > 40')

    filled(url, fill_block(found, size, 0))

    with session.connect(url) as connection:
        left = connection.execute(
            'SELECT count(*) FROM "Odd rows" WHERE filled IS NULL AND held IS NOT NULL'
        ).fetchone()
        kept = connection.execute('SELECT filled FROM "Odd rows" WHERE "Nr" = 7').fetchone()
        wrong = connection.execute(
            'SELECT count(*) FROM "Odd rows" WHERE filled <> upper(held) AND "Nr" <> 7'
        ).fetchone()
        batches = connection.execute("SELECT rows FROM seen WHERE rows > 0").fetchall()
        transactions = connection.execute("SELECT count(DISTINCT batch), count(*) FROM seen").fetchone()
    assert (left, kept, wrong) == ((0,), ("kept",), (0,))
    assert max(rows for (rows,) in batches) <= size
    assert transactions is not None
    assert transactions[0] == transactions[1]


def test_run_again_it_touches_nothing_that_has_a_value(url: Secret) -> None:
    text = fill_block(looked(url, "coalesce(held, 'none')"), 100, 0)
    filled(url, text)
    with session.connect(url) as connection:
        connection.execute("TRUNCATE seen")

    filled(url, text)

    with session.connect(url) as connection:
        assert connection.execute("SELECT coalesce(sum(rows), 0) FROM seen").fetchone() == (0,)


def test_the_server_runs_the_sheet_as_it_reads(url: Secret) -> None:
    unit = Unit("", (), (), transactional=False, statements=(fill_block(looked(url, "upper(held)"), 100, 0.05),))

    prediction = predict(sheets.sheet(unit))

    assert prediction.faithful
    assert [each.transaction for each in prediction.executions] == [False]
