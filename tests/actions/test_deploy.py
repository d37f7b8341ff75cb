"""deploy: what it refuses, what it asks, and the way back."""

from typing import Any

import pytest
from tests.actions.conftest import Shop
from tests.actions.desk import take
from tests.actions.small_project import write_revision

from schema_sensei.changes.change import Change
from schema_sensei.engine.ports import Intent
from schema_sensei.engine.prompts import Confirm, TypedConfirm
from schema_sensei.gates.errors import OffTheWayError, RefusedError
from schema_sensei.postgres import session
from schema_sensei.postgres import url as urls
from schema_sensei.postgres.errors import ServerDownError, WrongCredentialsError
from schema_sensei.terms.exit_codes import ExitCode
from schema_sensei.terms.secrets import Secret


def test_an_unapproved_change_reaches_no_database(shop: Shop) -> None:
    shop.edit_models()
    change = shop.generated().outputs["change"]

    with pytest.raises(RefusedError, match="never approved") as refused:
        shop.actions["deploy"].preview(shop.deployment(change))

    assert refused.value.exit_code is ExitCode.DECLINED


def test_a_file_edited_after_the_approval_is_not_deployed(shop: Shop) -> None:
    change = shop.reviewed()
    path = shop.root / next(iter(Change.from_json(change).sources))
    path.write_text(path.read_text().replace("title", "name"))

    preview, outcome = take(shop.actions["deploy"], shop.deployment(change))

    assert preview.prompt is None
    assert outcome.name == "changed"
    assert shop.rows("SELECT to_regclass('certificates')") == [(None,)]


def test_a_file_edited_while_the_person_reads_is_not_deployed(shop: Shop) -> None:
    change = shop.reviewed()
    deploy, desk = shop.actions["deploy"], shop.deployment(change)
    preview = deploy.preview(desk)
    path = shop.root / next(iter(Change.from_json(change).sources))
    path.write_text(path.read_text().replace("title", "name"))

    outcome = deploy.perform(desk, Intent(handle=preview.handle, answer=True))

    assert outcome.name == "changed"
    assert shop.rows("SELECT to_regclass('certificates')") == [(None,)]


def test_an_approval_of_another_text_does_not_count(shop: Shop) -> None:
    change: Any = dict(shop.reviewed())  # type: ignore[arg-type]  # JSON object
    change["approval"] = {**change["approval"], "digest": "0" * 64}

    _, outcome = take(shop.actions["deploy"], shop.deployment(change), True)

    assert outcome.name == "changed"


def test_the_question_is_bound_to_the_text_and_the_database(shop: Shop) -> None:
    change = shop.reviewed()

    prompt = shop.actions["deploy"].preview(shop.deployment(change)).prompt

    assert isinstance(prompt, Confirm)
    assert prompt.binding
    assert prompt.target is not None
    assert Change.from_json(change).digest in prompt.digest
    assert prompt.facts["environment"] == "dev"
    assert prompt.stakes is not None
    assert prompt.stakes.back


def test_protected_environments_are_refused_before_anything_is_asked(shop: Shop) -> None:
    with pytest.raises(RefusedError, match="prod is protected"):
        shop.actions["deploy"].preview(shop.deployment(shop.reviewed(), "prod"))


def test_a_database_stamped_ahead_is_named_and_left_alone(shop: Shop) -> None:
    change = shop.reviewed()
    shop.execute("UPDATE alembic_version SET version_num = 'ghost'")

    with pytest.raises(Exception, match="stands at ghost, which no file here describes") as refused:
        shop.actions["deploy"].preview(shop.deployment(change))

    assert "Pull" in getattr(refused.value, "remedy", "")


def test_a_database_that_is_behind_says_what_is_missing(shop: Shop) -> None:
    change = shop.reviewed()
    shop.execute("DROP TABLE accounts")
    shop.execute("DELETE FROM alembic_version")

    with pytest.raises(Exception, match="1 revision behind") as refused:
        shop.actions["deploy"].preview(shop.deployment(change))

    assert "a1" in getattr(refused.value, "means", "")


