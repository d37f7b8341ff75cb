"""rehearse: the way back is proven on a scratch copy, with real revisions, and the proof travels with the change."""

from typing import Any

import pytest
from tests.actions.conftest import Shop
from tests.actions.desk import Desk, take
from tests.actions.small_project import write_revision

from schema_sensei.actions import revisions
from schema_sensei.changes.change import Change
from schema_sensei.changes.nature import Nature
from schema_sensei.changes.proof import Value
from schema_sensei.engine.ports import Intent, Outcome
from schema_sensei.engine.prompts import Confirm, Table, TypedConfirm
from schema_sensei.postgres import session
from schema_sensei.postgres.errors import ScratchError
from schema_sensei.postgres.scratch import Scratch

TASKS = 'op.create_table("tasks", sa.Column("id", sa.Integer(), primary_key=True))'


def change_of(shop: Shop, *heads: str) -> Change:
    return revisions.drawn(shop.services, base=("a1",), heads=heads, message="by hand", nature=Nature())


def rehearsed(shop: Shop, change: Change) -> Outcome:
    return take(shop.actions["rehearse"], Desk({"change": change.to_json()}))[1]


def test_a_generated_change_is_proven_and_deploy_says_so(shop: Shop) -> None:
    desk = Desk({"change": shop.reviewed()})

    preview, outcome = take(shop.actions["rehearse"], desk)

    assert preview.prompt is None
    assert outcome.name == "ok"
    change = Change.from_json(outcome.outputs["change"])
    assert change.approved
    assert change.rehearsed is not None
    assert change.rehearsed.value is Value.PROVEN
    assert outcome.outputs["proof"] == change.rehearsed.to_json()
    assert any("CREATE TABLE certificates" in line for line in desk.lines)
    assert shop.rows("SELECT to_regclass('certificates')") == [(None,)]
    prompt = shop.actions["deploy"].preview(shop.deployment(outcome.outputs["change"])).prompt
    assert isinstance(prompt, Confirm)
    assert prompt.facts["proof"] == "proven"
    (table,) = [block for block in prompt.blocks if isinstance(block, Table)]
    assert ("way back", change.rehearsed.summary) in table.rows


@pytest.mark.parametrize(
    ("down", "said"),
    [
        ("pass", "the downgrade of b2 is empty"),
        ('raise NotImplementedError("by a backup")', "there is no way down"),
        ('op.drop_table("task")', "the downgrade fails: Revision b2 failed: DROP TABLE task"),
        ('op.drop_column("tasks", "id")', "left behind: table public.tasks"),
    ],
)
def test_a_wrong_downgrade_of_a_revision_file_fails(shop: Shop, down: str, said: str) -> None:
    write_revision(shop.root, "b2", "a1", TASKS, down)

    outcome = rehearsed(shop, change_of(shop, "b2"))

    assert outcome.name == "failed"
    proof: Any = outcome.outputs["proof"]
    assert said in "\n".join([*proof["reasons"], *proof["differences"]])


def test_the_empty_downgrade_of_one_of_two_revisions_is_named(shop: Shop) -> None:
    write_revision(shop.root, "b2", "a1", "op.execute(\"INSERT INTO accounts (email) VALUES ('ada')\")")
    write_revision(shop.root, "c3", "b2", TASKS, 'op.drop_table("tasks")')

    proof: Any = rehearsed(shop, change_of(shop, "c3")).outputs["proof"]

    assert proof["value"] == "failed"
    assert proof["reasons"] == ["the downgrade of b2 is empty"]


def test_an_index_built_concurrently_is_rehearsed_outside_a_transaction(shop: Shop) -> None:
    up = (
        'with op.get_context().autocommit_block():\n        op.create_index("by_email", "accounts", ["email"], '
        "postgresql_concurrently=True)"
    )
    down = (
        'with op.get_context().autocommit_block():\n        op.drop_index("by_email", "accounts", '
        "postgresql_concurrently=True)"
    )
    write_revision(shop.root, "b2", "a1", up, down)

    change = change_of(shop, "b2")

    assert not change.up.transactional
    assert rehearsed(shop, change).name == "ok"


def test_a_revision_that_reads_data_goes_up_online(shop: Shop) -> None:
    up = 'op.get_bind().execute(sa.text("TABLE accounts")).fetchall()\n    ' + TASKS
    write_revision(shop.root, "b2", "a1", up, 'op.drop_table("tasks")')

    change = change_of(shop, "b2")

    assert change.up.opaque
    assert rehearsed(shop, change).name == "ok"


def test_the_whole_history_goes_back_to_an_empty_database(shop: Shop) -> None:
    change = revisions.drawn(shop.services, base=(), heads=("a1",), message="all", nature=Nature())

    assert rehearsed(shop, change).name == "ok"


def test_a_proof_speaks_only_for_the_text_it_saw(shop: Shop) -> None:
    path = write_revision(shop.root, "b2", "a1", TASKS, 'op.drop_table("tasks")')
    proven = Change.from_json(rehearsed(shop, change_of(shop, "b2")).outputs["change"])
    assert proven.rehearsed is not None

    path.write_text(path.read_text().replace('op.drop_table("tasks")', "pass"))

    now = revisions.as_it_is_now(shop.services, proven)
    assert now.proof is not None
    assert now.rehearsed is None


