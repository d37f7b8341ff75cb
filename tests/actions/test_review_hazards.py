"""review, where something blocks: nothing is approved before each hazard is cured or accepted with a reason."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.actions.conftest import Shop
from tests.actions.desk import Desk, take
from tests.actions.small_project import write_revision
from tests.actions.three_hazards import change_of_three, write_three

from schema_sensei.actions.judged import judged
from schema_sensei.actions.remedies import remedy
from schema_sensei.actions.revisions import drawn
from schema_sensei.actions.services import Memory
from schema_sensei.changes.change import Change
from schema_sensei.changes.hazards.pages import page
from schema_sensei.changes.nature import Nature
from schema_sensei.engine.ports import Outcome
from schema_sensei.engine.prompts import Choose, Code, Prose, Table
from schema_sensei.postgres.errors import ScratchError
from schema_sensei.postgres.scratch import Scratch
from schema_sensei.terms.json import JsonValue

INDEX, NOT_NULL = "step.index-blocks-writes", "step.not-null-scan"


@pytest.fixture
def three(shop: Shop) -> tuple[Shop, Path, JsonValue]:
    """A shop with the revision, its file, and the change that it is."""
    path = write_three(shop)
    return shop, path, change_of_three(shop).to_json()


def sit(shop: Shop, change: JsonValue, first: str, **answers: JsonValue) -> tuple[Desk, Outcome]:
    """Give an answer to the first question, then those by the end of their key."""
    desk = Desk({"change": change}, {f"step.{key}" if key != "step" else key: each for key, each in answers.items()})
    _, outcome = take(shop.actions["review"], desk, first)
    return desk, outcome


def keys(desk: Desk) -> list[str]:
    return [each.key for each in desk.asked]


def test_what_blocks_is_asked_about_before_the_text_can_be_approved(three: tuple[Shop, Path, JsonValue]) -> None:
    shop, _, change = three

    prompt = shop.actions["review"].preview(Desk({"change": change})).prompt

    assert isinstance(prompt, Choose)
    assert prompt.key == NOT_NULL
    assert [option.key for option in prompt.options] == ["fix", "accept", "edit", "stop"]
    assert prompt.default == "fix"
    assert prompt.check
    assert prompt.page == page("not-null-scan").text
    assert "ACCESS EXCLUSIVE lock, stops reads and writes" in prompt.stakes.costs  # type: ignore[union-attr]  # it has stakes
    offered = [block.text for block in prompt.blocks if isinstance(block, Code) and block.offered]
    assert offered[0].startswith("ALTER TABLE public.accounts ADD CONSTRAINT note_not_null")
    texts = [block.text for block in prompt.blocks if isinstance(block, Prose)]
    assert texts[0].startswith("BLOCKS  SET NOT NULL reads the whole table under a lock · public.accounts")
    assert any("Also: BLOCKS  Building an index" in text for text in texts)


def test_one_is_accepted_one_cured_one_cleared(three: tuple[Shop, Path, JsonValue]) -> None:
    shop, path, change = three
    answers = {"index-blocks-writes": "accept", "index-blocks-writes.reason": " no rows  yet ", "step": "approve"}

    desk, outcome = sit(shop, change, "fix", **answers)

    assert keys(desk) == [NOT_NULL, INDEX, f"{INDEX}.reason", "step"]
    approved = Change.from_json(outcome.outputs["change"])
    assert approved.approved
    (accepted,) = approved.accepted
    assert (accepted.hazard, accepted.object, accepted.reason) == (
        "index-blocks-writes",
        "public.accounts",
        "no rows yet",
    )
    assert (accepted.by, accepted.at) == ("ada@desk", 1_790_000_000.0)
    assert Change.from_json(approved.to_json()) == approved
    assert 'VALIDATE CONSTRAINT "note_not_null"' in path.read_text()
    assert [unit.transactional for unit in approved.up.units] == [True, False, True]
    (table,) = outcome.blocks
    assert isinstance(table, Table)
    became = {(row[1], row[3].partition(":")[0]) for row in table.rows}
    assert {("index-blocks-writes", "accepted"), ("not-null-scan", "cured"), ("table-rewrite", "cleared")} <= became
    final = desk.asked[-1]
    hazards = dict(final.facts["hazards"])  # type: ignore[arg-type]  # JSON: an object
    assert hazards.pop("cleared") >= 2  # type: ignore[operator]  # JSON: a number
    assert hazards == {
        "judged": True,
        "refused": False,
        "blocks": 0,
        "danger": 0,
        "advice": 0,
        "accepted": 1,
        "ids": [],
    }


def test_the_cured_change_is_what_is_proven_and_deployed(three: tuple[Shop, Path, JsonValue]) -> None:
    shop, _, change = three
    answers = {"index-blocks-writes": "fix", "step": "approve"}
    _, outcome = sit(shop, change, "fix", **answers)

    _, rehearsed = take(shop.actions["rehearse"], Desk({"change": outcome.outputs["change"]}))
    assert rehearsed.name == "ok", rehearsed.summary
    desk = shop.deployment(rehearsed.outputs["change"])
    _, deployed = take(shop.actions["deploy"], desk, answer=True)

    assert deployed.outputs["heads"] == ["c3"]
    assert shop.rows("SELECT attnotnull FROM pg_attribute WHERE attrelid='accounts'::regclass AND attname='note'") == [
        (True,)
    ]
    assert shop.rows("SELECT count(*) FROM pg_constraint WHERE conname = 'note_not_null'") == [(0,)]
    assert shop.rows("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_accounts_email'::regclass") == [(True,)]


def test_deploy_shows_what_was_accepted(three: tuple[Shop, Path, JsonValue]) -> None:
    shop, _, change = three
    reasons = {f"{name}.reason": "no rows yet" for name in ("index-blocks-writes", "not-null-scan")}
    _, outcome = sit(shop, change, "accept", **{"index-blocks-writes": "accept", "step": "approve"}, **reasons)

    _, rehearsed = take(shop.actions["rehearse"], Desk({"change": outcome.outputs["change"]}))
    prompt = shop.actions["deploy"].preview(shop.deployment(rehearsed.outputs["change"])).prompt

    assert prompt is not None
    assert prompt.facts["accepted"] == ["not-null-scan", "index-blocks-writes"]
    rows = [row for block in prompt.blocks if isinstance(block, Table) for row in block.rows if row[0] == "accepted"]
    assert rows[0][1] == "not-null-scan on public.accounts, by ada@desk: no rows yet"


def test_an_acceptance_is_void_when_the_statement_changes(three: tuple[Shop, Path, JsonValue]) -> None:
    shop, path, change = three
    answers = {"index-blocks-writes": "accept", "index-blocks-writes.reason": "no rows", "step": "approve"}
    _, outcome = sit(shop, change, "fix", **answers)
    path.write_text(path.read_text().replace('["email"])', '["email", "id"])'))

    prompt = shop.actions["review"].preview(Desk({"change": outcome.outputs["change"]})).prompt

    assert prompt is not None
    assert prompt.key == INDEX


def test_who_leaves_after_a_cure_finds_it_done(three: tuple[Shop, Path, JsonValue]) -> None:
    shop, _, change = three
    with pytest.raises(KeyError):  # nobody is there for the next question
        sit(shop, change, "fix")
    again = shop.with_services(memory=Memory())

    prompt = again.actions["review"].preview(Desk({"change": change})).prompt

    assert prompt is not None
    assert prompt.key == INDEX


@pytest.mark.parametrize(("answer", "name"), [("edit", "rejected"), ("stop", "stopped")])
def test_a_hazard_can_be_left_in_two_ways(three: tuple[Shop, Path, JsonValue], answer: str, name: str) -> None:
    shop, path, change = three
    before = path.read_bytes()

    desk, outcome = sit(shop, change, answer)

    assert (outcome.name, dict(outcome.outputs), keys(desk)) == (name, {}, [NOT_NULL])
    assert path.read_bytes() == before


def test_a_deployed_revision_is_not_rewritten(three: tuple[Shop, Path, JsonValue]) -> None:
    shop, path, change = three
    shop.services.migrations().upgrade(shop.prod, "heads")
    before = path.read_bytes()

    desk, outcome = sit(shop, change, "fix", **{"not-null-scan": "stop"})

    assert outcome.name == "stopped"
    assert path.read_bytes() == before
    assert any("prod has revision c3 already" in note for note in desk.notes)
    last = desk.asked[-1]
    assert isinstance(last, Choose)
    assert "fix" not in [option.key for option in last.options]


def test_a_cure_that_the_copy_refuses_is_taken_back(shop: Shop) -> None:
    taken = 'op.execute("ALTER TABLE accounts ADD COLUMN note text, ADD CONSTRAINT note_not_null CHECK (id > 0)")'
    write_revision(shop.root, "b2", "a1", taken, "pass")
    shop.upgrade()
    required = 'op.alter_column("accounts", "note", existing_type=sa.Text(), nullable=False)'
    path = write_revision(shop.root, "c3", "b2", required, "pass")
    before = path.read_bytes()
    change = drawn(shop.services, base=("b2",), heads=("c3",), message="m", nature=Nature()).to_json()

    desk, outcome = sit(shop, change, "fix", **{"not-null-scan": "stop"})

    assert (outcome.name, keys(desk)) == ("stopped", [NOT_NULL, NOT_NULL])
    assert path.read_bytes() == before
    assert any("refuses the safer way" in note for note in desk.notes)


def test_what_no_machine_can_cure_is_opened_where_it_stands(shop: Shop, tmp_path: Path) -> None:
    write_revision(shop.root, "b2", "a1", 'op.add_column("accounts", sa.Column("note", sa.Text()))', "pass")
    shop.upgrade()
    path = write_revision(shop.root, "c3", "b2", 'op.execute("CREATE INDEX ix_note ON accounts (note)")')
    seen = tmp_path / "seen"
    script = tmp_path / "nano"
    script.write_text(
        f"#!{sys.executable}\nimport pathlib, sys\n"
        f"pathlib.Path({str(seen)!r}).write_text(sys.argv[1] + chr(10) + pathlib.Path(sys.argv[2]).read_text())\n"
        "path = pathlib.Path(sys.argv[2])\n"
        "path.write_text(path.read_text().replace('CREATE INDEX ix_note ON accounts (note)', 'SELECT 1'))\n"
    )
    script.chmod(0o755)

    @contextmanager
    def terminal() -> Iterator[None]:
        yield

    shop = shop.with_services(environ={**shop.services.environ, "EDITOR": str(script)}, terminal=terminal)
    change = shop.generated().outputs["change"]

    desk, outcome = sit(shop, change, "open", step="approve")

    assert keys(desk) == [INDEX, "step"]
    first = desk.asked[0]
    assert isinstance(first, Choose)
    assert [option.key for option in first.options] == ["open", "accept", "edit", "stop"]
    place, *lines = seen.read_text().splitlines()
    at = int(place.removeprefix("+"))
    assert lines[at - 1].startswith("    # sensei, safer: CREATE INDEX CONCURRENTLY")
    assert "# sensei, safer" not in path.read_text()
    assert "SELECT 1" in Change.from_json(outcome.outputs["change"]).up.text
    assert not list(path.parent.glob(".*"))
    assert os.access(path, os.R_OK)


def test_dangers_can_be_looked_at_but_need_not_be(shop: Shop) -> None:
    write_revision(shop.root, "b2", "a1", 'op.create_index("ix_email", "accounts", ["email"])', "pass")
    shop.upgrade()
    write_revision(
        shop.root,
        "c3",
        "b2",
        'op.drop_index("ix_email", "accounts")',
        'op.create_index("ix_email", "accounts", ["email"])',
    )
    change = shop.generated().outputs["change"]

    desk, outcome = sit(shop, change, "hazards", **{"index-drop-blocks": "leave", "step": "approve"})

    assert keys(desk) == ["step", "step.index-drop-blocks", "step"]
    assert outcome.name == "ok"
    assert desk.asked[0].facts["hazards"]["danger"] == 1  # type: ignore[index, call-overload]  # JSON
    assert Change.from_json(outcome.outputs["change"]).accepted == ()


def test_without_a_scratch_copy_it_says_so_and_asks_anyway(shop: Shop) -> None:
    shop.edit_models()
    change = shop.generated().outputs["change"]

    def no_server() -> Scratch:
        raise ScratchError("The disk is full.", remedy="Make room.")

    review = shop.with_services(scratch=no_server).actions["review"]
    preview, outcome = take(review, Desk({"change": change}), "approve")

    assert outcome.name == "ok"
    prompt = preview.prompt

    assert prompt is not None
    assert prompt.key == "step"
    assert any(isinstance(each, Prose) and each.text.startswith("NOT JUDGED") for each in prompt.blocks)
    assert prompt.facts["hazards"]["judged"] is False  # type: ignore[index, call-overload]  # JSON
    assert prompt.facts["hazards"]["blocks"] is None  # type: ignore[index, call-overload]  # JSON


def test_the_sizes_of_the_named_environment_count(three: tuple[Shop, Path, JsonValue]) -> None:
    shop, _, change = three
    insert = "INSERT INTO accounts (email, note) SELECT 'a' || n, 'b' FROM generate_series(1, {}) AS n"
    shop.execute(insert.format(100))

    small = shop.actions["review"].preview(Desk({"change": change, "sizes_of": "dev"})).prompt
    shop.execute(insert.format(30_000))
    shop.execute("ANALYZE accounts")
    shop.services.memory.judged.clear()
    large = shop.actions["review"].preview(Desk({"change": change, "sizes_of": "dev"})).prompt

    assert small is not None
    assert large is not None
    assert (small.key, large.key) == ("step", NOT_NULL)
    assert any("it takes milliseconds" in each.text for each in small.blocks if isinstance(each, Prose))
    assert "about 30 100 rows" in large.stakes.costs  # type: ignore[union-attr]  # it has stakes


def test_sql_that_fails_on_the_copy_is_told_as_such(shop: Shop) -> None:
    write_revision(shop.root, "b2", "a1", 'op.execute("ALTER TABLE nobody ADD COLUMN x bigint")', "pass")
    change = drawn(shop.services, base=("a1",), heads=("b2",), message="x", nature=Nature()).to_json()

    prompt = shop.actions["review"].preview(Desk({"change": change})).prompt

    assert prompt is not None
    texts = [each.text for each in prompt.blocks if isinstance(each, Prose)]
    assert any(text.startswith("FAILS") and '"nobody" does not exist' in text for text in texts)
    assert dict(prompt.facts["hazards"])["refused"] is True  # type: ignore[arg-type]  # JSON: an object


def test_what_depends_on_a_column_blocks_its_change(shop: Shop) -> None:
    write_revision(shop.root, "b2", "a1", 'op.execute("CREATE VIEW names AS SELECT email FROM accounts")', "pass")
    shop.upgrade()
    models = shop.root / "app/models.py"
    models.write_text(models.read_text().replace("String(200)", "String(300)"))

    prompt = shop.actions["review"].preview(Desk({"change": shop.generated().outputs["change"]})).prompt

    assert prompt is not None
    assert prompt.key == "step.fails-on-schema"
    assert any("used by a view" in each.text for each in prompt.blocks if isinstance(each, Prose))


def test_the_same_text_is_judged_once(three: tuple[Shop, Path, JsonValue]) -> None:
    shop, path, data = three
    change = Change.from_json(data)

    first = judged(shop.services, change)

    assert judged(shop.services, change) is first
    hazard = next(each for each in first.hazards if each.id == "not-null-scan")
    there = remedy(shop.services, change, hazard)
    assert there is not None
    assert "nullable=False" in path.read_text().splitlines()[there.line - 1]
    assert {each.rows for each in first.hazards} == {None}
