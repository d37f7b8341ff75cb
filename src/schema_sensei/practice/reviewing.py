"""Plays the reviewer of the practice Bytebase: approves or rejects what waits for an approval."""

from pathlib import Path
from typing import Literal

from ..bytebase.account import ServiceAccount
from ..bytebase.connection import Address, Connection
from ..bytebase.decoding import items, text
from ..terms.errors import UsageError
from ..terms.secrets import Secret
from .bytebase.office import PROJECT, read
from .bytebase.seeding import REVIEWER
from .errors import NotAPracticeProjectError
from .files import is_practice
from .project import BYTEBASE, bytebase, serving

Verdict = Literal["approve", "reject"]


def review(directory: Path, issue: str, verdict: Verdict, comment: str = "") -> str:
    """Approve or reject an issue, by its number, or the only one that waits; what was done, in words.

    Raises NotAPracticeProjectError, UsageError when there is none or no single one, and BytebaseError.
    """
    if not is_practice(directory):
        raise NotAPracticeProjectError(directory)
    with serving(directory):
        office = read(directory / BYTEBASE)
        assert office is not None  # noqa: S101 -- `serving` wrote it
        account = ServiceAccount(REVIEWER, Secret(office.reviewer_key))
        connection = Connection(Address(bytebase(directory).url), account)
        try:
            waiting = connection.get(f"/v1/projects/{PROJECT}/issues", {"filter": 'approval_status == "PENDING"'})
            titles = {text(each, "name").rpartition("/")[2]: text(each, "title") for each in items(waiting, "issues")}
            number = _chosen(issue.rpartition("/")[2], titles)
            name = f"projects/{PROJECT}/issues/{number}"
            connection.send("POST", f"/v1/{name}:{verdict}", body={"comment": comment} if comment else {})
        finally:
            connection.close()
    done = "Approved" if verdict == "approve" else "Rejected"
    return f"{done} issue {number} ({titles[number]}) as {REVIEWER}. `sensei resume` goes on with the run."


def _chosen(issue: str, titles: dict[str, str]) -> str:
    if issue in titles:
        return issue
    listed = "\n".join(f"  {number}  {title}" for number, title in titles.items())
    if issue:
        raise UsageError(
            f"Issue {issue} does not wait for an approval.",
            means=f"These do:\n{listed}" if titles else "None does.",
            remedy="Name one of these." if titles else "Deploy a change to prod first: it asks for an approval.",
        )
    if not titles:
        raise UsageError(
            "No issue waits for an approval.",
            means="Changes of staging need none here; those of prod wait until the reviewer has approved them.",
            remedy="Deploy a change to prod first; to play the reviewer yourself: sensei practice --reviewer me",
        )
    if len(titles) > 1:
        raise UsageError(
            f"{len(titles)} issues wait for an approval.",
            means=listed,
            remedy=f"Name one: sensei practice approve {next(iter(titles))}",
        )
    return next(iter(titles))
