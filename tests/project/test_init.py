"""sensei init: finds what is there, says why, and writes a file that loads."""

import json
from pathlib import Path

import pytest

from schema_sensei.project import config, init, schema
from schema_sensei.project.init import AlreadyThereError
from schema_sensei.project.reading import KEYS

ENV_PY = "from app import models\nfrom app.settings import settings\ntarget_metadata = models.Base.metadata\n"
MODEL = 'class User(Base):\n    __tablename__ = "users"\n'


@pytest.fixture
def existing(tmp_path: Path) -> Path:
    """A project with a backend folder, an alembic.ini, pydantic settings and a Makefile."""
    files = {
        "alembic.ini": "[alembic]\nscript_location = %(here)s/db/migrations\nsqlalchemy.url = driver://%%x\n",
        "db/migrations/env.py": ENV_PY,
        "app/__init__.py": "",
        "app/settings.py": "class Settings(BaseSettings):\n    app_database_url: str\n",
        "app/models/__init__.py": "from .user import User\n",
        "app/models/user.py": MODEL,
        "pyproject.toml": '[project]\nname = "shop"\n[tool.ruff]\n',
        "Makefile": "test:\n\tpytest\n",
        ".env": "APP_DATABASE_URL=postgresql://u:canary@h/d\nPRODUCTION_DATABASE_URL=postgresql://u:canary@p/d\n",
        ".gitignore": "*.pyc",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_an_existing_project_is_found_and_explained(existing: Path) -> None:
    planned = init.plan(existing, {"STAGING_URL": "x"})
    reasons = {(key, value): why for key, value, why in planned.reasons()}
    assert reasons["name", "shop"] == "pyproject.toml, [project] name"
    assert "settings.py" in reasons["environments.dev", "APP_DATABASE_URL"]
    assert "shell" in reasons["environments.staging", "STAGING_URL"]
    assert ".env" in reasons["environments.prod", "PRODUCTION_DATABASE_URL"]
    assert ("models", "app.models") in reasons
    assert ("tests", "make test") in reasons
    assert not planned.scaffold
    assert "canary" not in planned.text


def test_planning_writes_nothing(existing: Path) -> None:
    before = sorted(existing.rglob("*"))
    init.plan(existing, {})
    assert sorted(existing.rglob("*")) == before


def test_what_is_written_loads(existing: Path) -> None:
    files = init.write(init.plan(existing, {}))
    project = config.load(existing)
    assert [each.name for each in project.environments] == ["dev", "prod"]
    assert project.environment("prod").protected
    assert project.model_files == (existing / "app/models/__init__.py",)
    assert (existing / ".gitignore").read_text() == "*.pyc\n.sensei/\n.env\n"
    assert {path.name for path in files} == {"sensei.yaml", "project.schema.json", ".gitignore"}
    # A second time there is nothing to ignore any more
    assert init.plan(existing, {}).ignore == ()


def test_it_does_not_write_over_a_file_unless_told(existing: Path) -> None:
    (existing / "sensei.yaml").write_text("mine")
    with pytest.raises(AlreadyThereError, match="--force"):
        init.write(init.plan(existing, {}))
    assert (existing / "sensei.yaml").read_text() == "mine"
    init.write(init.plan(existing, {}), force=True)
    config.load(existing)


def test_an_empty_directory_gets_alembic_first(tmp_path: Path) -> None:
    def scaffold(root: Path) -> None:
        (root / "migrations" / "versions").mkdir(parents=True)
        (root / "migrations" / "env.py").write_text('import os\nfrom alembic import context\nos.environ["MY_URL"]\n')
        (root / "pyproject.toml").write_text('[tool.alembic]\nscript_location = "%(here)s/migrations"\n')

    planned = init.plan(tmp_path, {})
    assert planned.scaffold
    init.write(planned, scaffold=scaffold)
    project = config.load(tmp_path)
    assert project.environment("dev").url_variable == "MY_URL"
    assert project.layout.pyproject == tmp_path / "pyproject.toml"


@pytest.mark.parametrize("name", ["it's: odd", "# no", "- x", "{a}", "null", "é", "1", " padded "])
def test_odd_names_survive(tmp_path: Path, name: str) -> None:
    root = tmp_path / name
    root.mkdir()
    init.write(init.plan(root, {}))
    assert config.load(root).name == name


@pytest.mark.parametrize("name", ["pyproject.toml", "alembic.ini", "env.py", ".gitignore", ".env"])
def test_broken_files_are_no_obstacle(existing: Path, name: str) -> None:
    target = next(iter(existing.rglob(name)))
    target.write_bytes(b"\xff[[[ = (")
    init.write(init.plan(existing, {}))
    config.load(existing)


def test_the_schema_knows_the_keys_that_the_file_may_have() -> None:
    data = json.loads(schema.text())
    assert set(data["properties"]) == set(KEYS)
    assert data["required"] == ["environments"]