def test_without_a_scratch_copy_nothing_is_claimed(shop: Shop) -> None:
    def none() -> Scratch:
        raise ScratchError("There is no room.", remedy="Make some.")

    write_revision(shop.root, "b2", "a1", TASKS, 'op.drop_table("tasks")')

    outcome = rehearsed(shop.with_services(scratch=none), change_of(shop, "b2"))

    assert outcome.name == "unproven"
    assert "There is no room." in outcome.summary
    change = Change.from_json(outcome.outputs["change"])
    assert change.proof is not None
    assert change.proof.value is Value.UNPROVEN
    prompt = shop.actions["deploy"].preview(shop.deployment(shop.approved(change.to_json()))).prompt
    assert isinstance(prompt, TypedConfirm)
    assert prompt.expected == "way back unknown"
    assert prompt.facts["proof"] == "unproven"
    assert ("way back", "unproven: A scratch copy at a1 cannot be made: There is no room.") in [
        row for block in prompt.blocks if isinstance(block, Table) for row in block.rows
    ]


def test_a_history_that_cannot_be_replayed_is_unproven(shop: Shop) -> None:
    write_revision(shop.root, "b2", "a1", 'op.execute("CREATE EXTENSION no_such_extension")', 'op.execute("SELECT 1")')
    write_revision(shop.root, "c3", "b2", TASKS, 'op.drop_table("tasks")')
    change = revisions.drawn(shop.services, base=("b2",), heads=("c3",), message="", nature=Nature())

    outcome = rehearsed(shop, change)

    assert outcome.name == "unproven"
    assert "no_such_extension" in str(outcome.blocks)


def test_a_new_revision_keeps_the_template_of_the_ones_before(shop: Shop, server_templates: Any) -> None:
    shop.generated()
    before = server_templates()
    write_revision(shop.root, "b2", "a1", TASKS, 'op.drop_table("tasks")')

    rehearsed(shop, change_of(shop, "b2"))

    assert server_templates() == before


@pytest.fixture
def server_templates(shop: Shop) -> Any:
    def names() -> set[str]:
        with session.connect(shop.dev) as connection:
            rows = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'sensei_tpl_%'")
            return {str(name) for (name,) in rows}

    return names


def test_deploy_names_a_lossy_way_back(shop: Shop) -> None:
    down = 'op.add_column("accounts", sa.Column("email", sa.String(200), nullable=False))'
    write_revision(shop.root, "b2", "a1", 'op.drop_column("accounts", "email")', down)

    outcome = rehearsed(shop, change_of(shop, "b2"))

    assert outcome.name == "ok"
    assert "not the values of column public.accounts.email" in outcome.summary
    change = Change.from_json(outcome.outputs["change"]).approve(at=0, by="ada").to_json()
    prompt = shop.actions["deploy"].preview(shop.deployment(change)).prompt
    assert prompt is not None
    assert prompt.facts["proof"] == "lossy"


def test_the_way_back_of_what_takes_no_rows_is_one_confirmation(shop: Shop) -> None:
    shop.execute("INSERT INTO accounts (id, email) VALUES (1, 'ada')")
    write_revision(
        shop.root, "b2", "a1", 'op.create_index("ix_email", "accounts", ["email"])', 'op.drop_index("ix_email")'
    )
    change = Change.from_json(rehearsed(shop, change_of(shop, "b2")).outputs["change"]).approve(at=0, by="ada")
    deploy, desk = shop.actions["deploy"], shop.deployment(change.to_json(), answers={"deploy.undo": True})
    preview, deployed = take(deploy, desk, True)

    deploy.undo(desk, Intent(handle=preview.handle, answer=True), deployed)

    prompt = desk.asked[-1]
    assert isinstance(prompt, Confirm)
    assert prompt.stakes is not None
    assert "no rows and no values go" in prompt.stakes.costs
    assert shop.rows("SELECT to_regclass('ix_email')") == [(None,)]


def test_the_way_back_names_what_it_takes_and_how_many_rows(shop: Shop) -> None:
    shop.execute("INSERT INTO accounts (id, email) VALUES (1, 'ada'), (2, 'grace')")
    up, down = 'op.add_column("accounts", sa.Column("note", sa.Text()))', 'op.drop_column("accounts", "note")'
    write_revision(shop.root, "b2", "a1", up, down)
    change = Change.from_json(rehearsed(shop, change_of(shop, "b2")).outputs["change"]).approve(at=0, by="ada")
    deploy, desk = shop.actions["deploy"], shop.deployment(change.to_json(), answers={"deploy.undo": "dev"})
    preview, deployed = take(deploy, desk, True)

    deploy.undo(desk, Intent(handle=preview.handle, answer=True), deployed)

    prompt = desk.asked[-1]
    assert isinstance(prompt, TypedConfirm)
    assert prompt.stakes is not None
    assert prompt.stakes.costs == "drop accounts.note: 2 rows"
