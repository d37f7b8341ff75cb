"""Models written down from a database that was there first."""
