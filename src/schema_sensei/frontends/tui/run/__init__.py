"""The Run mode: one workflow from its first step to its end."""
