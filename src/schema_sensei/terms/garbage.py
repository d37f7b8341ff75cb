"""How often Python looks for garbage in our processes."""

THRESHOLD = 50_000
"""New containers between two collections. Python's 700 means some forty collections before the first question, and a
sixth of the time that a project's models take to import; none finds anything: imports make things that stay."""
