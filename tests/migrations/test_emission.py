"""Emitted units do what `alembic upgrade` does, and the database refuses them at any other moment."""

import threading

import psycopg
import pytest

from schema_sensei.migrations import Unit
from schema_sensei.migrations.errors import RefusedError, RevisionFailedError, UnknownHeadsError
from schema_sensei.postgres import session
from schema_sensei.terms.secrets import Secret

from .conftest import Workspace, apply, catalog, query
from .env_styles import configured
from .test_worker import _eventually

_TRICKY = r"""
op.create_table('notes',
    sa.Column('id', sa.Integer, primary_key=True),
    sa.Column('kind', sa.Enum('a', "b'c", name='kind'), server_default='a', comment='50%\tof \\ it; -- yes'),
    sa.Column('body', sa.Text, sa.CheckConstraint("body <> ';'", name='not_semi')))
notes = sa.table('notes', sa.column('id', sa.Integer), sa.column('body', sa.Text))
op.bulk_insert(notes, [{'id': 1, 'body': "tab\t 100% \\n it's; :x"}, {'id': 2, 'body': 'two\nlines'}])
op.execute(notes.update().where(notes.c.id == 2).values(body='C:\\temp'))
op.get_bind().execute(sa.text("UPDATE notes SET body = body || :more WHERE id = 2"), {'more': " 12\\:30"})
op.execute("CREATE FUNCTION two() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 2; END; $$;")
op.execute("INSERT INTO notes (id, body) VALUES (3, '10\:30 %s %% ; x')")
"""


def _moves(units: tuple[Unit, ...]) -> list[tuple[str, tuple[str, ...], tuple[str, ...], bool]]:
    return [(unit.revision, unit.heads_before, unit.heads_after, unit.transactional) for unit in units]


def test_units_make_what_an_upgrade_makes_and_take_it_back(
    workspace: Workspace, database: Secret, second_database: Secret
) -> None:
    workspace.revision(
        "a1",
        upgrade=_TRICKY,
        downgrade="op.drop_table('notes')\nop.execute('DROP TYPE kind')\nop.execute('DROP FUNCTION two()')",
    )
    workspace.table("b2", "a1")
    workspace.migrations.upgrade(second_database)
    empty = catalog(database)

    apply(database, workspace.migrations.emit((), "heads"))

    assert catalog(database).difference(catalog(second_database)) == ()
    rows = "SELECT * FROM notes ORDER BY id"
    assert query(database, rows) == query(second_database, rows)
    assert query(database, "SELECT body FROM notes ORDER BY id") == [
        ("tab\t 100% \\n it's; :x",),
        ("C:\\temp 12\\:30",),
        ("10:30 %s %% ; x",),
    ]
    assert workspace.migrations.database_heads(database) == ("b2",)

    apply(database, workspace.migrations.emit(("b2",), "base", direction="down"))

    left = {entry.ident for entry in catalog(database).rows - empty.rows}
    assert all("alembic_version" in ident for ident in left)
    apply(database, workspace.migrations.emit((), "heads"))
    assert catalog(database).difference(catalog(second_database)) == ()


def test_a_unit_applied_twice_fails_and_changes_nothing(workspace: Workspace, database: Secret) -> None:
    workspace.revision(
        "a1", upgrade="op.create_table('t', sa.Column('n', sa.Integer))\nop.execute('INSERT INTO t VALUES (1)')"
    )
    workspace.revision("b2", "a1", "op.execute('UPDATE t SET n = n + 1')", "op.execute('UPDATE t SET n = n - 1')")
    units = workspace.migrations.emit((), "heads")
    down = workspace.migrations.emit(("b2",), "a1", direction="down")
    assert workspace.migrations.emit(("b2",), ("a1",), direction="down") == down

    apply(database, units)

    for unit, stands in ((units[0], "b2"), (units[1], "b2")):
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match=f"the database is at {stands}"):
            apply(database, (unit,))
    assert query(database, "SELECT n FROM t") == [(2,)]
    apply(database, down)
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="starts from b2, the database is at a1"):
        apply(database, down)
    assert query(database, "SELECT n FROM t") == [(1,)]


