"""One way to lint definitions: the sound ones, with some files replaced."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import pytest
from tests.definitions.samples import FILES, SIGNATURES, write

from schema_sensei.definitions.lint import check
from schema_sensei.definitions.problems import Problem

Lint: TypeAlias = Callable[[Mapping[str, str]], tuple[Problem, ...]]


@pytest.fixture
def lint(tmp_path: Path) -> Lint:
    """Lint the sound definitions with some files replaced or added."""

    def run(changes: Mapping[str, str]) -> tuple[Problem, ...]:
        return check([write(tmp_path / "workflows", {**FILES, **changes})], SIGNATURES, context=())

    return run
