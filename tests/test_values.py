"""`value` makes classes that behave as frozen dataclasses do."""

from dataclasses import FrozenInstanceError, asdict, field, replace
from typing import Any, cast

import pytest

from schema_sensei.terms.values import value


@value(kw_only=True)
class Choice:
    """A class with all that ours use: a default, a factory, a collection."""

    key: str
    notes: tuple[str, ...] = ()
    extra: dict[str, int] = field(default_factory=dict)


@value
class Other:
    """Another class with the same first field."""

    key: str


def test_values_are_equal_by_their_fields_and_class() -> None:
    assert Choice(key="a") == Choice(key="a")
    assert Choice(key="a") != Choice(key="b")
    assert Other("a") == Other("a")
    assert cast("object", Choice(key="a")) != Other("a")
    assert hash(Other("a")) == hash(Other("a"))
    assert len({Other("a"), Other("a"), Other("b")}) == 2


def test_values_cannot_be_changed() -> None:
    one: Any = Choice(key="a")
    with pytest.raises(FrozenInstanceError):
        one.key = "b"
    with pytest.raises(FrozenInstanceError):
        del one.key
    with pytest.raises(AttributeError):
        one.other = 1
    assert one.key == "a"


def test_values_work_with_what_is_made_for_dataclasses() -> None:
    one = Choice(key="a", notes=("x",))
    assert replace(one, key="b") == Choice(key="b", notes=("x",))
    assert asdict(one) == {"key": "a", "notes": ("x",), "extra": {}}
    assert repr(Other("a")) == "Other(key='a')"
    match Other("a"):
        case Other(key):
            assert key == "a"
