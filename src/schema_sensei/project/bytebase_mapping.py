"""The way through Bytebase as a person chose it while sensei.yaml was made, and how it is written there."""

from collections.abc import Mapping
from dataclasses import dataclass

EXAMPLE = (
    "# bytebase: {url: https://bytebase.example.com, project: projects/app, account: BYTEBASE_ACCOUNT,",
    "#            key: BYTEBASE_KEY}",
    "# In environments: prod: {url: PROD_DATABASE_URL, protected: true, bytebase: instances/prod-pg/databases/app}",
)


@dataclass(frozen=True, slots=True)
class BytebaseMapping:
    """`url` and `account` as they are to be written, `key` the name of a variable; `databases` by environment."""

    url: str
    project: str
    account: str
    key: str
    databases: Mapping[str, str]

    @property
    def lines(self) -> tuple[str, ...]:
        """What all environments share, for the top of sensei.yaml."""
        parts = {"url": self.url, "project": self.project, "account": self.account, "key": self.key}
        return ("bytebase:", *(f"  {name}: '{value}'" for name, value in parts.items()))
