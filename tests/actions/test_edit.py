"""edit: in the editor, elsewhere, or done; and models that are not Python."""

import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.actions.conftest import Shop
from tests.actions.desk import Desk, take

from schema_sensei.actions.edit import ModelsBrokenError
from schema_sensei.engine.prompts import Choose
from schema_sensei.terms.errors import UsageError

EDITOR = "import sys, pathlib; p = pathlib.Path(sys.argv[-1]); p.write_text(p.read_text() + '# edited\\n')"


class LentTerminal:
    """Counts how often the terminal was lent, and knows whether it is lent now."""

    def __init__(self) -> None:
        self.lent = 0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        self.lent += 1
        yield


def with_editor(shop: Shop, line: str, terminal: LentTerminal) -> Shop:
    return shop.with_services(environ={**shop.services.environ, "EDITOR": line}, terminal=terminal)


def test_the_editor_gets_the_terminal_and_the_change_is_told(shop: Shop, tmp_path: Path) -> None:
    script = tmp_path / "my editor.py"
    script.write_text(EDITOR)
    terminal = LentTerminal()
    shop = with_editor(shop, f"{sys.executable} '{script}' --wait", terminal)

    preview, outcome = take(shop.actions["edit"], Desk(), "editor")

    assert isinstance(preview.prompt, Choose)
    assert preview.prompt.default == "editor"
    assert terminal.lent == 1
    assert outcome.outputs["files"] == ["app/models.py"]


def test_an_editor_that_is_not_there_is_a_clear_error(shop: Shop) -> None:
    shop = with_editor(shop, "no-such-editor -w", LentTerminal())

    with pytest.raises(UsageError, match="no-such-editor is not found") as refused:
        take(shop.actions["edit"], Desk(), "editor")

    assert "$EDITOR" in refused.value.remedy


def test_without_a_terminal_only_ready_is_offered(shop: Shop) -> None:
    preview, outcome = take(shop.actions["edit"], Desk(), "ready")

    assert isinstance(preview.prompt, Choose)
    assert [option.key for option in preview.prompt.options] == ["ready"]
    assert outcome.name == "ok"


def test_editing_elsewhere_is_noticed(shop: Shop) -> None:
    shop = with_editor(shop, "true", LentTerminal())
    desk = Desk(answers={"step.done": "ready"})
    timer = threading.Timer(0.2, shop.edit_models)
    timer.start()

    _, outcome = take(shop.actions["edit"], desk, "elsewhere")

    timer.join()
    assert outcome.outputs["files"] == ["app/models.py"]
    assert "Changed: app/models.py" in desk.asked[-1].question


def test_models_that_are_not_python_name_file_and_line(shop: Shop) -> None:
    shop.edit_models("\n\nclass Broken(Base:\n    pass\n")
    line = len((shop.root / "app/models.py").read_text().splitlines()) - 1

    with pytest.raises(ModelsBrokenError) as broken:
        take(shop.actions["edit"], Desk(), "ready")

    assert broken.value.where == f"app/models.py:{line}"


def test_a_package_of_models_is_opened_file_by_file(shop: Shop) -> None:
    package = shop.root / "app/parts"
    package.mkdir()
    for name in ("__init__.py", "a.py", "b.py"):
        (package / name).write_text("")
    desk = Desk({"files": ["app/parts/__init__.py"]})

    preview, _ = take(shop.actions["edit"], desk, "ready")

    files = preview.handle["files"]
    assert isinstance(files, Mapping)
    assert sorted(files) == ["app/parts/__init__.py", "app/parts/a.py", "app/parts/b.py"]


def test_a_file_that_does_not_exist_is_named(shop: Shop) -> None:
    with pytest.raises(UsageError, match=r"no file app/nowhere\.py"):
        take(shop.actions["edit"], Desk({"files": ["app/nowhere.py"]}))
