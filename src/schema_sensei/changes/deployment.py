"""Deployment: that a change reached one database, and which texts of its revisions were run there."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deploy step that succeeded: `digest` is the change's, `identity` the database's (postgres.identity).

    `texts` are the revisions that this step ran, each with the digest of its statements (Script.texts); empty when the
    database stood there already. `run` is the run's id; `at` is when, in seconds since the epoch.
    """

    environment: str
    identity: str
    digest: str
    texts: Mapping[str, str]
    run: str
    at: float
