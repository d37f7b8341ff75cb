"""Settings: how the project's env.py configures Alembic, read by running it without a database."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """What env.py hands to `context.configure`; the flags say whether it gives its own filter or comparison.

    `schemas` are the schemas that the models name, None standing for the default one; `tables` counts them.
    """

    version_table: str = "alembic_version"
    version_table_schema: str | None = None
    include_schemas: bool = False
    include_name: bool = False
    include_object: bool = False
    compare_type: bool = True
    compare_server_default: bool = False
    plugins: tuple[str, ...] = ()
    has_metadata: bool = False
    schemas: tuple[str | None, ...] = ()
    tables: int = 0
