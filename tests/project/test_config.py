"""sensei.yaml: what is right becomes a Project, what is wrong is told all at once and in its place."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schema_sensei.project import config
from schema_sensei.project.config import ConfigError, NoProjectError
from schema_sensei.project.environment import MissingVariableError, UnknownEnvironmentError
from schema_sensei.project.variables import EnvFileError
from schema_sensei.terms.exit_codes import ExitCode

GOOD = """
name: dashboard
environments:
  dev: {url: DATABASE_URL}
  staging: {url: STAGING_DATABASE_URL, gate: direct}
  prod: {url: PROD_DATABASE_URL, protected: true}
models: [app.models, app/other.py]
alembic: {ini: alembic.ini, url_variable: DATABASE_URL}
tests: [pytest, -q]
lint: ruff check .
journal: TEAM_JOURNAL
scratch: {url: SCRATCH}
workflows: workflows
env_file: .env
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "app" / "models").mkdir(parents=True)
    (tmp_path / "app" / "models" / "__init__.py").touch()
    (tmp_path / "app" / "other.py").touch()
    (tmp_path / "workflows").mkdir()
    (tmp_path / "alembic.ini").touch()
    return tmp_path


def written(root: Path, text: str) -> Path:
    path = root / "sensei.yaml"
    path.write_text(text)
    return path


def problems(root: Path, text: str) -> dict[str, tuple[int, int]]:
    with pytest.raises(ConfigError) as raised:
        config.load(written(root, text))
    assert raised.value.exit_code == ExitCode.USAGE
    for problem in raised.value.problems:
        assert str(problem) in str(raised.value)
    return {problem.code: (problem.line, problem.column) for problem in raised.value.problems}


def test_a_whole_file(root: Path) -> None:
    project = config.load(written(root, GOOD))
    assert [(each.name, each.url_variable, each.gate, each.protected) for each in project.environments] == [
        ("dev", "DATABASE_URL", "direct", False),
        ("staging", "STAGING_DATABASE_URL", "direct", False),
        ("prod", "PROD_DATABASE_URL", "none", True),
    ]
    assert project.layout.models == ("app.models", "app.other")
    assert project.layout.ini == root / "alembic.ini"
    assert project.model_files == (root / "app/models/__init__.py", root / "app/other.py")
    assert (project.tests, project.lint) == (("pytest", "-q"), "ruff check .")
    assert (project.journal_variable, project.scratch_variable) == ("TEAM_JOURNAL", "SCRATCH")
    assert project.directory == root / ".sensei"


def test_environments_as_a_list_keep_their_order(root: Path) -> None:
    project = config.load(written(root, "environments:\n  - {name: b, url: B}\n  - {name: a, url: A}\n"))
    assert [each.name for each in project.environments] == ["b", "a"]
    assert project.name == root.name


def test_it_is_found_from_below(root: Path) -> None:
    path = written(root, GOOD)
    assert config.find(root / "app" / "models") == path
    assert config.find(Path("/")) is None


def test_no_project(tmp_path: Path) -> None:
    with pytest.raises(NoProjectError, match="sensei init"):
        config.load(tmp_path)


def test_every_problem_at_once_and_in_its_place(root: Path) -> None:
    text = """\
environments:
  dev: {url: postgresql://u:canary@h/d}
  Prod: {url: PROD, gates: none}
  live: {url: PROD, gate: direct, protected: true}
  odd: {url: ODD, gate: maybe, protected: perhaps}
models: [app/missing.py]
tests: []
workflows: nowhere
testz: x
"""
    assert problems(root, text) == {
        "url-not-variable": (2, 14),
        "environment-name": (3, 3),
        "unknown-key": (9, 1),
        "protected-direct": (4, 27),
        "shared-variable": (4, 15),
        "gate": (5, 25),
        "wrong-type": (5, 43),
        "no-file": (6, 10),
        "empty-command": (7, 8),
        "no-directory": (8, 12),
    }


