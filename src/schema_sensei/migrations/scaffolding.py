"""Writes an Alembic scaffold for a project that has none; an existing project is used as it is."""

import keyword
from importlib import resources
from pathlib import Path
from string import Template

from ..terms.errors import UsageError
from .errors import NotConfiguredError
from .layout import Layout


def scaffold(
    directory: Path, *, models: str | None = None, base: str = "Base", url_variable: str = "DATABASE_URL"
) -> Layout:
    """Writes alembic.ini and migrations/ into the directory, and models.py when no `models` module is named.

    `base` is the name in that module that has `.metadata`. Nothing is overwritten: NotConfiguredError names the file
    that is there already, and then nothing at all is written. UsageError for a name that is none.
    """
    for name in (*(models or "models").split("."), base, url_variable):
        if not name.isidentifier() or keyword.iskeyword(name):
            raise UsageError(f"{name!r} is not a name.", remedy="Write a dotted module name, such as app.models.")
    root = directory.resolve()
    names = {"models": models or "models", "base": base, "url_variable": url_variable}
    texts = {
        root / "alembic.ini": _template("alembic.ini"),
        root / "migrations" / "env.py": Template(_template("env.py")).substitute(names),
        root / "migrations" / "script.py.mako": _template("script.py.mako"),
        root / "migrations" / "versions" / ".gitkeep": "",
    }
    if models is None:
        texts[root / "models.py"] = _template("models.py")
    for path in texts:
        if path.exists():
            raise NotConfiguredError(
                f"{path.name} exists already; nothing was written.",
                where=str(path),
                remedy="Use the project as it is (`sensei init`), or name the models with which to start.",
            )
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Layout(
        root=root,
        ini=root / "alembic.ini",
        script_location=str(root / "migrations"),
        url_variable=url_variable,
        models=(names["models"],),
    )


def _template(name: str) -> str:
    return (resources.files(__package__) / "scaffold" / f"{name}.txt").read_text(encoding="utf-8")
