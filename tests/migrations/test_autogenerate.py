"""Autogenerate writes a revision whole or not at all, and says what it could not have seen."""

import os
import signal
import threading
from pathlib import Path

import pytest

from schema_sensei.migrations import Generated
from schema_sensei.migrations.errors import (
    NotAtHeadsError,
    NotConfiguredError,
    RefusedError,
    SeveralHeadsError,
    WorkerDiedError,
)
from schema_sensei.terms.secrets import Secret

from .conftest import MODELS, Workspace, catalog, query
from .env_styles import STOCK, configured
from .test_worker import _eventually

_SHOP = """
class Shop(Base):
    __tablename__ = "shops"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(40))
    mood: Mapped[str] = mapped_column(sa.Enum("calm", "busy", name="mood"), server_default="calm")
"""


def _generate(workspace: Workspace, url: Secret, revision: str, *, write: bool = True) -> Generated:
    return workspace.migrations.autogenerate(url, message="what it is for", revision=revision, write=write)


def _codes(generated: Generated) -> set[str]:
    return {each.code for each in generated.warnings + generated.blind_spots}


def _files(workspace: Workspace) -> list[str]:
    return sorted(path.name for path in (workspace.root / "migrations").rglob("*") if "__pycache__" not in path.parts)


def _shop(workspace: Workspace, url: Secret) -> None:
    workspace.write("models.py", MODELS + _SHOP)
    _generate(workspace, url, "a1")
    workspace.migrations.upgrade(url)


def test_a_new_table_is_written_and_upgrades(workspace: Workspace, database: Secret) -> None:
    workspace.write("models.py", MODELS + _SHOP)

    generated = _generate(workspace, database, "a1")

    assert generated.path is not None
    assert generated.path.name == "a1_what_it_is_for.py"
    (operation,) = generated.operations
    assert (operation.kind, operation.table, operation.additive, operation.destructive) == (
        "create_table",
        "shops",
        True,
        False,
    )
    assert "op.create_table('shops'" in generated.upgrade_source
    assert "op.drop_table('shops')" in generated.downgrade_source
    assert workspace.migrations.upgrade(database) == ("a1",)
    assert _generate(workspace, database, "b2").empty


def test_nothing_is_written_and_nothing_changes_without_a_difference_or_a_wish(
    workspace: Workspace, database: Secret
) -> None:
    before, files = catalog(database), _files(workspace)

    assert _generate(workspace, database, "a1").empty
    workspace.write("models.py", MODELS + _SHOP)
    unwritten = _generate(workspace, database, "a1", write=False)

    assert unwritten.path is None
    assert "shops" in unwritten.upgrade_source
    assert _files(workspace) == files
    assert catalog(database).difference(before) == ()


def test_changes_are_operations_with_their_danger(workspace: Workspace, database: Secret) -> None:
    _shop(workspace, database)
    workspace.write(
        "models.py",
        MODELS
        + _SHOP.replace("String(40)", "String(20)").replace("    name:", "    town: Mapped[str | None]\n    name:"),
    )

    kinds = {each.kind: each for each in _generate(workspace, database, "b2").operations}

    assert kinds["alter_column"].destructive
    assert "VARCHAR(40) → VARCHAR(20)" in kinds["alter_column"].summary
    assert (kinds["add_column"].name, kinds["add_column"].additive) == ("town", True)


def test_a_rename_is_suspected(workspace: Workspace, database: Secret) -> None:
    _shop(workspace, database)
    workspace.write("models.py", MODELS + _SHOP.replace("name: Mapped", "title: Mapped"))

    generated = _generate(workspace, database, "b2")

    (rename,) = (each for each in generated.warnings if each.code == "rename")
    assert 'new_column_name="title"' in rename.remedy
    assert {each.kind for each in generated.operations if each.destructive} == {"drop_column"}


def test_a_renamed_table_is_suspected(workspace: Workspace, database: Secret) -> None:
    _shop(workspace, database)
    workspace.write("models.py", MODELS + _SHOP.replace('"shops"', '"stores"'))

    generated = _generate(workspace, database, "b2")

    assert any('op.rename_table("shops", "stores")' in each.remedy for each in generated.warnings)
    assert "enum" in _codes(generated)


def test_new_enum_labels_are_told_though_autogenerate_sees_nothing(workspace: Workspace, database: Secret) -> None:
    _shop(workspace, database)
    workspace.write("models.py", MODELS + _SHOP.replace('"busy"', '"busy", "closed"'))

    generated = _generate(workspace, database, "b2")

    assert generated.empty
    (enum,) = (each for each in generated.blind_spots if each.code == "enum")
    assert "new: closed" in enum.message
    assert "ADD VALUE 'closed'" in enum.remedy


def test_what_is_not_compared_is_told(workspace: Workspace, database: Secret) -> None:
    _shop(workspace, database)
    query(database, "CREATE VIEW v AS SELECT 1 AS one")
    more = (
        "    area: Mapped[int] = mapped_column(sa.Computed('1 + 1'))\n"
        "    __table_args__ = (sa.CheckConstraint('id > 0'), sa.CheckConstraint('id > 1', name='big'),\n"
        "                      sa.Index('part', 'name', postgresql_where=sa.text('id > 5')),\n"
        "                      sa.Index('gin', 'name', postgresql_using='hash'), {'schema': None})\n"
        "class Elsewhere(Base):\n    __tablename__ = 'elsewhere'\n    __table_args__ = {'schema': 'far'}\n"
        "    id: Mapped[int] = mapped_column(primary_key=True)\n"
    )
    workspace.write("models.py", MODELS + _SHOP + more)

    generated = _generate(workspace, database, "b2", write=False)

    assert _codes(generated) >= {
        "check",
        "server-default",
        "partial-index",
        "index-options",
        "computed",
        "other-schema",
        "not-modelled",
    }
    assert {each.about for each in generated.blind_spots if each.code == "check"} == {"shops", "shops.big"}


