"""A project's Alembic is found by reading; a new one is scaffolded and works with plain Alembic, too."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from schema_sensei.migrations import Migrations, discover, scaffold
from schema_sensei.migrations.client import WarmServer
from schema_sensei.migrations.env_file import url_arguments, url_variables
from schema_sensei.migrations.errors import NotConfiguredError
from schema_sensei.terms.errors import UsageError
from schema_sensei.terms.secrets import Secret

from .conftest import Workspace
from .env_styles import STYLES


def test_an_ini_project_is_found_with_models_and_variable(workspace: Workspace) -> None:
    workspace.write("migrations/env.py", STYLES["environment variable"])

    layout = discover(workspace.root)

    assert layout.ini == workspace.root / "alembic.ini"
    assert layout.pyproject is None
    assert layout.script_location == str(workspace.root / "migrations")
    assert layout.url_variable == "APP_DATABASE_URL"
    assert layout.models == ("models",)


def test_a_pyproject_project_below_is_found_and_works(workspace: Workspace) -> None:
    (workspace.root / "alembic.ini").unlink()
    workspace.write(
        "pyproject.toml", '[tool.alembic]\nscript_location = "%(here)s/migrations"\nprepend_sys_path = ["."]\n'
    )
    workspace.table("a1")

    layout = discover(workspace.root.parent)

    assert (layout.root, layout.ini, layout.pyproject) == (workspace.root, None, workspace.root / "pyproject.toml")
    assert Migrations(layout, server=workspace.migrations._server).history().heads == ("a1",)


def test_no_configuration_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotConfiguredError) as caught:
        discover(tmp_path)

    assert "sensei init" in caught.value.remedy


@pytest.mark.parametrize(("name", "text"), [("pyproject.toml", "[tool.alembic\n"), ("alembic.ini", "no section\n")])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)

    with pytest.raises(NotConfiguredError) as caught:
        discover(tmp_path)

    assert caught.value.where == str(tmp_path / name)


def test_variables_and_arguments_are_read_from_the_text() -> None:
    text = """
url = os.environ["DB_URL"] or os.getenv('PG_DSN') or env("HOME") or os.environ.get( "DATABASE_URI", "")
other = context.get_x_argument(as_dictionary=True).get("db_url")
"""
    assert url_variables(text) == ("DB_URL", "PG_DSN", "DATABASE_URI")
    assert url_arguments(text) == ("db_url",)


def test_a_scaffold_is_a_project_for_us_and_for_plain_alembic(
    tmp_path: Path, database: Secret, warm_server: WarmServer
) -> None:
    layout = scaffold(tmp_path)
    with (tmp_path / "models.py").open("a") as models:
        models.write(
            "\n\nfrom sqlalchemy.orm import Mapped, mapped_column\n\n\nclass Person(Base):\n"
            '    __tablename__ = "people"\n    id: Mapped[int] = mapped_column(primary_key=True)\n'
        )
    migrations = Migrations(layout, server=warm_server)

    generated = migrations.autogenerate(database, message="People", revision="a1")
    migrations.upgrade(database)

    assert generated.path is not None
    assert "pk_people" in generated.upgrade_source
    assert discover(tmp_path) == layout
    environ = {**os.environ, "DATABASE_URL": database.reveal()}
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "check"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "No new upgrade operations detected" in done.stdout, done.stdout + done.stderr


def test_a_scaffold_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text("mine\n")

    with pytest.raises(NotConfiguredError, match=r"models\.py exists already"):
        scaffold(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["models.py"]
    assert scaffold(tmp_path, models="app.models").models == ("app.models",)


def test_a_scaffold_refuses_names_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a name"):
        scaffold(tmp_path, models="app; import os")
