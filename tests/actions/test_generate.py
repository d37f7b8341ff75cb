"""generate: the file it writes, the friendly ends, and histories in trouble."""

import hashlib
import re
import subprocess
from dataclasses import replace

import pytest
from tests.actions.conftest import Shop
from tests.actions.desk import Desk, take
from tests.actions.small_project import ENV, write_revision

from schema_sensei.actions.drafts import Drafts
from schema_sensei.actions.revisions import history
from schema_sensei.changes.change import Change
from schema_sensei.engine.ports import Intent, Outcome
from schema_sensei.engine.prompts import Prose
from schema_sensei.migrations.errors import MigrationError, RolledBackError, SeveralHeadsError
from schema_sensei.terms.exit_codes import ExitCode

ADD = {"message": "add certificates", "head": None}


def test_no_difference_is_a_friendly_end_and_writes_nothing(shop: Shop) -> None:
    before = sorted((shop.root / "migrations/versions").glob("*.py"))

    outcome = shop.generated()

    assert outcome.name == "unchanged"
    assert sorted((shop.root / "migrations/versions").glob("*.py")) == before


def test_the_first_environment_is_only_read(shop: Shop) -> None:
    shop.edit_models()

    shop.generated()

    assert shop.rows("SELECT version_num FROM alembic_version") == [("a1",)]
    assert shop.rows("SELECT to_regclass('certificates')") == [(None,)]


def test_the_revision_has_the_id_that_was_chosen_before(shop: Shop) -> None:
    shop.edit_models()

    preview, outcome = take(shop.actions["generate"], Desk(ADD))

    assert re.fullmatch(r"[0-9a-f]{12}", str(preview.handle["revision"]))
    assert outcome.outputs["revision"] == preview.handle["revision"]


def test_after_a_crash_the_written_file_is_found_with_what_was_known_about_it(shop: Shop) -> None:
    shop.edit_models()
    generate, desk = shop.actions["generate"], Desk(ADD)
    preview, outcome = take(generate, desk)

    finding = generate.reconcile(desk, Intent(handle=preview.handle))

    assert finding.ground == "applied"
    assert finding.outcome is not None
    assert finding.outcome.outputs == outcome.outputs
    assert Change.from_json(finding.outcome.outputs["change"]).nature.additive


def test_after_a_crash_before_the_file_nothing_is_claimed(shop: Shop) -> None:
    generate, desk = shop.actions["generate"], Desk(ADD)
    preview = generate.preview(desk)

    assert generate.reconcile(desk, Intent(handle=preview.handle)).ground == "absent"


def test_undo_deletes_the_file_unless_it_was_edited_or_deployed(shop: Shop) -> None:
    shop.edit_models()
    generate, desk = shop.actions["generate"], Desk(ADD)
    preview, outcome = take(generate, desk)
    intent, path = Intent(handle=preview.handle), shop.root / str(outcome.outputs["path"])
    text = path.read_text()

    path.write_text(text + "\n# mine\n")
    with pytest.raises(Exception, match="was edited since it was generated"):
        generate.undo(desk, intent, outcome)
    path.write_text(text)
    shop.upgrade()
    with pytest.raises(Exception, match=r"dev has .* already"):
        generate.undo(desk, intent, outcome)
    shop.execute("DROP TABLE certificates")
    shop.execute("UPDATE alembic_version SET version_num = 'a1'")
    generate.undo(desk, intent, outcome)

    assert not path.exists()


def test_undo_deletes_the_file_as_the_run_itself_has_cured_it(shop: Shop) -> None:
    shop.edit_models()
    generate, desk = shop.actions["generate"], Desk(ADD)
    preview, outcome = take(generate, desk)
    path = shop.root / str(outcome.outputs["path"])
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_text(path.read_text() + "\n# cured\n")
    Drafts(shop.services).follow(desk, history(shop.services), str(outcome.outputs["revision"]), before=before)

    generate.undo(desk, Intent(handle=preview.handle), outcome)

    assert not path.exists()


def test_a_rejected_draft_is_replaced_in_the_next_round(shop: Shop) -> None:
    shop.edit_models()
    first = shop.generated()
    models = shop.root / "app/models.py"
    models.write_text(models.read_text().replace("title: Mapped[str]", "name: Mapped[str]"))

    second = shop.generated(visit=2)

    change = Change.from_json(second.outputs["change"])
    assert not (shop.root / str(first.outputs["path"])).exists()
    assert len(change.revisions) == 1
    assert "name VARCHAR" in change.up.reading
    assert change.nature.additive


def test_a_draft_edited_by_hand_is_kept_and_travels_on(shop: Shop) -> None:
    shop.edit_models()
    first = shop.generated()
    path = shop.root / str(first.outputs["path"])
    path.write_text(path.read_text().replace("def upgrade():", "def upgrade():\n    op.execute('SELECT 1')"))

    second = shop.generated(visit=2)

    change = Change.from_json(second.outputs["change"])
    assert second.name == "ok"
    assert change.revisions == (first.outputs["revision"],)
    assert "SELECT 1;" in change.up.reading
    assert change.nature.additive is None


