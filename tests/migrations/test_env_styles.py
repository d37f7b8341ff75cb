"""Any project's env.py is driven from outside, reaches the approved database only, and cannot swallow a transaction."""

import pytest

from schema_sensei.migrations import new_revision_id
from schema_sensei.migrations.errors import (
    DatabaseRefusedError,
    RolledBackError,
    UnsupportedEnvironmentError,
    UserCodeError,
    WrongDatabaseError,
)
from schema_sensei.terms.secrets import Secret

from .conftest import MODELS, Workspace, query
from .env_styles import STOCK, STYLES, SWALLOWING, configured

_TABLE = """
class Gadget(Base):
    __tablename__ = "gadgets"
    id: Mapped[int] = mapped_column(primary_key=True)
"""


@pytest.mark.parametrize("style", STYLES)
def test_every_style_upgrades_renders_and_generates(workspace: Workspace, database: Secret, style: str) -> None:
    workspace.write("migrations/env.py", STYLES[style])
    workspace.write(
        "settings.py", "from sqlalchemy import create_engine\nengine = create_engine('postgresql://wrong')\n"
    )
    workspace.table("a1")

    emitted = workspace.migrations.emit((), "heads")
    stands = workspace.migrations.upgrade(database)
    workspace.write("models.py", MODELS + _TABLE)
    generated = workspace.migrations.autogenerate(database, message="gadgets", revision="b2")

    assert [unit.heads_after for unit in emitted] == [("a1",)]
    assert stands == workspace.migrations.database_heads(database) == ("a1",)
    assert query(database, "SELECT to_regclass('t_a1') IS NOT NULL") == [(True,)]
    assert {operation.kind for operation in generated.operations} >= {"create_table"}
    assert generated.path is not None
    assert generated.path.exists()


@pytest.mark.parametrize("style", SWALLOWING)
def test_a_swallowed_transaction_is_an_error(workspace: Workspace, database: Secret, style: str) -> None:
    workspace.write("migrations/env.py", SWALLOWING[style])
    workspace.table("a1")

    with pytest.raises(RolledBackError, match="no revision instead of a1") as caught:
        workspace.migrations.upgrade(database)

    assert "begin_transaction" in caught.value.remedy
    assert query(database, "SELECT to_regclass('t_a1') IS NULL") == [(True,)]


def test_settings_are_those_of_the_online_way(workspace: Workspace) -> None:
    workspace.write(
        "migrations/env.py",
        configured(version_table='"Versions"', version_table_schema='"side"', include_schemas="True"),
    )

    settings = workspace.migrations.settings()

    assert (settings.version_table, settings.version_table_schema) == ("Versions", "side")
    assert settings.include_schemas
    assert settings.has_metadata


def test_a_command_without_a_database_lets_nobody_connect(workspace: Workspace) -> None:
    workspace.write("migrations/env.py", "import psycopg\npsycopg.connect('postgresql://localhost')\n")

    with pytest.raises(WrongDatabaseError, match="psycopg connection of its own"):
        workspace.migrations.settings()


def test_another_kind_of_database_is_refused(workspace: Workspace, database: Secret) -> None:
    workspace.write("migrations/env.py", STOCK + "\ncreate_engine('sqlite://').raw_connection()\n")

    with pytest.raises(WrongDatabaseError, match="sqlite"):
        workspace.migrations.upgrade(database)


def test_several_databases_in_one_env_are_refused(workspace: Workspace, database: Secret) -> None:
    workspace.write("migrations/env.py", STOCK + "\nrun_migrations_online()\n")
    workspace.table("a1")

    with pytest.raises(UnsupportedEnvironmentError, match="more than one migration"):
        workspace.migrations.upgrade(database)


def test_an_env_that_runs_nothing_is_named(workspace: Workspace, database: Secret) -> None:
    workspace.write("migrations/env.py", "def run(): pass\n")

    with pytest.raises(UnsupportedEnvironmentError, match="without running the migrations"):
        workspace.migrations.upgrade(database)


def test_models_that_do_not_import_are_named_with_their_line(workspace: Workspace) -> None:
    workspace.write("models.py", MODELS + "\n\nclass Broken(Nothing):\n    pass\n")

    with pytest.raises(UserCodeError, match="NameError: name 'Nothing' is not defined") as caught:
        workspace.migrations.settings()

    assert caught.value.where == f"models.py:{len(MODELS.splitlines()) + 3}"
    assert caught.value.means == "The line: class Broken(Nothing):"


def test_a_syntax_error_is_named_with_its_line(workspace: Workspace) -> None:
    workspace.write("models.py", "x = (\n")

    with pytest.raises(UserCodeError, match="SyntaxError") as caught:
        workspace.migrations.settings()

    assert caught.value.where == "models.py:1"


def test_a_foreign_key_to_no_table_is_named_without_blaming_env_py(workspace: Workspace, database: Secret) -> None:
    workspace.write("models.py", f"{MODELS}{_TABLE}    owner = mapped_column(sa.ForeignKey('accont.id'))\n")

    with pytest.raises(UserCodeError, match="could not find table 'accont'") as caught:
        workspace.migrations.autogenerate(database, message="one", revision=new_revision_id(), write=False)

    assert "Correct the name accont" in caught.value.remedy
    assert not caught.value.where


def test_a_missing_package_says_where_to_install_it(workspace: Workspace) -> None:
    workspace.write("models.py", "import no_such_package\n")

    with pytest.raises(UserCodeError, match="No module named 'no_such_package'") as caught:
        workspace.migrations.settings()

    assert "environment of your project" in caught.value.remedy


def test_an_unreachable_database_is_an_error_without_its_password(workspace: Workspace) -> None:
    with pytest.raises(DatabaseRefusedError) as caught:
        workspace.migrations.upgrade(Secret("postgresql://user:canary-secret@127.0.0.1:9/none"))

    assert "canary-secret" not in str(caught.value) + caught.value.output
    assert caught.value.exit_code == 7


def test_models_are_read_afresh_after_each_edit(workspace: Workspace, database: Secret) -> None:
    assert workspace.migrations.autogenerate(database, message="none", revision=new_revision_id()).empty

    workspace.write("models.py", MODELS + _TABLE)

    assert not workspace.migrations.autogenerate(database, message="one", revision=new_revision_id(), write=False).empty
