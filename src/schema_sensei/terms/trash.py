"""The schema into which a removed table moves first, so that nothing is lost before somebody says so again."""

TRASH = "sensei_trash"
"""Only revisions written by `generate` put tables there; autogenerate and drift leave it alone."""
