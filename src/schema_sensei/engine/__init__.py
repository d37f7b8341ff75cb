"""Runs one workflow; knows no screen, no database and no network."""