def test_revisions_that_wait_for_the_first_environment_travel_along(shop: Shop) -> None:
    write_revision(shop.root, "b2", "a1", "op.execute('CREATE VIEW v AS SELECT 1')", "op.execute('DROP VIEW v')")
    shop.edit_models()

    outcome = shop.generated()

    change = Change.from_json(outcome.outputs["change"])
    assert change.base == ("a1",)
    assert change.revisions == ("b2", outcome.outputs["revision"])
    assert change.nature.destructive is None
    assert any(isinstance(block, Prose) and "does not have b2 yet" in block.text for block in outcome.blocks)


def test_several_heads_are_named_with_the_way_out(shop: Shop) -> None:
    write_revision(shop.root, "b2", "a1", "pass")
    write_revision(shop.root, "c2", "a1", "pass")

    with pytest.raises(SeveralHeadsError, match="2 heads: b2, c2") as refused:
        shop.actions["generate"].preview(Desk(ADD))

    assert "merge" in refused.value.remedy
    assert refused.value.exit_code is ExitCode.USAGE


def test_one_of_several_heads_can_be_continued(shop: Shop) -> None:
    write_revision(shop.root, "b2", "a1", "op.add_column('accounts', sa.Column('age', sa.Integer()))")
    write_revision(shop.root, "c2", "a1", "pass")
    shop.edit_models("    age: Mapped[int | None]\n")
    shop.edit_models()

    _, outcome = take(shop.actions["generate"], Desk({**ADD, "head": "b2"}))

    change = Change.from_json(outcome.outputs["change"])
    assert change.heads == tuple(sorted(("c2", str(outcome.outputs["revision"]))))


def test_models_that_do_not_import_name_file_and_line(shop: Shop) -> None:
    shop.edit_models("\nimport nothing_of_this_name\n")

    with pytest.raises(MigrationError, match="nothing_of_this_name") as broken:
        shop.generated()

    assert "app/models.py" in f"{broken.value.where} {broken.value.means} {broken.value.what}"
    assert broken.value.remedy


def test_an_env_py_that_swallows_transactions_is_found_out(shop: Shop) -> None:
    swallowing = ENV.replace(
        "        context.configure(connection=connection",
        "        connection.execute(__import__('sqlalchemy').text('SELECT 1'))\n"
        "        context.configure(connection=connection",
    ).replace("with context.begin_transaction():", "with __import__('contextlib').nullcontext():")
    (shop.root / "migrations/env.py").write_text(swallowing)
    shop.edit_models()

    with pytest.raises(RolledBackError) as found:
        shop.generated()

    assert found.value.remedy


def test_a_history_that_cannot_be_replayed_is_compared_with_the_first_environment(shop: Shop) -> None:
    write_revision(shop.root, "b2", "a1", "op.execute('SELECT 1/(SELECT count(*) FROM accounts)')")
    shop.execute("INSERT INTO accounts VALUES (1, 'ada')")
    shop.upgrade()
    shop.edit_models()
    desk = Desk(ADD)

    _, outcome = take(shop.actions["generate"], desk)

    assert outcome.name == "ok"
    assert any("cannot be replayed" in note and "dev" in note for note in desk.notes)


def test_a_first_environment_that_is_down_does_not_stop_it(shop: Shop) -> None:
    shop.edit_models()
    lost = shop.with_services(environ={**shop.services.environ, "DEV_URL": f"postgresql://u@/x?host={shop.root}"})

    outcome = lost.generated()

    assert Change.from_json(outcome.outputs["change"]).base == ("a1",)


def told(outcome: Outcome) -> str:
    return " ".join(block.text for block in outcome.blocks if isinstance(block, Prose))


def test_on_the_default_branch_it_says_so_and_names_what_belongs_together(shop: Shop) -> None:
    (shop.root / ".git").mkdir()
    (shop.root / ".git/HEAD").write_text("ref: refs/heads/main\n")  # no repository that git could read
    shop.edit_models()

    outcome = shop.generated()

    assert "You are on main" in told(outcome)
    assert f"the models you changed, {outcome.outputs['path']}" in told(outcome)


def test_of_the_models_files_only_those_that_changed_are_named(shop: Shop) -> None:
    names = ("app/models.py", "app/others.py", "app/more.py")
    for name in names[1:]:
        (shop.root / name).write_text("")
    for command in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "all"],
    ):
        subprocess.run(["git", *command], cwd=shop.root, check=True)
    project = replace(shop.project, models=names)
    several = replace(shop.with_services(project=project), project=project)
    several.edit_models()
    (shop.root / "app/unrelated.py").write_text("")

    outcome = several.generated()

    assert f"Commit together: app/models.py, {outcome.outputs['path']}" in told(outcome)
