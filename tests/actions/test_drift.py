"""Behind `sensei drift`: managed schemas, rules, sides that cannot be used, and adopting what is there."""

import re
from dataclasses import replace

import pytest
from tests.actions.conftest import Shop
from tests.actions.small_project import FIRST, write_revision

from schema_sensei.actions import adopting, comparing
from schema_sensei.actions.comparing import Comparison, look_at
from schema_sensei.actions.services import Memory
from schema_sensei.changes.compare import Standing
from schema_sensei.cli import sensei
from schema_sensei.definitions.library import Library
from schema_sensei.gates.errors import RefusedError
from schema_sensei.postgres import session
from schema_sensei.project.environment import Target
from schema_sensei.terms.errors import SenseiError

SUPABASE = ("auth", "storage", "realtime", "extensions", "vault", "graphql_public", "supabase_migrations")


def target(shop: Shop, name: str = "dev") -> Target:
    return shop.project.target(name, shop.services.environ)


def looked(shop: Shop, name: str = "dev") -> Comparison:
    fresh = replace(shop.services, memory=Memory())
    found = look_at(fresh, (target(shop, name),))[name]
    assert isinstance(found, Comparison), found
    return found


def wrong(found: Comparison) -> dict[str, Standing]:
    return {f"{each.kind} {each.ident}": each.standing for each in found.wrong}


def test_schemas_of_the_platform_are_left_out_and_named(shop: Shop) -> None:
    for name in SUPABASE:
        shop.execute(f"CREATE SCHEMA {name}")
        shop.execute(f"CREATE TABLE {name}.users (id int PRIMARY KEY)")
    shop.edit_models(
        "\n\nclass Theirs(Base):\n"
        "    __tablename__ = 'users'\n    __table_args__ = {'schema': 'auth'}\n"
        "    id: Mapped[int] = mapped_column(primary_key=True)\n"
    )

    found = looked(shop)

    assert wrong(found) == {}
    assert "7 managed schemas (auth, extensions, graphql_public, " in found.left_out


def test_auth_without_the_platform_is_an_ordinary_schema(shop: Shop) -> None:
    shop.execute("CREATE SCHEMA auth")
    shop.edit_models(
        "\n\nclass Ours(Base):\n"
        "    __tablename__ = 'users'\n    __table_args__ = {'schema': 'auth'}\n"
        "    id: Mapped[int] = mapped_column(primary_key=True)\n"
    )

    assert wrong(looked(shop)) == {
        "schema auth": Standing.AROUND,
        "table auth.users": Standing.UNMIGRATED,
    }


def test_members_of_extensions_are_left_out_and_counted(shop: Shop) -> None:
    shop.execute("CREATE EXTENSION vector")

    found = looked(shop)

    assert wrong(found) == {}
    assert re.search(r"\d+ objects of extensions", found.left_out)


def test_rules_leave_out_what_they_name_with_all_its_parts_and_count_it(shop: Shop) -> None:
    shop.execute("CREATE TABLE audit_log (id serial PRIMARY KEY, said text)")
    shop.execute("CREATE INDEX ON audit_log (said)")
    shop.execute("CREATE VIEW audit_view AS SELECT 1 AS one")
    ruled = replace(shop.project, ignore=("table:public.audit_*",))

    found = looked(shop.with_services(project=ruled))

    assert wrong(found) == {"view public.audit_view": Standing.DRIFT}
    assert re.search(r"\d objects by the rules in sensei.yaml", found.left_out)


def test_without_usable_models_migrations_and_database_are_compared(shop: Shop) -> None:
    shop.execute("ALTER TABLE accounts ADD COLUMN nick text")
    shop.edit_models("\n1 / 0\n")

    found = looked(shop)

    assert wrong(found) == {"column public.accounts.nick": Standing.DRIFT}
    assert "The models could not be used" in found.notes[0]
    assert "division by zero" in found.notes[0]
    assert "without env.py" in found.notes[-1]


def test_without_usable_migrations_models_and_database_are_compared(shop: Shop) -> None:
    write_revision(shop.root, "b2", "a1", "raise RuntimeError('no')")
    shop.execute("ALTER TABLE accounts ADD COLUMN nick text")
    shop.execute("CREATE VIEW v AS SELECT 1 AS one")

    found = looked(shop)

    assert wrong(found) == {"column public.accounts.nick": Standing.DRIFT}
    assert "The migrations could not be used" in found.notes[0]


def test_files_that_cannot_be_followed_are_no_empty_history(shop: Shop) -> None:
    write_revision(shop.root, "b2", "gone", "pass")

    found = looked(shop)

    assert wrong(found) == {}
    assert "names gone as its down_revision" in found.notes[0]


def test_when_neither_side_can_be_used_the_models_say_why(shop: Shop) -> None:
    write_revision(shop.root, "b2", "a1", "raise RuntimeError('no')")
    shop.edit_models("\n1 / 0\n")

    with pytest.raises(SenseiError, match="division by zero"):
        looked(shop)


def test_one_database_that_is_away_does_not_hide_the_others(shop: Shop) -> None:
    away = dict(shop.services.environ) | {"PROD_URL": "postgresql://nobody@127.0.0.1:1/none"}
    services = replace(shop.services, environ=away)

    found = look_at(services, [shop.project.target(name, away) for name in ("dev", "prod")])

    assert isinstance(found["dev"], Comparison)
    assert isinstance(found["prod"], SenseiError)


def test_a_database_that_somebody_locks_is_told_and_not_waited_for(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "LOCK_MS", 100)
    shop.execute("CREATE VIEW emails AS SELECT email FROM accounts")
    with session.connect(shop.dev, autocommit=False) as somebody:
        somebody.execute("LOCK TABLE accounts")

        found = look_at(shop.services, (target(shop),))["dev"]

    assert isinstance(found, comparing.UnreadableError)
    assert "Somebody is changing it" in found.remedy


