"""Trust: a team's workflow that runs commands is asked about once per content."""

import stat
from pathlib import Path

import pytest
from tests.definitions.samples import LOOK, SIGNATURES

from schema_sensei.definitions.library import read_workflow
from schema_sensei.definitions.trust import FILE, TrustStore, commands
from schema_sensei.definitions.workflow import Workflow
from schema_sensei.terms.errors import SenseiError

RUNS = LOOK.replace("action: test", "action: command\n    with: {run: make}")


def workflow(text: str, *, bundled: bool = False) -> Workflow:
    """The workflow in a text."""
    return read_workflow(text, "look.yaml", bundled=bundled)


def test_only_what_runs_commands_needs_trust(tmp_path: Path) -> None:
    store = TrustStore(tmp_path)
    runs, looks, bundled = workflow(RUNS), workflow(LOOK), workflow(RUNS, bundled=True)
    assert commands(runs, SIGNATURES) == ("command",)
    assert store.needed([runs, looks, bundled], SIGNATURES) == (runs,)
    assert commands(workflow(LOOK.replace("action: test", "action: novelty")), SIGNATURES) == ("novelty",)


def test_trust_holds_for_the_text_and_no_other(tmp_path: Path) -> None:
    store = TrustStore(tmp_path / "state")
    store.trust(workflow(RUNS))
    assert TrustStore(tmp_path / "state").trusts(workflow(RUNS))
    assert not store.trusts(workflow(RUNS.replace("make", "make evil")))
    store.trust(workflow(RUNS.replace("make", "make more")))
    assert store.trusts(workflow(RUNS))
    assert stat.S_IMODE((tmp_path / "state" / FILE).stat().st_mode) == 0o600
    assert len(list((tmp_path / "state").iterdir())) == 1


@pytest.mark.parametrize("damage", [b"", b"[1]", b"\xff", b"{", b"[" * 100_000])
def test_a_damaged_store_trusts_nothing_and_can_be_written_again(tmp_path: Path, damage: bytes) -> None:
    store = TrustStore(tmp_path)
    store.trust(workflow(RUNS))
    (tmp_path / FILE).write_bytes(damage)
    assert not store.trusts(workflow(RUNS))
    store.trust(workflow(RUNS))
    assert store.trusts(workflow(RUNS))


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = TrustStore(tmp_path / "file" / "state")
    assert not store.trusts(workflow(RUNS))
    with pytest.raises(SenseiError) as caught:
        store.trust(workflow(RUNS))
    assert "writable" in caught.value.remedy
