"""Catalog, sessions and locks, scratch databases and the embedded server."""
