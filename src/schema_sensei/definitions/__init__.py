"""YAML becomes frozen models, and every problem is told with file, line and column."""
