"""What is loaded when: deferred imports hide from a static graph, so a fresh interpreter is asked."""

import subprocess
import sys

import pytest

HEAVY = ("sqlalchemy", "alembic", "psycopg", "httpx", "pydantic", "questionary", "textual")


def loaded_by(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return {name.partition(".")[0] for name in done.stdout.split()} | set(done.stdout.split())


@pytest.mark.parametrize(
    ("room", "forbidden"),
    [
        ("definitions.library", (*HEAVY, "yaml", "click")),
        ("guide.walk", (*HEAVY, "yaml", "click")),
        ("guide.render", (*HEAVY, "click")),
        ("bytebase.prediction", (*HEAVY, "yaml", "click")),
        ("engine.executor", (*HEAVY, "yaml", "click")),
        ("frontends.choose", (*HEAVY, "yaml", "click")),
        ("frontends.plain", (*HEAVY, "click")),
        ("actions.signatures", (*HEAVY, "yaml", "click")),
        ("composition.visits", (*HEAVY, "yaml", "click")),
        ("cli", (*HEAVY, "yaml")),
    ],
)
def test_a_room_loads_nothing_it_has_no_business_with(room: str, forbidden: tuple[str, ...]) -> None:
    loaded = loaded_by(f"import schema_sensei.{room}")

    assert not loaded & set(forbidden)


def test_front_ends_do_not_load_actions_or_domain_rooms() -> None:
    loaded = loaded_by("import schema_sensei.frontends.plain, schema_sensei.frontends.tui.app")

    rooms = {f"schema_sensei.{room}" for room in ("actions", "gates", "changes", "project", "postgres", "migrations")}
    assert not loaded & rooms
