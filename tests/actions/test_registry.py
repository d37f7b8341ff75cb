"""The registry: light to declare, complete when looked up."""

import subprocess
import sys

import pytest
from tests.actions.conftest import Shop

from schema_sensei.actions.signatures import signatures

HEAVY = "alembic sqlalchemy psycopg httpx textual pydantic"


def test_declaring_actions_imports_nothing_heavy() -> None:
    code = (
        "import sys; from schema_sensei.actions.signatures import signatures; signatures();"
        "from schema_sensei.actions.registry import Registry;"
        f"print([name for name in '{HEAVY}'.split() if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_every_declared_action_is_there_and_declares_the_same(shop: Shop) -> None:
    assert {name: action.signature for name, action in shop.actions.items()} == dict(signatures())
    with pytest.raises(KeyError):
        shop.actions["signatures"]


def test_what_is_undoable_is_declared(shop: Shop) -> None:
    assert {name for name, signature in signatures().items() if signature.undoable} == {"generate", "backup", "deploy"}
