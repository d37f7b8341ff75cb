"""All actions by name; a module is imported when its action is first looked up."""

from collections.abc import Iterator, Mapping
from importlib import import_module

from ..engine.ports import Action
from .services import Services
from .signatures import signatures

_CLASSES = {name: name.capitalize() for name in signatures()}


class Registry(Mapping[str, Action]):
    """The actions of one project; the module of `deploy` is `deploy`, its class `Deploy`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._made: dict[str, Action] = {}

    def __getitem__(self, name: str) -> Action:
        if name not in self._made:
            module = import_module(f".{name}", __package__) if name in _CLASSES else None
            if module is None:
                raise KeyError(name)
            self._made[name] = getattr(module, _CLASSES[name])(self._services)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_CLASSES)

    def __len__(self) -> int:
        return len(_CLASSES)
