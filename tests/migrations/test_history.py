"""History reads revision files without a database and says everything that is wrong with them."""

import hashlib

import pytest

from schema_sensei.migrations import Layout, Migrations
from schema_sensei.migrations.errors import (
    BrokenHistoryError,
    NotConfiguredError,
    RevisionFailedError,
    UnknownHeadsError,
)
from schema_sensei.terms.secrets import Secret

from .conftest import Workspace, query


def _codes(workspace: Workspace) -> list[str]:
    return [problem.code for problem in workspace.migrations.history().problems]


def test_revisions_are_told_parents_first(workspace: Workspace) -> None:
    workspace.table("z1", None, branch_labels=("main",))
    path = workspace.revision("b2", "z1", downgrade='"""No."""\nraise NotImplementedError')
    workspace.table("s1", None, branch_labels=("side",), depends_on="z1")

    history = workspace.migrations.history()

    assert [each.revision for each in history.revisions].index("z1") < 2
    assert history.heads == ("b2", "s1")
    assert history.branches == (("main", ("b2",)), ("side", ("s1",)))
    b2, s1 = history.get("b2"), history.get("s1")
    assert b2 is not None
    assert s1 is not None
    assert (b2.down_revisions, b2.doc, b2.path, b2.is_head, b2.irreversible) == (
        ("z1",),
        "revision b2",
        path,
        True,
        True,
    )
    assert b2.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (s1.dependencies, s1.irreversible) == (("z1",), False)
    assert [problem.code for problem in history.problems] == ["several-heads"]
    assert not history.broken
    assert [each.revision for each in history.pending(("b2",))] == ["s1"]


def test_no_revision_is_an_empty_history(workspace: Workspace) -> None:
    history = workspace.migrations.history()

    assert (history.revisions, history.heads, history.problems) == ((), (), ())


def test_every_contradiction_is_told_at_once(workspace: Workspace) -> None:
    workspace.table("a1")
    workspace.table("b2", "lost")
    workspace.table("c3", "a1", depends_on="gone")
    workspace.write("migrations/versions/again_.py", "revision = 'a1'\ndown_revision = None\n")
    broken = workspace.write("migrations/versions/broken_.py", "import nowhere_to_be_found\n")
    workspace.table("x1", "x2")
    workspace.table("x2", "x1")

    history = workspace.migrations.history()

    assert sorted(problem.code for problem in history.problems) == [
        "cycle",
        "dangling-dependency",
        "dangling-parent",
        "duplicate-revision",
        "import-failed",
    ]
    imports = next(problem for problem in history.problems if problem.code == "import-failed")
    assert imports.path == broken
    assert "nowhere_to_be_found" in imports.message
    assert "broken_.py:1" in imports.message
    assert history.broken
    assert {each.revision for each in history.revisions} >= {"a1", "b2", "c3"}
    with pytest.raises(BrokenHistoryError):
        workspace.migrations.emit((), "heads")


def test_a_revision_that_exits_is_a_problem_of_its_file(workspace: Workspace) -> None:
    workspace.write("migrations/versions/exits_.py", "raise SystemExit(3)\n")

    assert _codes(workspace) == ["import-failed"]


@pytest.mark.parametrize("missing", ["alembic.ini", "migrations/env.py"])
def test_a_missing_file_is_a_problem_with_its_place(workspace: Workspace, missing: str) -> None:
    (workspace.root / missing).unlink()

    assert _codes(workspace) == ["no-configuration"]
    with pytest.raises(NotConfiguredError):
        workspace.migrations.settings()


def test_a_script_location_that_is_not_there_is_a_problem(workspace: Workspace) -> None:
    nowhere = Migrations(Layout(workspace.root, script_location="nowhere"), server=workspace.migrations._server)

    assert [problem.code for problem in nowhere.history().problems] == ["no-configuration"]


def test_a_database_stamped_elsewhere_is_told(workspace: Workspace, database: Secret) -> None:
    workspace.table("a1")
    workspace.migrations.upgrade(database)
    query(database, "UPDATE alembic_version SET version_num = 'ghost'")

    heads = workspace.migrations.database_heads(database)

    assert heads == ("ghost",)
    assert workspace.migrations.history().unknown(heads) == ("ghost",)
    for command in (
        lambda: workspace.migrations.upgrade(database),
        lambda: workspace.migrations.autogenerate(database, message="x", revision="b2"),
    ):
        with pytest.raises(UnknownHeadsError, match="ghost"):
            command()


def test_a_failing_upgrade_names_its_revision_and_keeps_those_before(workspace: Workspace, database: Secret) -> None:
    workspace.table("a1")
    workspace.revision("b2", "a1", "op.execute('SELECT 1 / 0')")
    heard: list[tuple[str, str]] = []

    with pytest.raises(RevisionFailedError, match="division by zero") as caught:
        workspace.migrations.upgrade(database, on_revision=lambda *event: heard.append(event))

    assert (caught.value.revision, caught.value.where) == ("b2", "migrations/versions/b2_.py:10")
    assert heard == [("a1", "running"), ("a1", "done"), ("b2", "running")]
    assert workspace.migrations.database_heads(database) == ("a1",)
