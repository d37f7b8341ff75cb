"""Drives any project's env.py from outside: its configuration, its database, and what it hands to context.configure."""

import argparse
import configparser
import contextlib
import io
import logging.config
import os
import re
import sys
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypeAlias

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory
from alembic.util import coerce_resource_to_filename
from alembic.util.exc import CommandError
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from ..env_file import url_arguments, url_variables
from ..errors import MigrationError, NotConfiguredError, UnsupportedEnvironmentError
from ..layout import Layout
from .connections import Approved
from .failures import as_error
from .stand_in import StandIn

Steps: TypeAlias = Callable[[Any, MigrationContext], Iterable[RevisionStep]]
Options: TypeAlias = dict[str, Any]

_NOWHERE = "postgresql://nobody@no-database.invalid/none"
"""What env.py reads as its URL in a command that needs no database."""


class Environment:
    """One project in this process. Use it as a context manager around one command.

    `url` is the approved database, None for commands that must not reach any.
    """

    def __init__(self, layout: Layout, url: str | None) -> None:
        self.layout = layout
        self.approved = Approved(url)
        self.asked: list[str] = []
        self.stand_in_statements: list[Any] = []
        self._configured = False
        self._opened = contextlib.ExitStack()

    def __enter__(self) -> Self:
        os.chdir(self.layout.root)
        sys.path[:] = [entry for entry in sys.path if entry not in {"", "."}] + [str(self.layout.root)]
        logging.config.fileConfig = lambda *_, **__: None  # env.py would reset our logging
        self.approved.install()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()
        self.approved.close()

    @cached_property
    def config(self) -> Config:
        """The project's configuration with the approved URL in it. Raises NotConfiguredError."""
        layout = self.layout
        config = Config(file_=layout.ini, toml_file=layout.pyproject, stdout=io.StringIO(), output_buffer=io.StringIO())
        if layout.ini is None and layout.pyproject is None:
            config.set_main_option("script_location", (layout.script_location or "").replace("%", "%%"))
        text = _env_text(config)
        for name in (layout.url_variable, *url_variables(text)):
            if name:
                os.environ[name] = self._url_like(os.environ.get(name, ""))
        arguments = [f"{name}={self._url_like('')}" for name in dict.fromkeys(("url", *url_arguments(text)))]
        config.cmd_opts = argparse.Namespace(x=arguments, quiet=True)
        config.attributes = _Attributes(self)  # a memoized property takes the value for itself
        config.set_main_option("sqlalchemy.url", self._url_like(_configured_url(config)).replace("%", "%%"))
        return config

    @cached_property
    def script(self) -> ScriptDirectory:
        """The project's script directory; its revisions are read at the first question. Raises NotConfiguredError."""
        try:
            script = ScriptDirectory.from_config(self.config)
        except (CommandError, KeyError, OSError, ValueError, configparser.Error) as error:
            raise NotConfiguredError(
                f"Alembic's configuration cannot be used: {error}",
                where=str(self.layout.ini or self.layout.pyproject or self.layout.root),
                remedy="Set `script_location` to the directory that has env.py and versions/; `sensei init` finds it.",
            ) from error
        if not Path(script.env_py_location).is_file():
            raise NotConfiguredError(
                "There is no env.py in the script location.",
                where=str(script.dir),
                remedy="Set `script_location` to the directory that has env.py and versions/; `sensei init` finds it.",
            )
        return script

    def run(self, steps: Steps, adjust: Callable[[Options], None] = lambda _: None, **options: Any) -> MigrationContext:
        """Runs env.py on the approved database; `adjust` may change what it hands to `configure`.

        `steps` is Alembic's `fn`; `options` go to the EnvironmentContext. UnsupportedEnvironmentError when env.py
        configures no migration, or several; else whatever the project's code raises.
        """

        def configure(original: Callable[..., None], given: Options) -> None:
            adjust(given)
            original(**given)

        return self._run(steps, configure, options)

    def run_plainly(self, steps: Steps, adjust: Callable[[Options], None]) -> None:
        """Runs the revisions on the approved database without env.py, for a project whose env.py cannot be run."""
        given: Options = {}
        adjust(given)
        context = EnvironmentContext(self.config, self.script, fn=steps)
        with context, self.approved.connection() as connection:
            context.configure(connection=connection, **given)
            with context.begin_transaction():
                context.run_migrations()

    def render(self, steps: Steps, adjust: Callable[[Options], None], **options: Any) -> MigrationContext:
        """Runs env.py without a database: its online way, on a stand-in; where that fails, its offline way.

        The context writes SQL instead of executing it. Revisions that ask `is_offline_mode()` hear no, as they would
        in a real upgrade. Raises what `run` raises.
        """
        connect = Engine.connect
        Engine.connect = self._lend  # type: ignore[method-assign, assignment]  # this process runs one command
        try:
            return self._run(steps, self._rendering(adjust), options)
        except Exception as online:
            if self._configured:
                raise
            Engine.connect = connect  # type: ignore[method-assign]  # as it was
            try:
                return self._run(steps, self._rendering(adjust), {**options, "as_sql": True})
            except Exception:
                if self._configured:
                    raise
                raise as_error(online, self.layout) from online
        finally:
            Engine.connect = connect  # type: ignore[method-assign]  # as it was

    def _rendering(self, adjust: Callable[[Options], None]) -> Callable[[Callable[..., None], Options], None]:
        def configure(original: Callable[..., None], given: Options) -> None:
            adjust(given)
            environment: EnvironmentContext = original.__self__  # type: ignore[attr-defined]  # a bound method
            environment.context_opts["as_sql"] = True
            dialect = {**(given.pop("dialect_opts", None) or {}), "paramstyle": "named"}
            original(**{**given, "connection": None, "url": "postgresql://", "dialect_opts": dialect})
            environment.context_opts["as_sql"] = False

        return configure

    @property
    def _lend(self) -> Callable[..., StandIn]:
        """A plain function, which becomes a method of Engine."""
        return lambda engine, **_: self._stand_in(engine)

    def _stand_in(self, engine: Engine | None = None) -> StandIn:
        return StandIn(
            engine.dialect if engine is not None else make_url(_NOWHERE).get_dialect()(),
            engine,
            self.stand_in_statements,
            self.asked,
        )

    def _run(
        self, steps: Steps, configure: Callable[[Callable[..., None], Options], None], options: Options
    ) -> MigrationContext:
        script, self._configured, ran = self.script, False, False

        def noted(heads: Any, context: MigrationContext) -> Iterable[RevisionStep]:
            nonlocal ran
            ran = True
            return steps(heads, context)

        environment = EnvironmentContext(self.config, script, fn=noted, **options)
        original = environment.configure

        def hooked(connection: Any = None, url: Any = None, **given: Any) -> None:
            if self._configured:
                raise UnsupportedEnvironmentError(
                    "env.py configures more than one migration (as the multidb template does).",
                    means="Each would run on the same approved database.",
                    remedy="Give each database its own Alembic directory, and name one in sensei.yaml.",
                )
            self._configured = True
            if isinstance(connection, StandIn):
                self.stand_in_statements = connection._statements  # noqa: SLF001 - one idea in two modules
            configure(original, {"connection": connection, "url": url, **given})

        environment.configure = hooked  # type: ignore[method-assign, assignment]  # the module's proxy looks the method up here
        with environment:
            try:
                script.run_env()
            except (MigrationError, CommandError):
                raise
            except SystemExit as error:
                raise as_error(error, self.layout) from error
        if not ran:
            raise UnsupportedEnvironmentError(
                "env.py ended without running the migrations.",
                where=script.env_py_location,
                remedy="It must call context.configure() and context.run_migrations() at its module level.",
            )
        return environment.get_context()

    def _url_like(self, existing: str) -> str:
        """The approved URL (or one that leads nowhere) with the driver that `existing` names."""
        url = self.approved.url
        text = url.render_as_string(hide_password=False) if url is not None else _NOWHERE
        driver = re.match(r"postgres(?:ql)?\+(\w+)://", existing)
        return text.replace("postgresql://", f"postgresql+{driver[1]}://", 1) if driver else text

    def attribute_connection(self) -> Any:
        """A connection for an env.py that takes it from `config.attributes` and has no other way."""
        if self.approved.url is None:
            return self._stand_in()
        return self._opened.enter_context(self.approved.connection())


class _Attributes(dict[str, Any]):
    """`config.attributes["connection"]` opens one when asked; `.get("connection")` stays empty.

    So an env.py that can connect by itself does, and one that only takes what it is given gets something.
    """

    def __init__(self, environment: Environment) -> None:
        super().__init__()
        self._environment = environment

    def __missing__(self, name: str) -> Any:
        if name != "connection":
            raise KeyError(name)
        self[name] = connection = self._environment.attribute_connection()
        return connection


def _configured_url(config: Config) -> str:
    parser = config.file_config
    section = config.config_ini_section
    return parser.get(section, "sqlalchemy.url", raw=True, fallback="") if parser.has_section(section) else ""


def _env_text(config: Config) -> str:
    """The text of env.py; "" where there is none, which the script directory complains about."""
    location = config.get_alembic_option("script_location")
    path = Path(coerce_resource_to_filename(location), "env.py") if location else None
    return path.read_text(errors="replace") if path is not None and path.is_file() else ""
