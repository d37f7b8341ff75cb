"""Remembers every run, write-ahead, on SQLite or on PostgreSQL."""
