"""Schema Sensei: a guided, proven way for schema and auth changes on PostgreSQL."""
