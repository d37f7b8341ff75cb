"""Where changes have been: the deploy steps that runs of this journal finished."""

from collections.abc import Mapping, Sequence

from ..changes.deployment import Deployment
from ..engine.records import Entry
from .store import StoredJournal


def deployments(journal: StoredJournal, words: Sequence[str]) -> tuple[Deployment, ...]:
    """The finished deploys that speak of one of these revisions or digests, oldest first. Raises JournalError.

    A deploy that was undone later is among them: where a database stands now, only the database can tell.
    """
    found = map(_deployment, journal.finished_with(words))
    return tuple(each for each in found if each is not None)


def _deployment(entry: Entry) -> Deployment | None:
    outputs = entry.body["outputs"]
    if entry.body["outcome"] != "ok" or not isinstance(outputs, Mapping):
        return None
    texts = outputs.get("texts")
    if not isinstance(texts, Mapping) or not {"environment", "identity", "digest"} <= outputs.keys():
        return None
    return Deployment(
        environment=str(outputs["environment"]),
        identity=str(outputs["identity"]),
        digest=str(outputs["digest"]),
        texts={revision: str(digest) for revision, digest in texts.items()},
        run=entry.run,
        at=entry.at,
    )