def test_a_replay_that_is_known_is_not_made_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    looked(shop)
    shop.execute("ALTER TABLE accounts ADD COLUMN nick text")
    calls: list[str] = []
    monkeypatch.setattr(type(shop.services.migrations()), "upgrade", lambda *_, **__: calls.append("upgrade"))
    monkeypatch.setattr(type(shop.services.migrations()), "create_models", lambda *_, **__: calls.append("create"))

    assert wrong(looked(shop)) == {"column public.accounts.nick": Standing.DRIFT}
    assert calls == []


def test_a_kept_catalog_that_is_broken_is_read_again(shop: Shop) -> None:
    looked(shop)
    kept = list((shop.root / ".sensei/catalogs").iterdir())
    assert kept
    for path in kept:
        path.write_bytes(path.read_bytes()[:-7])

    assert wrong(looked(shop)) == {}


def test_edited_models_and_revisions_are_never_taken_from_what_was_kept(shop: Shop) -> None:
    looked(shop)
    shop.edit_models()
    assert wrong(looked(shop)) == {"table public.certificates": Standing.UNMIGRATED}
    write_revision(shop.root, "a1", None, FIRST + "\n    op.execute('CREATE TABLE more (id int)')")
    assert "table public.more" in wrong(looked(shop))


def test_every_remedy_names_commands_that_exist() -> None:
    workflows = Library.load(()).workflows
    for standing in Standing:
        for command in re.findall(r"`sensei ([^`]+)`", standing.remedy):
            verb, *rest = command.split()
            assert verb in sensei.commands, standing
            assert verb != "run" or rest[0] in workflows, standing
            known = {option for each in sensei.commands[verb].params for option in each.opts}
            assert {each for each in rest if each.startswith("--")} <= known, standing


def unstamp(shop: Shop) -> None:
    shop.execute("DROP TABLE alembic_version")


def adopted(shop: Shop, *wanted: str, name: str = "dev") -> adopting.Adoption:
    services = replace(shop.services, memory=Memory())
    found = adopting.check(services, target(shop, name), wanted)
    adopting.adopt(services, found)
    return found


def test_a_database_of_the_right_shape_is_told_and_adopted(shop: Shop) -> None:
    unstamp(shop)
    assert wrong(looked(shop)) == {"table public.accounts": Standing.UNSTAMPED}

    found = adopted(shop, "a1")

    assert (found.heads, found.wanted) == ((), ("a1",))
    assert shop.rows("SELECT version_num FROM alembic_version") == [("a1",)]
    assert wrong(looked(shop)) == {}


def test_what_is_stamped_already_is_not_adopted(shop: Shop) -> None:
    with pytest.raises(RefusedError, match="stamped with a1 already"):
        adopted(shop, "a1")


def test_another_shape_is_refused_and_each_difference_named(shop: Shop) -> None:
    unstamp(shop)
    shop.execute("ALTER TABLE accounts ALTER COLUMN email TYPE text")
    shop.execute("CREATE TABLE strays (id int)")

    with pytest.raises(RefusedError, match="does not have the shape") as refused:
        adopted(shop, "a1")

    assert "differs: column public.accounts.email" in refused.value.means
    assert "only there: table public.strays" in refused.value.means
    assert shop.rows("SELECT to_regclass('alembic_version')") == [(None,)]


def test_what_rules_leave_out_does_not_keep_it_from_being_adopted(shop: Shop) -> None:
    unstamp(shop)
    shop.execute("CREATE TABLE strays (id int)")
    ruled = replace(shop.project, ignore=("table:public.strays",))

    adopted(shop.with_services(project=ruled), "a1")

    assert shop.rows("SELECT version_num FROM alembic_version") == [("a1",)]


def test_inside_a_revision_nothing_is_adopted(shop: Shop) -> None:
    shop.execute("DELETE FROM alembic_version")
    shop.execute("COMMENT ON TABLE alembic_version IS 'sensei a1: 1 of 2'")

    with pytest.raises(RefusedError, match="stands inside a revision"):
        adopted(shop, "a1")

    assert shop.rows("SELECT count(*) FROM alembic_version") == [(0,)]


def test_a_protected_target_gets_sql_for_its_owner_and_nothing_else(shop: Shop) -> None:
    shop.execute(
        "CREATE TABLE accounts (id serial, email varchar(200) NOT NULL, CONSTRAINT pk_accounts PRIMARY KEY (id))",
        shop.prod,
    )

    with pytest.raises(RefusedError, match="prod is protected") as refused:
        adopted(shop, "a1", name="prod")

    statements = refused.value.remedy.partition("\n")[2]
    assert shop.rows("SELECT to_regclass('alembic_version')", shop.prod) == [(None,)]
    shop.execute(statements, shop.prod)
    assert wrong(looked(shop, "prod")) == {}


def test_a_database_that_moved_since_the_check_is_refused(shop: Shop) -> None:
    unstamp(shop)
    found = adopting.check(shop.services, target(shop), ("a1",))
    shop.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
    shop.execute("INSERT INTO alembic_version VALUES ('zz')")

    with pytest.raises(RefusedError, match="moved since"):
        adopting.adopt(shop.services, found)

    assert shop.rows("SELECT version_num FROM alembic_version") == [("zz",)]


def test_comparing_has_no_eyes_for_the_version_table(shop: Shop) -> None:
    assert comparing.left_out_tables(shop.services.migrations().settings()) == ("public.alembic_version",)
    assert not [each for each in looked(shop).verdicts if "alembic_version" in each.ident]