def test_of_two_who_start_at_once_one_is_refused(workspace: Workspace, database: Secret) -> None:
    workspace.revision("a1", upgrade="op.execute('CREATE TABLE t (n int)')\nop.execute('INSERT INTO t VALUES (1)')")
    workspace.revision("b2", "a1", "op.execute('UPDATE t SET n = n + 1')")
    apply(database, workspace.migrations.emit((), "a1"))
    (unit,) = workspace.migrations.emit(("a1",), "b2")
    refused: list[str] = []

    def late() -> None:
        try:
            apply(database, (unit,))
        except psycopg.errors.ObjectNotInPrerequisiteState as error:
            refused.append(str(error))

    with session.connect(database) as first:
        with first.transaction():
            first.execute(unit.statements[0].encode())
            second = threading.Thread(target=late)
            second.start()
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            assert _eventually(lambda: query(database, waiting) != [(0,)] or not second.is_alive())
            assert second.is_alive()
            for statement in unit.statements[1:]:
                first.execute(statement.encode())
        second.join()

    assert len(refused) == 1
    assert query(database, "SELECT n FROM t") == [(2,)]


def test_own_version_table_and_schema_are_quoted(
    workspace: Workspace, database: Secret, second_database: Secret
) -> None:
    workspace.write("migrations/env.py", configured(version_table='"Odd \'name"', version_table_schema='"Side"'))
    workspace.table("a1")
    workspace.table("b2", "a1")
    for url in (database, second_database):
        query(url, 'CREATE SCHEMA "Side"')
    workspace.migrations.upgrade(second_database)
    units = workspace.migrations.emit((), "heads")

    apply(database, units)

    assert workspace.migrations.database_heads(database) == ("b2",)
    assert catalog(database).difference(catalog(second_database)) == ()
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
        apply(database, units[1:])


def test_branches_merges_and_dependencies(workspace: Workspace, database: Secret, second_database: Secret) -> None:
    workspace.table("a1")
    workspace.table("a2", "a1")
    workspace.table("f2", "a1")
    workspace.table("r1", None, branch_labels=("side",))
    workspace.table("r2", "r1", depends_on="a2")
    workspace.table("m3", ("a2", "f2"))
    workspace.migrations.upgrade(second_database)

    units = workspace.migrations.emit((), "heads")
    apply(database, units)

    heads = workspace.migrations.database_heads(second_database)
    assert workspace.migrations.database_heads(database) == units[-1].heads_after == heads
    assert catalog(database).difference(catalog(second_database)) == ()
    for unit in units:
        with pytest.raises(psycopg.Error):
            apply(database, (unit,))
    apply(database, workspace.migrations.emit(heads, "base", direction="down"))
    assert workspace.migrations.database_heads(database) == ()
    apply(database, workspace.migrations.emit((), "heads"))
    assert catalog(database).difference(catalog(second_database)) == ()


def test_a_guard_allows_rows_of_other_branches_and_refuses_a_fork_applied_late(
    workspace: Workspace, database: Secret
) -> None:
    workspace.table("a1")
    workspace.table("a2", "a1")
    workspace.table("f2", "a1")
    workspace.table("f3", "f2")
    (to_a2,) = workspace.migrations.emit(("a1",), "a2")
    (to_f2,) = workspace.migrations.emit(("a2",), "f2")
    (to_f3,) = workspace.migrations.emit(("f2",), "f3")
    apply(database, workspace.migrations.emit((), "a1"))

    apply(database, (to_a2, to_f2))
    apply(database, (to_f3,))

    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match=r"the database is at a2 \+ f3"):
        apply(database, (to_f2,))
    assert workspace.migrations.database_heads(database) == ("a2", "f3")


_MIXED = """
op.create_table('t', sa.Column('n', sa.Integer))
op.execute('INSERT INTO t VALUES (1)')
with op.get_context().autocommit_block():
    op.create_index('ix_n', 't', ['n'], postgresql_concurrently=True)
    op.execute('VACUUM t')
op.execute('UPDATE t SET n = n + 1')
"""


def test_autocommit_statements_are_units_of_their_own(
    workspace: Workspace, database: Secret, second_database: Secret
) -> None:
    workspace.revision("a1", upgrade=_MIXED)
    workspace.table("b2", "a1")
    workspace.migrations.upgrade(second_database)

    units = workspace.migrations.emit((), "heads")

    assert _moves(units) == [
        ("a1", (), (), True),
        ("a1", (), (), False),
        ("a1", (), (), False),
        ("a1", (), ("a1",), True),
        ("b2", ("a1",), ("b2",), True),
    ]
    apply(database, units[:1])
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
        apply(database, units[:1])
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
        apply(database, units[4:])
    apply(database, units[1:4])
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
        apply(database, units[3:4])
    apply(database, units[4:])
    assert query(database, "SELECT n FROM t") == [(2,)]
    assert catalog(database).difference(catalog(second_database)) == ()


