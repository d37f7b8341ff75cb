"""The verbs a workflow's step can name, one module each; behaviour is imported when it is asked for."""

from .signatures import signatures

__all__ = ["signatures"]
