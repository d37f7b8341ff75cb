"""The practice project, built from the floors below."""
