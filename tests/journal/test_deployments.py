"""What the journal tells of where a change has been."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.journal.test_store import _header

from schema_sensei.engine.owner import this_process
from schema_sensei.engine.records import Entry
from schema_sensei.journal.deployments import deployments
from schema_sensei.journal.store import StoredJournal, open_journal
from schema_sensei.terms.json import JsonObject


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[StoredJournal]:
    opened = open_journal(tmp_path / "journal.sqlite")
    yield opened
    opened.close()


def finished(journal: StoredJournal, run: str, at: float, outcome: str = "ok", **outputs: object) -> None:
    """A run of one finished step with these outputs."""
    lease = journal.create(_header(run, started_at=at), this_process())
    assert lease is not None
    body: JsonObject = {
        "outcome": outcome, "summary": "", "outputs": outputs, "blocks": [], "seconds": 0.1, "next": "done",  # type: ignore[dict-item]
    }  # fmt: skip
    chain = journal.record(run).chain
    journal.append(lease, [Entry(run, 1, 1, "finished", at, "deploy", 1, body, "").sealed(chain)])


def deploy(journal: StoredJournal, run: str, at: float, outcome: str = "ok", **changed: object) -> None:
    outputs = {"environment": "dev", "identity": "here", "digest": "d1", "texts": {"r1": "t1"}, "units": 1}
    finished(journal, run, at, outcome, **{**outputs, **changed})


def test_deploys_are_found_by_digest_and_by_revision_oldest_first(journal: StoredJournal) -> None:
    deploy(journal, "0002", 2.0, digest="d2")
    deploy(journal, "0001", 1.0)
    deploy(journal, "0003", 3.0, digest="d3", texts={"r9": "t9"})

    assert [each.run for each in deployments(journal, ["d1", "r1"])] == ["0001", "0002"]
    assert [each.run for each in deployments(journal, ["d3"])] == ["0003"]
    assert deployments(journal, ["nothing"]) == ()
    (first, _) = deployments(journal, ["r1"])
    assert (first.environment, first.identity, first.digest, dict(first.texts), first.at) == (
        "dev", "here", "d1", {"r1": "t1"}, 1.0,
    )  # fmt: skip


def test_what_was_declined_or_is_no_deploy_is_none(journal: StoredJournal) -> None:
    deploy(journal, "0001", 1.0, outcome="declined")
    finished(journal, "0002", 2.0, digest="d1", change={"revisions": ["r1"]})

    assert deployments(journal, ["d1", "r1"]) == ()


def test_a_word_with_signs_of_a_pattern_means_itself(journal: StoredJournal) -> None:
    deploy(journal, "0001", 1.0)

    assert deployments(journal, ["d_", "%"]) == ()
