"""What deploy demands before something is lost: a proof, a verified backup where rows are at stake, exact words."""

from dataclasses import replace

import pytest
from tests.actions.conftest import Shop
from tests.actions.desk import Desk, take
from tests.actions.small_project import write_revision

from schema_sensei.actions import revisions
from schema_sensei.actions.demands import demand
from schema_sensei.changes.change import Change
from schema_sensei.changes.nature import Nature
from schema_sensei.changes.proof import Proof, Value
from schema_sensei.changes.saved import Saved
from schema_sensei.engine.prompts import Confirm, Prose, Table, TypedConfirm
from schema_sensei.gates.errors import RefusedError
from schema_sensei.project.project import Project
from schema_sensei.terms.exit_codes import ExitCode
from schema_sensei.terms.json import JsonValue

BACK = 'op.create_table("accounts", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("email", sa.String(200), nullable=False))'  # noqa: E501 -- one line of a revision file


def drop(shop: Shop, *, up: str = 'op.drop_table("accounts")', down: str = BACK, **attributes: str) -> Change:
    path = write_revision(shop.root, "b2", "a1", up, down)
    for name, reason in attributes.items():
        path.write_text(path.read_text() + f'\n\n{name} = "{reason}"\n')
    change = revisions.drawn(shop.services, base=("a1",), heads=("b2",), message="drop", nature=Nature())
    return change.approve(at=0, by="ada")


def rehearsed(shop: Shop, change: Change) -> JsonValue:
    return take(shop.actions["rehearse"], Desk({"change": change.to_json()}))[1].outputs["change"]


def fill(shop: Shop) -> None:
    shop.execute("INSERT INTO accounts (id, email) VALUES (1, 'ada'), (2, 'grace')")


def test_without_a_rehearsal_nothing_is_deployed(shop: Shop) -> None:
    with pytest.raises(RefusedError, match="never rehearsed") as refused:
        shop.actions["deploy"].preview(shop.deployment(drop(shop).to_json()))

    assert refused.value.exit_code is ExitCode.DECLINED
    assert "rehearse step" in refused.value.remedy


def test_a_rehearsal_of_another_text_does_not_count(shop: Shop) -> None:
    change = replace(drop(shop), proof=Proof(Value.PROVEN, "another", "another", None))

    with pytest.raises(RefusedError, match="another text"):
        shop.actions["deploy"].preview(shop.deployment(change.to_json()))


def test_a_way_back_that_failed_is_refused(shop: Shop) -> None:
    change = rehearsed(shop, drop(shop, down="pass"))

    with pytest.raises(RefusedError, match="does not lead back") as refused:
        shop.actions["deploy"].preview(shop.deployment(change))

    assert "irreversible" in refused.value.remedy


def test_what_goes_is_typed_with_its_rows_named(shop: Shop) -> None:
    fill(shop)
    desk = shop.deployment(rehearsed(shop, drop(shop)))

    preview, outcome = take(shop.actions["deploy"], desk, "drop accounts")

    prompt = preview.prompt
    assert isinstance(prompt, TypedConfirm)
    assert prompt.expected == "drop accounts"
    assert (prompt.facts["loses"], prompt.facts["rows_lost"], prompt.facts["backed_up"]) == (
        ["drop accounts"],
        2,
        False,
    )
    assert ("drop accounts", "2 rows") in [
        row for each in prompt.blocks if isinstance(each, Table) for row in each.rows
    ]
    assert any("No verified backup" in each.text for each in prompt.blocks if isinstance(each, Prose))
    assert outcome.outputs["heads"] == ["b2"]


def test_other_words_are_a_no(shop: Shop) -> None:
    desk = shop.deployment(rehearsed(shop, drop(shop)))

    assert take(shop.actions["deploy"], desk, "dev")[1].name == "declined"
    assert take(shop.actions["deploy"], desk, answer=True)[1].name == "declined"
    assert shop.rows("SELECT to_regclass('accounts') IS NOT NULL") == [(True,)]


def in_protected_dev(shop: Shop) -> Shop:
    project: Project = shop.project
    environments = tuple(replace(each, protected=each.name == "dev") for each in project.environments)
    return shop.with_services(project=replace(project, environments=environments))


def test_a_protected_database_with_rows_wants_a_verified_backup_of_exactly_it(shop: Shop) -> None:
    fill(shop)
    change = Change.from_json(rehearsed(shop, drop(shop)))
    identity = str(shop.actions["deploy"].preview(shop.deployment(change.to_json())).handle["identity"])
    good = Saved("b1", identity, ("public.accounts",), verified=True)
    worthless = (replace(good, identity="elsewhere"), replace(good, verified=False), replace(good, tables=()))

    protected = in_protected_dev(shop)
    saved = replace(change, backups=(good,)).saved(identity)
    assert saved == {"public.accounts"}
    assert not any(replace(change, backups=(each,)).saved(identity) for each in worthless)
    environment = protected.services.project.target("dev", protected.services.environ)
    assert demand(change, environment, saved).unsaved == ()
    with pytest.raises(RefusedError, match=r"accounts \(2 rows\)"):
        demand(change, environment, ())


def test_an_empty_table_needs_no_backup(shop: Shop) -> None:
    change = Change.from_json(rehearsed(shop, drop(shop)))
    protected = in_protected_dev(shop)
    asked = demand(change, protected.services.project.target("dev", protected.services.environ), ())

    assert asked.unsaved == ()
    assert asked.expected == "drop accounts"


def test_a_change_that_is_one_way_on_purpose_is_typed(shop: Shop) -> None:
    change = drop(shop, up='op.execute("CREATE TABLE hats (id int)")', down="pass", irreversible="hats are for ever")
    outcome = take(shop.actions["rehearse"], Desk({"change": change.to_json()}))[1]

    assert outcome.name == "ok"
    assert "hats are for ever" in outcome.summary
    prompt = shop.actions["deploy"].preview(shop.deployment(outcome.outputs["change"])).prompt
    assert isinstance(prompt, TypedConfirm)
    assert prompt.expected == "no way back"


def test_what_only_adds_is_a_plain_yes(shop: Shop) -> None:
    prompt = shop.actions["deploy"].preview(shop.deployment(shop.reviewed())).prompt

    assert isinstance(prompt, Confirm)
    assert prompt.default is True


def test_rows_that_the_way_down_would_trip_over_are_tried(shop: Shop) -> None:
    fill(shop)
    down = 'op.add_column("accounts", sa.Column("email", sa.String(200), nullable=False))'
    change = drop(shop, up='op.drop_column("accounts", "email")', down=down)

    outcome = take(shop.actions["rehearse"], Desk({"change": change.to_json()}))[1]

    assert outcome.name == "failed"
    assert "contains null values" in str(outcome.outputs["proof"])
