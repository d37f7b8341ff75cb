"""Alembic in a worker process; results come back as data."""
