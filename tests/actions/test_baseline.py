"""`sensei pull --revision`: a first revision that makes the whole schema, kept only when its replay is equal."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.actions.conftest import Shop
from tests.actions.test_drift import adopted, looked, target, wrong
from tests.actions.test_pulling import NASTY, pulled

from schema_sensei.actions.baseline import write_baseline
from schema_sensei.actions.services import Memory
from schema_sensei.gates.errors import RefusedError

REST = """
    CREATE FUNCTION twice(int) RETURNS int LANGUAGE plpgsql AS $$
    -- a comment: 50% of :it
    BEGIN RETURN $1 * 2; END $$;
    CREATE VIEW emails AS SELECT email FROM accounts WHERE email LIKE '%:x';
    ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
    CREATE POLICY everybody ON accounts USING (true);
    CREATE TABLE logs (id int, at date NOT NULL) PARTITION BY RANGE (at);
    CREATE TABLE logs_2026 PARTITION OF logs FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
"""


def start_over(shop: Shop) -> None:
    """A database that was there first, beside a project without a revision."""
    shop.execute("DROP TABLE alembic_version")
    for path in (shop.root / "migrations/versions").glob("*.py"):
        path.unlink()


def baseline(shop: Shop) -> tuple[str, Path]:
    return write_baseline(replace(shop.services, memory=Memory()), target(shop))


def test_pull_baseline_adopt_and_all_three_sides_agree(shop: Shop) -> None:
    start_over(shop)
    shop.execute(NASTY.read_text().replace("NOT VALID", ""))
    shop.execute(REST)
    shop.execute("CREATE SCHEMA storage; CREATE TABLE storage.objects (id int)")

    (shop.root / "app/models.py").write_text(pulled(shop).source)
    revision, path = baseline(shop)
    assert path.is_file()
    assert "storage" not in path.read_text()
    (unit,) = shop.services.migrations().emit((), revision)
    assert "50% of :it" in "".join(unit.statements)
    adopted(shop, revision)

    found = looked(shop)
    assert wrong(found) == {}
    assert found.notes == ()
    assert shop.rows("SELECT version_num FROM alembic_version") == [(revision,)]


def test_with_revisions_there_is_no_baseline(shop: Shop) -> None:
    with pytest.raises(RefusedError, match="There are revisions already"):
        baseline(shop)


def test_a_schema_that_does_not_replay_leaves_no_file(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    start_over(shop)
    monkeypatch.setattr("schema_sensei.actions.baseline.schema_text", lambda *_, **__: "CREATE TABLE half (id nope);")

    with pytest.raises(RefusedError, match="does not replay"):
        baseline(shop)

    assert list((shop.root / "migrations/versions").glob("*.py")) == []


def test_a_replay_that_differs_leaves_no_file_and_names_the_object(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    start_over(shop)
    monkeypatch.setattr("schema_sensei.actions.baseline.schema_text", lambda *_, **__: "CREATE TABLE half (id int);")

    with pytest.raises(RefusedError, match="differs from dev") as refused:
        baseline(shop)

    assert "table public.accounts: missing in the replay" in refused.value.means
    assert list((shop.root / "migrations/versions").glob("*.py")) == []
