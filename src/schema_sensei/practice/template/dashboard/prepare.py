"""Makes a new database ready: `python -m dashboard.prepare` migrates it to the newest revision and fills it."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from .database import connect
from .seed import fill


def main() -> None:
    """Migrate and fill the database that DASHBOARD_DEV_URL names."""
    command.upgrade(Config(toml_file=Path(__file__).parents[1] / "pyproject.toml"), "heads")
    with connect().begin() as connection:
        print(f"{fill(connection)} rows")


if __name__ == "__main__":
    main()
