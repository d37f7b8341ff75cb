"""kill -9 in the middle of a deploy: whatever the moment, the database itself tells afterwards what happened."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.actions.conftest import Shop
from tests.actions.desk import Desk
from tests.actions.small_project import write_revision

from schema_sensei.engine.ports import Finding, Intent, Preview
from schema_sensei.terms.json import JsonValue

MOMENTS = [
    pytest.param("keep started 1", "absent", id="before the first statement"),
    pytest.param("CREATE TABLE certificates", "absent", id="inside the transaction"),
    pytest.param("UPDATE alembic_version", "absent", id="before its last statement"),
    pytest.param("keep done 1", "applied", id="after the commit, before the journal"),
]


def crash(shop: Shop, desk: Desk, preview: Preview, doom: str, journal: Path) -> list[JsonValue]:
    """Deploy in a process that dies; what it had kept."""
    order = {
        "root": str(shop.root),
        "parameters": dict(desk.parameters),
        "handle": dict(preview.handle),
        "doom": doom,
        "journal": str(journal),
    }
    ended = subprocess.run(
        [sys.executable, "-m", "tests.actions.crashing"],
        input=json.dumps(order),
        text=True,
        env={**os.environ, "DEV_URL": shop.dev.reveal(), "PROD_URL": shop.prod.reveal()},
        cwd=Path(__file__).parents[2],
        check=False,
        timeout=60,
    )
    assert ended.returncode == -9
    return [json.loads(line) for line in journal.read_text().splitlines()] if journal.exists() else []


@pytest.mark.parametrize(("doom", "ground"), MOMENTS)
def test_a_killed_deploy_is_reconciled_with_what_the_database_holds(
    shop: Shop, tmp_path: Path, doom: str, ground: str
) -> None:
    change = shop.reviewed()
    deploy = shop.actions["deploy"]
    desk = shop.deployment(change)
    preview = deploy.preview(desk)
    desk.held += crash(shop, desk, preview, doom, tmp_path / "journal")  # type: ignore[arg-type]  # JSON objects

    finding = deploy.reconcile(desk, Intent(handle=preview.handle, answer=True))

    assert finding.ground == ground
    there = shop.rows("SELECT to_regclass('certificates') IS NOT NULL")[0][0]
    assert there == (ground == "applied")
    assert any("certificates" in line for line in finding.seen)
    if ground == "absent":
        assert deploy.perform(desk, Intent(handle=preview.handle, answer=True)).outputs["units"] == 1
    else:
        assert finding.outcome is not None
        assert finding.outcome.outputs["heads"] == preview.handle["after"]
    assert deploy.preview(desk).prompt is None


def test_a_deploy_killed_outside_a_transaction_asks_the_person(shop: Shop, tmp_path: Path) -> None:
    write_revision(
        shop.root,
        "b2",
        "a1",
        "op.add_column('accounts', sa.Column('age', sa.Integer()))\n"
        "    with op.get_context().autocommit_block():\n"
        "        op.execute('CREATE INDEX CONCURRENTLY ix_age ON accounts (age)')",
        "op.drop_column('accounts', 'age')",
    )
    generated = shop.generated()
    change = shop.approved(generated.outputs["change"])
    deploy, desk = shop.actions["deploy"], shop.deployment(change)
    preview = deploy.preview(desk)
    desk.held += crash(shop, desk, preview, "keep done 2", tmp_path / "journal")  # type: ignore[arg-type]  # JSON objects

    finding: Finding = deploy.reconcile(desk, Intent(handle=preview.handle, answer=True))

    assert finding.ground == "partial"
    assert any("Unit 2 runs outside a transaction" in line for line in finding.seen)
