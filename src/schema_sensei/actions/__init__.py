"""The verbs a workflow's step can name, one module each; this face stays light: behaviour is imported when asked for."""

from .signatures import signatures

__all__ = ["signatures"]
