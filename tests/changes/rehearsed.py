"""A schema with one of everything, and changes to it written by hand: up and down as they would be emitted."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.gates.scripts import VERSIONS, Listener, later

from schema_sensei.changes.change import Change
from schema_sensei.changes.nature import Nature
from schema_sensei.changes.proof import Proof
from schema_sensei.changes.script import Script
from schema_sensei.gates.rehearsal import Rehearsal
from schema_sensei.migrations.guard import Moment, guard
from schema_sensei.migrations.unit import Unit
from schema_sensei.postgres import session
from schema_sensei.postgres.scratch import Scratch
from schema_sensei.postgres.version_table import VersionTable
from schema_sensei.terms.secrets import Secret

BASE = """
CREATE TYPE mood AS ENUM ('low', 'high');
CREATE TABLE accounts (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email varchar(200) NOT NULL,
  age bigint DEFAULT 18 CONSTRAINT age_fits CHECK (age > 0),
  feeling mood,
  price numeric(10, 2),
  seen timestamptz,
  CONSTRAINT one_email UNIQUE (email)
);
CREATE TABLE notes (
  id serial PRIMARY KEY,
  account_id integer NOT NULL CONSTRAINT note_owner REFERENCES accounts (id) ON DELETE CASCADE,
  body text
);
CREATE INDEX lower_email ON accounts (lower(email)) WHERE age > 20;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.seen := now(); RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON notes USING (account_id = 1);
CREATE VIEW adults AS SELECT id, email FROM accounts WHERE age > 18;
GRANT SELECT ON notes TO PUBLIC;
"""


@dataclass(frozen=True)
class Case:
    """Statements up and down; `named` are words that the verdict must say."""

    name: str
    up: Sequence[str]
    down: Sequence[str] | None
    named: tuple[str, ...] = ()

    @property
    def change(self) -> Change:
        down = None if self.down is None else Script((back("b2", "a1", *self.down),))
        up = Script((later("b2", "a1", *self.up),))
        return Change(self.name, ("a1",), up, down, Nature(), {}, no_way_back="" if down else "it raises")


@dataclass
class Rehearser:
    """Clones the schema from one template for each case."""

    scratch: Scratch
    listener: Listener = field(default_factory=Listener)

    def __call__(self, case: Case) -> Proof:
        with self.scratch.database("proof-cases", _build) as url:
            return Rehearsal(url, VersionTable(), self.listener, _never).prove(case.change)


def back(revision: str, parent: str, *statements: str) -> Unit:
    """The unit of a downgrade."""
    moment = Moment(revision, (parent,), frozenset({revision}), frozenset({parent}))
    stamp = f"UPDATE alembic_version SET version_num = '{parent}' WHERE version_num = '{revision}'"  # noqa: S608 - ids
    return Unit(
        revision, (revision,), (parent,), transactional=True,
        statements=(guard(moment, "alembic_version"), *statements, stamp),
    )  # fmt: skip


def _build(url: Secret) -> None:
    with session.connect(url) as connection:
        for statement in (VERSIONS, "INSERT INTO alembic_version VALUES ('a1')", BASE):
            connection.execute(statement.encode())


def _never(url: Secret, revision: str) -> None:
    raise AssertionError(f"{revision} is not opaque")
