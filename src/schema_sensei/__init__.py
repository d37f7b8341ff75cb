"""Schema Sensei: a guided, proven way for schema and auth changes on PostgreSQL."""

__version__ = "0.1.0"
