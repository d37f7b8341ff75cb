"""The three-way comparison as a function: one verdict per object."""

from schema_sensei.changes.compare import Standing, compare
from schema_sensei.postgres.catalog import Catalog

Row = tuple[str, str, str]
TABLE: Row = ("table", "public.t", "r | p")
COLUMN: Row = ("column", "public.t.a", "integer")
WIDER: Row = ("column", "public.t.a", "bigint")
WIDEST: Row = ("column", "public.t.a", "numeric")
BASE = (TABLE, COLUMN)


def standings(
    models: tuple[Row, ...],
    migrations: tuple[Row, ...],
    live: tuple[Row, ...],
    deployed: tuple[Row, ...] | None = None,
) -> dict[str, Standing]:
    sides = (Catalog.of(models), Catalog.of(migrations), Catalog.of(live))
    found = compare(*sides, deployed=None if deployed is None else Catalog.of(deployed))
    return {verdict.ident: verdict.standing for verdict in found}


def test_one_verdict_for_each_way_to_disagree() -> None:
    changed, other = (TABLE, WIDER), (TABLE, WIDEST)

    assert standings(BASE, BASE, BASE) == {}
    assert standings(BASE, BASE, changed) == {"public.t.a": Standing.DRIFT}
    assert standings(changed, BASE, BASE) == {"public.t.a": Standing.UNMIGRATED}
    assert standings(changed, BASE, other) == {"public.t.a": Standing.BOTH}
    assert standings(changed, BASE, changed) == {"public.t.a": Standing.AROUND}
    assert standings(changed, changed, BASE, deployed=BASE) == {"public.t.a": Standing.PENDING}


def test_parts_of_a_missing_table_fold_into_it() -> None:
    parts = (*BASE, ("index", "public.t.ix", "..."), ("column_order", "public.t", "a"))
    sequence: Row = ("sequence", "public.t_a_seq", "integer 1 1 1 9 1 f public.t.a")

    found = compare(Catalog.of(()), Catalog.of(()), Catalog.of((*parts, sequence)))

    assert [(verdict.ident, verdict.parts, verdict.standing) for verdict in found] == [("public.t", 4, Standing.DRIFT)]


def test_views_triggers_and_their_columns_are_not_modelled() -> None:
    rows: tuple[Row, ...] = (
        *BASE,
        ("view", "public.v", "SELECT 1"),
        ("column", "public.v.x", "integer"),
        ("column_order", "public.v", "x"),
        ("trigger", "public.t.audit", "..."),
    )

    found = standings(BASE, rows, rows)

    assert set(found.values()) == {Standing.NOT_MODELLED}
    assert {"public.v", "public.t.audit"} <= set(found)


def test_a_view_that_changed_in_the_database_is_drift() -> None:
    made: tuple[Row, ...] = (*BASE, ("view", "public.v", "SELECT 1"))
    live: tuple[Row, ...] = (*BASE, ("view", "public.v", "SELECT 2"))

    assert standings(BASE, made, live) == {"public.v": Standing.DRIFT}


def test_only_the_order_of_columns_is_told_but_normal() -> None:
    one: tuple[Row, ...] = (*BASE, ("column_order", "public.t", "a,b"))
    two: tuple[Row, ...] = (*BASE, ("column_order", "public.t", "b,a"))

    found = compare(Catalog.of(one), Catalog.of(one), Catalog.of(two))

    assert [verdict.standing for verdict in found] == [Standing.ORDER]
    assert found[0].standing.normal


def test_versions_of_extensions_and_the_servers_own_ones_do_not_count() -> None:
    made: tuple[Row, ...] = (("extension", "vector", "0.7 public"),)
    live: tuple[Row, ...] = (("extension", "vector", "0.8 public"), ("extension", "pg_stat_statements", "1.0 public"))

    assert set(standings((), made, live).values()) <= {Standing.NOT_MODELLED}
    assert standings((), made, ())["vector"] is Standing.DRIFT


def test_ignored_tables_leave_no_trace() -> None:
    live = (*BASE, ("table", "public.alembic_version", "r"), ("column", "public.alembic_version.version_num", "text"))
    sides = (Catalog.of(BASE), Catalog.of(BASE), Catalog.of(live))

    assert compare(*sides, ignore=("public.alembic_version",)) == ()


def test_every_standing_has_words_and_a_way_out() -> None:
    assert all(standing.remedy.endswith(".") for standing in Standing)