def test_a_database_that_moved_between_question_and_answer_is_not_touched(shop: Shop) -> None:
    deploy, desk = shop.actions["deploy"], shop.deployment(shop.reviewed())
    preview = deploy.preview(desk)
    shop.execute("UPDATE alembic_version SET version_num = 'ghost'")

    with pytest.raises(OffTheWayError):
        deploy.perform(desk, Intent(handle=preview.handle, answer=True))

    assert shop.rows("SELECT to_regclass('certificates')") == [(None,)]


def test_the_way_back_of_an_empty_table_is_one_confirmation(shop: Shop) -> None:
    deploy, desk = shop.actions["deploy"], shop.deployment(shop.reviewed(), answers={"deploy.undo": True})
    preview, deployed = take(deploy, desk, True)

    undone = deploy.undo(desk, Intent(handle=preview.handle, answer=True), deployed)

    assert undone.outputs["heads"] == ["a1"]
    assert isinstance(desk.asked[-1], Confirm)
    assert shop.rows("SELECT to_regclass('certificates')") == [(None,)]


def test_the_way_back_over_rows_is_typed_and_counts_them(shop: Shop) -> None:
    deploy, desk = shop.actions["deploy"], shop.deployment(shop.reviewed(), answers={"deploy.undo": "dev"})
    preview, deployed = take(deploy, desk, True)
    shop.execute("INSERT INTO certificates (id, title) VALUES (1, 'a'), (2, 'b')")

    deploy.undo(desk, Intent(handle=preview.handle, answer=True), deployed)

    prompt = desk.asked[-1]
    assert isinstance(prompt, TypedConfirm)
    assert prompt.expected == "dev"
    assert prompt.facts["rows"] == 2
    assert shop.rows("SELECT to_regclass('certificates')") == [(None,)]


def test_a_server_that_is_down_and_a_wrong_password_are_told_apart(shop: Shop, tmp_path: Any) -> None:
    change = shop.reviewed()
    nowhere = urls.build(user="app", password="canary-secret", database="app", host=str(tmp_path))
    with session.connect(shop.dev) as admin:
        admin.execute("CREATE ROLE clerk LOGIN PASSWORD 'right'")
    address = urls.read(shop.dev)
    wrong = urls.build(
        user="clerk", password="canary-secret", database=address.database, host=address.host, port=address.port
    )
    expected: tuple[tuple[Secret, type[Exception]], ...] = (
        (nowhere, ServerDownError),
        (wrong, WrongCredentialsError),
    )
    try:
        for url, kind in expected:
            lost = shop.with_services(environ={**shop.services.environ, "DEV_URL": url.reveal()})
            with pytest.raises(kind) as error:
                lost.actions["deploy"].preview(lost.deployment(change))
            assert getattr(error.value, "exit_code", None) is ExitCode.UNREACHABLE
            assert "canary-secret" not in str(error.value)
    finally:
        with session.connect(shop.dev) as admin:
            admin.execute("DROP ROLE clerk")


def test_a_revision_that_reads_data_runs_online_in_the_first_environment_and_is_shown_as_such(shop: Shop) -> None:
    shop.execute("INSERT INTO accounts VALUES (1, 'ada@example.org')")
    write_revision(
        shop.root,
        "b2",
        "a1",
        "count = op.get_bind().scalar(sa.text('SELECT count(*) FROM accounts'))\n"
        "    op.execute(f\"INSERT INTO accounts VALUES ({count + 1}, 'number {count}')\")",
    )
    generated = shop.generated()
    review = shop.actions["review"]
    preview, _ = take(review, shop.deployment(generated.outputs["change"]), "edit")
    assert preview.prompt is not None
    assert preview.prompt.facts["opaque"] is True
    change = shop.approved(generated.outputs["change"])

    _, outcome = take(shop.actions["deploy"], shop.deployment(change), True)

    assert outcome.outputs["heads"] == ["b2"]
    assert shop.rows("SELECT email FROM accounts WHERE id = 2") == [("number 1",)]
