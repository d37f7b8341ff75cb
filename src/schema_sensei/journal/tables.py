"""The journal's tables, the same on SQLite and PostgreSQL; JSON is kept as canonical text, which the chain covers."""

from sqlalchemy import Boolean, Column, Double, Integer, MetaData, Table, Text

VERSION = 1
"""The layout that this program writes; `sensei_schema` holds the layout that a journal has."""

metadata = MetaData()

schema_version = Table("sensei_schema", metadata, Column("version", Integer, primary_key=True, autoincrement=False))

runs = Table(
    "sensei_run",
    metadata,
    Column("id", Text, primary_key=True),
    Column("header", Text, nullable=False),
    Column("started_at", Double, nullable=False, index=True),
    Column("status", Text, nullable=False),
    Column("final", Boolean, nullable=False),
    Column("summary", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("chain", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("owner", Text),
    Column("expires_at", Double, nullable=False),
)
"""One row per run: its header, where it stands, and its lease (epoch, owner, expires_at)."""

entries = Table(
    "sensei_entry",
    metadata,
    Column("run", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("epoch", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("step", Text, nullable=False),
    Column("visit", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("digest", Text, nullable=False),
)
"""Append-only: rows are inserted under the run's epoch and never changed."""
