"""The verbs a workflow's step can name, one module each; behaviour is imported when it is asked for."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .signatures import signatures

if TYPE_CHECKING:
    from ..engine.ports import Action
    from .services import Services


def registry(services: "Services") -> "Mapping[str, Action]":
    """Every action by name, made when it is looked up."""
    from .lookup import Actions

    return Actions(services)


__all__ = ["registry", "signatures"]
