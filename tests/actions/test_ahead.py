"""Work begun ahead: whoever needs it waits for it, its failure is nobody's, and leaving ends it."""

import threading

import pytest

from schema_sensei.actions.ahead import Ahead
from schema_sensei.engine.prompts import Cancelled


def test_who_needs_it_waits_for_it() -> None:
    ahead, go, done = Ahead(), threading.Event(), list[str]()
    ahead.begin(lambda: done.append("read" if go.wait(10) else "too late"), lambda: None)

    ahead.wait(go.set)  # asked while it waits, as a step's checkpoint is

    assert done == ["read"]


def test_waiting_can_be_cancelled() -> None:
    ahead, go = Ahead(), threading.Event()
    ahead.begin(lambda: go.wait(10), go.set)

    def checkpoint() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        ahead.wait(checkpoint)
    ahead.stop()
    assert go.is_set()


def test_a_failure_is_left_to_the_step_that_meets_it() -> None:
    ahead, done = Ahead(), list[str]()
    ahead.begin(lambda: 1 / 0, lambda: None)
    ahead.wait(lambda: None)
    ahead.begin(lambda: done.append("again"), lambda: None)
    ahead.wait(lambda: None)
    assert done == ["again"]


def test_one_piece_of_work_at_a_time() -> None:
    ahead, go, done = Ahead(), threading.Event(), list[str]()
    ahead.begin(lambda: done.append("first" if go.wait(10) else "too late"), go.set)
    ahead.begin(lambda: done.append("second"), lambda: None)
    ahead.stop()
    assert done == ["first"]