def test_parts_of_a_later_revision_run_once_each(workspace: Workspace, database: Secret) -> None:
    workspace.table("a1")
    workspace.revision("b2", "a1", _MIXED)
    apply(database, workspace.migrations.emit((), "a1"))
    first, index, vacuum, last = workspace.migrations.emit(("a1",), "b2")

    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
        apply(database, (last,))
    apply(database, (first, index, vacuum))
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
        apply(database, (first,))
    apply(database, (last,))

    assert query(database, "SELECT n FROM t") == [(2,)]
    assert query(database, "SELECT obj_description('alembic_version'::regclass, 'pg_class')") == [(None,)]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("for row in op.get_bind().execute(sa.text('SELECT 1 AS one')): op.execute('SELECT 2')", "SELECT 1 AS one"),
        ("if op.get_bind().scalar(sa.text('SELECT 7')): op.execute('SELECT 2')", "SELECT 7"),
        ("try:\n    op.get_bind().execute(sa.text('SELECT 8')).first()\nexcept Exception:\n    pass", "SELECT 8"),
        ("sa.inspect(op.get_bind()).get_table_names()", "without a database"),
        ("context.is_offline_mode() or op.get_bind().execute(sa.text('SELECT 9')).all()", "SELECT 9"),
    ],
)
def test_a_revision_that_reads_is_opaque_and_the_next_one_is_not(workspace: Workspace, body: str, said: str) -> None:
    workspace.table("a1")
    workspace.revision("b2", "a1", body)
    workspace.table("c3", "b2")

    before, opaque, after = workspace.migrations.emit((), "heads")

    assert (opaque.opaque, opaque.statements, opaque.heads_after) == (True, (), ("b2",))
    assert said in opaque.reason
    assert not before.opaque
    assert (after.opaque, after.heads_before, after.heads_after) == (False, ("b2",), ("c3",))


def test_an_env_that_sets_the_search_path_makes_scripts_opaque(workspace: Workspace) -> None:
    env = (workspace.root / "migrations/env.py").read_text()
    workspace.write(
        "migrations/env.py",
        env.replace(
            "        context.configure(connection",
            "        connection.execute(text('SET search_path TO app'))\n"
            "        connection.commit()\n        context.configure(connection",
        ),
    )
    workspace.table("a1")

    (unit,) = workspace.migrations.emit((), "heads")

    assert unit.opaque
    assert "SET search_path" in unit.reason


def test_a_revision_that_raises_is_named_with_its_line(workspace: Workspace) -> None:
    workspace.revision("a1", upgrade="pass", downgrade="raise NotImplementedError('no way back')")

    with pytest.raises(
        RevisionFailedError, match="downgrade of revision a1 failed: NotImplementedError: no way"
    ) as caught:
        workspace.migrations.emit(("a1",), "base", direction="down")

    assert caught.value.revision == "a1"
    assert caught.value.where == "migrations/versions/a1_.py:13"


@pytest.mark.parametrize("destination", ["-1", "+1", "a1@-1"])
def test_relative_destinations_are_refused(workspace: Workspace, destination: str) -> None:
    workspace.table("a1")

    with pytest.raises(RefusedError, match="relative"):
        workspace.migrations.emit(("a1",), destination, direction="down")


def test_an_unknown_start_is_refused(workspace: Workspace) -> None:
    workspace.table("a1")

    with pytest.raises(UnknownHeadsError, match="ghost"):
        workspace.migrations.emit(("ghost",), "heads")


def test_nothing_to_do_is_no_unit(workspace: Workspace) -> None:
    workspace.table("a1")

    assert workspace.migrations.emit(("a1",), "heads") == ()


def test_units_survive_json(workspace: Workspace) -> None:
    workspace.revision("a1", upgrade=_MIXED)

    for unit in workspace.migrations.emit((), "heads"):
        assert Unit.from_json(unit.to_json()) == unit
