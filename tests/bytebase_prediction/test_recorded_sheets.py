"""The prediction agrees with a real server of the 3.22 line on every sheet that it was seen to run.

recordings.json holds each sheet once: `log` are the COMMAND_EXECUTE entries of its task run (byte offsets of the range,
and whether BEGIN was the last transaction control), `failed` tells that the last one failed and the rest was not sent.
"""

import json
from pathlib import Path
from typing import TypedDict

import pytest

from schema_sensei.bytebase.prediction import predict


class Recording(TypedDict):
    scenario: str
    sheet: str
    log: list[tuple[int, int, bool]] | None
    failed: bool | None


RECORDINGS: list[Recording] = json.loads(Path(__file__).with_name("recordings.json").read_text("utf-8"))
RUN = [each for each in RECORDINGS if each["log"] is not None]


def _name(recording: Recording) -> str:
    return f"{recording['scenario'][:2]} {recording['sheet'][:40]!r}"


@pytest.mark.parametrize("recording", RUN, ids=_name)
def test_it_sends_what_the_server_was_seen_to_send(recording: Recording) -> None:
    seen = [tuple(entry) for entry in recording["log"] or ()]

    predicted = predict(recording["sheet"]).executions

    sent = [(each.start, each.stop, each.transaction) for each in predicted]
    assert sent[: len(seen)] == seen
    assert recording["failed"] or len(sent) == len(seen)


def test_enough_was_recorded_to_mean_something() -> None:
    assert (len(RECORDINGS), len(RUN)) == (51, 31)
    assert any(not inside for each in RUN for _, _, inside in each["log"] or ())


@pytest.mark.parametrize("recording", RECORDINGS, ids=_name)
def test_a_range_is_the_text_that_is_sent(recording: Recording) -> None:
    sheet = recording["sheet"].removeprefix("-- txn-mode = off\n").encode()

    for each in predict(recording["sheet"]).executions:
        assert sheet[each.start : each.stop] == each.sql.encode()


UNFAITHFUL = {
    "BEGIN;\nALTER": ["BEGIN", "COMMIT"],
    "CREATE INDEX CONCURRENTLY workplace_city_ix": ["CREATE INDEX CONCURRENTLY"],
    "SET LOCAL lock_timeout='2s';\nSET ROLE": ["SET ROLE"],
    "-- txn-mode = off\nDO $": ["CREATE INDEX CONCURRENTLY"],
    "DO $$ BEGIN RAISE EXCEPTION": ["CREATE INDEX CONCURRENTLY"],
    "UPDATE member SET role": ["UPDATE member SET role"],
    "-- we do not create": ["ALTER TABLE member"],
    "COMMENT ON TABLE member": ["COMMENT ON TABLE"],
    "ALTER TABLE member ADD COLUMN k3": ["COMMENT ON TABLE"],
    "REINDEX": ["REINDEX"],
}


@pytest.mark.parametrize("recording", RECORDINGS, ids=_name)
def test_what_did_not_run_as_it_reads_is_told(recording: Recording) -> None:
    sheet = recording["sheet"]
    expected = next((told for start, told in UNFAITHFUL.items() if sheet.startswith(start)), [])
    if sheet.startswith("DO $guard$") and "CONCURRENTLY" in sheet:
        expected = ["CREATE INDEX CONCURRENTLY"]

    found = predict(sheet)

    assert found.faithful == (not expected)
    assert len(found.why) == len(expected)
    assert all(each.statement.startswith(start) for each, start in zip(found.why, expected, strict=True))
