"""Bytebase: its API, and what its server makes of a sheet."""
