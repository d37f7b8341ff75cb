"""Backups of what a change would lose: taken under one snapshot, restored elsewhere and compared, then listed."""