def test_another_primary_key_is_told(workspace: Workspace, database: Secret) -> None:
    _shop(workspace, database)
    workspace.write("models.py", MODELS + _SHOP.replace("sa.String(40)", "sa.String(40), primary_key=True"))

    generated = _generate(workspace, database, "b2", write=False)

    (key,) = (each for each in generated.blind_spots if each.code == "primary-key")
    assert "(id) in the database and (id, name) in the models" in key.message


def test_a_drop_of_a_partition_is_told(workspace: Workspace, database: Secret) -> None:
    query(database, "CREATE TABLE logs (day date) PARTITION BY RANGE (day)")
    query(database, "CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')")

    generated = _generate(workspace, database, "a1", write=False)

    assert [each.about for each in generated.warnings if each.code == "partition"] == ["logs_1"]


def test_several_heads_need_a_choice(workspace: Workspace, database: Secret) -> None:
    workspace.table("a1")
    workspace.table("b2", "a1")
    workspace.table("c2", "a1")
    workspace.migrations.upgrade(database)
    query(database, "DROP TABLE t_a1, t_b2, t_c2")
    workspace.write("models.py", MODELS + _SHOP)

    with pytest.raises(SeveralHeadsError, match=r"2 heads: b2 .* c2") as caught:
        _generate(workspace, database, "d3")
    chosen = workspace.migrations.autogenerate(database, message="x", revision="d3", head="b2")

    assert "alembic merge -m merge b2 c2" in caught.value.remedy
    assert chosen.path is not None
    assert "down_revision = 'b2'" in chosen.path.read_text()


def test_a_database_behind_the_history_is_refused(workspace: Workspace, database: Secret) -> None:
    workspace.table("a1")

    with pytest.raises(NotAtHeadsError, match="lacks 1 revisions, the first is a1"):
        _generate(workspace, database, "b2")


def test_an_id_that_exists_is_refused(workspace: Workspace, database: Secret) -> None:
    workspace.table("a1")

    with pytest.raises(RefusedError, match="a revision a1 already"):
        _generate(workspace, database, "a1")


def test_an_env_without_metadata_is_named(workspace: Workspace, database: Secret) -> None:
    workspace.write("migrations/env.py", STOCK.replace("target_metadata = Base.metadata", "target_metadata = None"))

    with pytest.raises(NotConfiguredError, match="target_metadata"):
        _generate(workspace, database, "a1")


def test_the_projects_own_naming_template_directives_and_hooks_are_used(workspace: Workspace, database: Secret) -> None:
    ini = (workspace.root / "alembic.ini").read_text()
    workspace.write(
        "alembic.ini",
        ini.replace(
            "[loggers]",
            "file_template = on_%%(rev)s\n[post_write_hooks]\nhooks = mark\nmark.type = exec\nmark.executable = sed\n"
            "mark.options = -i s/UNFORMATTED/formatted/ REVISION_SCRIPT_FILENAME\n[loggers]",
            1,
        ),
    )
    mako = (workspace.root / "migrations/script.py.mako").read_text()
    workspace.write("migrations/script.py.mako", "# UNFORMATTED\n" + mako)
    workspace.write(
        "migrations/env.py",
        configured(process_revision_directives="lambda c, r, d: d[0].upgrade_ops.ops.extend(EXTRA)").replace(
            "target_metadata =",
            "from alembic.operations import ops\nEXTRA = [ops.ExecuteSQLOp('SELECT 1')]\ntarget_metadata =",
            1,
        ),
    )
    workspace.write("models.py", MODELS + _SHOP)

    generated = _generate(workspace, database, "a1")

    assert generated.path is not None
    assert generated.path.name == "on_a1.py"
    assert generated.path.read_text().startswith("# formatted\n")
    assert [each.kind for each in generated.operations] == ["create_table", "execute_sql"]


def test_a_kill_in_the_middle_of_writing_leaves_no_file(workspace: Workspace, database: Secret) -> None:
    ini = (workspace.root / "alembic.ini").read_text()
    slow = "slow.type = exec\nslow.executable = sh\nslow.options = -c 'sleep 30' REVISION_SCRIPT_FILENAME"
    hook = f"[post_write_hooks]\nhooks = slow\n{slow}\n[loggers]"
    workspace.write("alembic.ini", ini.replace("[loggers]", hook, 1))
    workspace.write("models.py", MODELS + _SHOP)
    caught: list[WorkerDiedError] = []

    def work() -> None:
        try:
            _generate(workspace, database, "a1")
        except WorkerDiedError as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    made: list[Path] = []

    def begun() -> bool:
        made[:] = (workspace.root / "migrations").glob(".sensei-*/*.py")
        return bool(made)

    assert _eventually(begun)
    os.kill(int(made[0].parent.name.removeprefix(".sensei-")), signal.SIGKILL)
    thread.join(20)

    assert len(caught) == 1
    assert list((workspace.root / "migrations/versions").glob("*.py")) == []
    workspace.write("alembic.ini", ini)
    assert _generate(workspace, database, "a1").path is not None
    assert not list((workspace.root / "migrations").glob(".sensei-*"))


def test_models_are_created_with_their_schemas(workspace: Workspace, database: Secret) -> None:
    workspace.write(
        "models.py",
        MODELS + _SHOP + "\nsa.Table('far_away', Base.metadata, sa.Column('id', sa.Integer), schema='Far')\n",
    )

    assert workspace.migrations.create_models(database) == 2

    assert query(
        database, "SELECT to_regclass('\"Far\".far_away') IS NOT NULL AND to_regclass('shops') IS NOT NULL"
    ) == [(True,)]