def test_a_password_in_the_file_is_not_shown(root: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        config.load(written(root, "environments:\n  dev: {url: postgresql://u:canary@h/d}\n"))
    assert "canary" not in str(raised.value)
    assert "change the password" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("environments: {}", "missing"),
        ("name: x", "missing"),
        ("- a", "wrong-type"),
        ("environments: dev", "wrong-type"),
        ("environments: {dev: }", "wrong-type"),
        ("environments: {dev: {}}", "missing"),
        ("environments: {dev: {url: $URL}}", "variable-name"),
        ("environments: {dev: {url: 'a b'}}", "variable-name"),
        ("environments: [{url: X}]", "environment-name"),
        ("environments: [{name: a, url: X}, {name: a, url: Y}]", "duplicate-name"),
        ("environments: {dev: {url: X}}\nenvironments: {dev: {url: X}}", "duplicate-key"),
        ("environments: {dev: {url: X}}\nalembic: {ini: no.ini}", "no-file"),
        ("environments: {dev: {url: X}}\nalembic: {script_location: nowhere}", "no-directory"),
        ("environments: {dev: {url: [X}}", "yaml-syntax"),
        ("environments: &a {dev: {url: X}}", "anchor"),
    ],
)
def test_what_is_wrong_has_a_name(root: Path, text: str, code: str) -> None:
    assert code in problems(root, text)


def problems_or_project(content: bytes) -> None:
    """Parse; anything but a project or problems ends the test."""
    with contextlib.suppress(ConfigError):
        config.parse(content, Path("/nowhere/sensei.yaml"))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_file_causes_anything_but_problems(content: bytes) -> None:
    problems_or_project(content)


_LEAVES = st.none() | st.booleans() | st.integers() | st.sampled_from(["X", "dev", "direct", "a/b.py", "", "://"])
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["url", "gate", "name", "dev"]), inner),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["name", "environments", "models", "alembic", "tests", "scratch"]), _VALUES))
def test_no_structure_causes_anything_but_problems(data: object) -> None:
    problems_or_project(json.dumps(data).encode())


class TestTarget:
    def test_a_label_without_password(self, root: Path) -> None:
        project = config.load(written(root, GOOD))
        target = project.target("staging", {"STAGING_DATABASE_URL": "postgresql://u:canary@db.example/app"})
        assert str(target.label) == "staging (db.example/app)"
        assert target.url.reveal().startswith("postgresql://u:")
        assert "canary" not in repr(target)

    def test_a_missing_variable_is_named_with_the_places_to_set_it(self, root: Path) -> None:
        project = config.load(written(root, GOOD))
        with pytest.raises(MissingVariableError) as raised:
            project.target("prod", {})
        assert raised.value.exit_code == ExitCode.USAGE
        for word in ("PROD_DATABASE_URL", "prod", ".env"):
            assert word in str(raised.value)

    def test_an_unknown_environment(self, root: Path) -> None:
        with pytest.raises(UnknownEnvironmentError, match="dev, staging, prod"):
            config.load(written(root, GOOD)).target("qa", {})

    def test_the_env_file_fills_what_the_shell_does_not_set(self, root: Path) -> None:
        (root / ".env").write_text(
            "# where\nexport DATABASE_URL='postgresql://u@file/one'\n\n"
            'STAGING_DATABASE_URL="postgresql://u:a\\$b@file/two"  # note\n'
            "PROD_DATABASE_URL = postgresql://u@file/x # y\n"
        )
        project = config.load(written(root, GOOD))
        environ = {"DATABASE_URL": "postgresql://u@shell/one"}
        assert [project.target(name, environ).label.host for name in ("dev", "staging", "prod")] == [
            "shell",
            "file",
            "file",
        ]
        assert project.target("staging", environ).url.reveal() == "postgresql://u:a$b@file/two"
        assert project.target("prod", environ).label.database == "x"
        assert project.target("prod", environ).source == "PROD_DATABASE_URL (.env)"
        assert "file" not in repr(project.variables(environ))

    @pytest.mark.parametrize("line", ["canary", "A='canary", "1A=canary", 'A="canary" x'])
    def test_a_line_that_is_no_variable_is_named_but_not_shown(self, root: Path, line: str) -> None:
        (root / ".env").write_text(f"A=1\n{line}\n")
        with pytest.raises(EnvFileError) as raised:
            config.load(written(root, GOOD)).target("dev", {})
        assert ".env:2" in str(raised.value)
        assert "canary" not in str(raised.value)
