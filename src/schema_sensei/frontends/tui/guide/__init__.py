"""The Guide mode: questions that lead to a workflow."""
