"""Up, down, up on real databases: a wrong way down is always caught and named, a right one passes."""

import pytest
from tests.changes.rehearsed import Case, Rehearser

from schema_sensei.changes.holdings import Column, widens
from schema_sensei.changes.proof import Proof, Value
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.postgres.scratch import Scratch

TASKS = "CREATE TABLE tasks (id serial PRIMARY KEY, title text)"
ADULTS = "CREATE VIEW adults AS SELECT id, email FROM accounts WHERE age > 18"
OWNER = "CONSTRAINT note_owner REFERENCES accounts (id) ON DELETE CASCADE"
NOTES = f"CREATE TABLE notes (id serial PRIMARY KEY, account_id integer NOT NULL {OWNER}, body text)"
OWNED = "CONSTRAINT note_owner FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE"

WRONG = [
    Case("empty", [TASKS], [], ("downgrade of b2 is empty", "left behind: table public.tasks")),
    Case("empty, and only rows change", ["UPDATE accounts SET age = 20"], [], ("downgrade of b2 is empty",)),
    Case("there is none", [TASKS], None, ("no way down: it raises",)),
    Case("refused by the database", [TASKS], ["DROP TABLE task"], ("downgrade fails", 'table "task" does not exist')),
    Case(
        "enum type left behind",
        ["CREATE TYPE size AS ENUM ('s', 'l')", "CREATE TABLE hats (size size)"],
        ["DROP TABLE hats"],
        ("left behind: enum public.size", "second upgrade fails", 'type "size" already exists'),
    ),
    Case(
        "sequence left behind",
        ["CREATE SEQUENCE numbers", "ALTER TABLE notes ADD number bigint DEFAULT nextval('numbers')"],
        ["ALTER TABLE notes DROP number"],
        ("left behind: sequence public.numbers",),
    ),
    Case(
        "trigger lost with its table",
        ["DROP VIEW adults", "ALTER TABLE notes DROP CONSTRAINT note_owner", "DROP TRIGGER touched ON accounts"],
        [
            f"ALTER TABLE notes ADD {OWNED}",
            ADULTS,
        ],
        ("lost: trigger public.accounts.touched",),
    ),
    Case(
        "policy and row security lost",
        ["DROP TABLE notes"],
        [
            NOTES,
            "GRANT SELECT ON notes TO PUBLIC",
        ],
        ("lost: policy public.notes.mine", "not as before: table public.notes"),
    ),
    Case(
        "check lost",
        ["ALTER TABLE accounts DROP CONSTRAINT age_fits"],
        ["SELECT 1"],
        ("constraint public.accounts.age_fits",),
    ),
    Case(
        "another check",
        ["ALTER TABLE accounts DROP CONSTRAINT age_fits"],
        ["ALTER TABLE accounts ADD CONSTRAINT age_fits CHECK (age >= 0)"],
        ("not as before: constraint public.accounts.age_fits",),
    ),
    Case(
        "check not validated",
        ["ALTER TABLE accounts DROP CONSTRAINT age_fits"],
        ["ALTER TABLE accounts ADD CONSTRAINT age_fits CHECK (age > 0) NOT VALID"],
        ("not as before: constraint public.accounts.age_fits",),
    ),
    Case(
        "index without its predicate",
        ["DROP INDEX lower_email"],
        ["CREATE INDEX lower_email ON accounts (lower(email))"],
        ("not as before: index public.accounts.lower_email",),
    ),
    Case(
        "index lost with its column",
        ["DROP VIEW adults", "ALTER TABLE accounts DROP age"],
        [
            "ALTER TABLE accounts ADD age bigint DEFAULT 18 CONSTRAINT age_fits CHECK (age > 0)",
            ADULTS,
        ],
        ("lost: index public.accounts.lower_email",),
    ),
    Case(
        "foreign key without its action",
        ["ALTER TABLE notes DROP CONSTRAINT note_owner"],
        ["ALTER TABLE notes ADD CONSTRAINT note_owner FOREIGN KEY (account_id) REFERENCES accounts (id)"],
        ("not as before: constraint public.notes.note_owner",),
    ),
    Case(
        "constraint under another name",
        ["ALTER TABLE accounts DROP CONSTRAINT one_email"],
        ["ALTER TABLE accounts ADD UNIQUE (email)"],
        ("lost: constraint public.accounts.one_email", "left behind: constraint public.accounts.accounts_email_key"),
    ),
    Case(
        "default lost",
        ["ALTER TABLE accounts ALTER age SET DEFAULT 21"],
        ["ALTER TABLE accounts ALTER age DROP DEFAULT"],
        ("not as before: column public.accounts.age",),
    ),
    Case(
        "may be null afterwards",
        ["ALTER TABLE notes ALTER account_id DROP NOT NULL"],
        ["SELECT 1"],
        ("not as before: column public.notes.account_id",),
    ),
    Case(
        "shorter than before",
        ["ALTER TABLE notes ALTER body TYPE varchar(80)"],
        ["ALTER TABLE notes ALTER body TYPE varchar(200)"],
        ("not as before: column public.notes.body",),
    ),
    Case(
        "one of two forgotten",
        [TASKS, "ALTER TABLE accounts ADD nick text"],
        ["DROP TABLE tasks"],
        ("left behind: column public.accounts.nick",),
    ),
    Case("label left behind", ["ALTER TYPE mood ADD VALUE 'top'"], ["SELECT 1"], ("not as before: enum public.mood",)),
    Case(
        "view with another text",
        ["DROP VIEW adults"],
        ["CREATE VIEW adults AS SELECT id, email FROM accounts WHERE age >= 18"],
        ("not as before: view public.adults",),
    ),
    Case(
        "function left behind",
        ["CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql AS 'SELECT 2 * n'"],
        ["SELECT 1"],
        ("left behind: function public.twice",),
    ),
    Case("grant lost", ["REVOKE SELECT ON notes FROM PUBLIC"], ["SELECT 1"], ("grants public.notes",)),
    Case(
        "the wrong table",
        [TASKS],
        ["DROP TABLE notes"],
        ("lost: table public.notes", "left behind: table public.tasks"),
    ),
    Case(
        "schema left behind",
        ["CREATE SCHEMA app", "CREATE TABLE app.t (a int)"],
        ["DROP TABLE app.t"],
        ("left behind: schema app",),
    ),
    Case(
        "raising",
        [TASKS],
        ["DO $$ BEGIN RAISE EXCEPTION 'there is no way back'; END $$"],
        ("downgrade fails", "there is no way back"),
    ),
    Case(
        "fails on rows that came since",
        ["ALTER TABLE notes ALTER account_id DROP NOT NULL", "INSERT INTO notes (body) VALUES ('of nobody')"],
        ["ALTER TABLE notes ALTER account_id SET NOT NULL"],
        ("downgrade fails", "contains null values"),
    ),
    Case(
        "more than it should",
        ["ALTER TABLE notes ADD star boolean"],
        ["ALTER TABLE notes DROP star", "DROP VIEW adults", "DROP FUNCTION touch CASCADE"],
        ("lost: view public.adults", "lost: function public.touch()", "lost: trigger public.accounts.touched"),
    ),
    Case(
        "another owner",
        ["ALTER TABLE notes OWNER TO pg_monitor"],
        ["SELECT 1"],
        ("not as before: grants public.notes",),
    ),
    Case(
        "column opened to everybody",
        ["GRANT SELECT (email) ON accounts TO PUBLIC"],
        ["SELECT 1"],
        ("left behind: grants public.accounts.email",),
    ),
    Case(
        "rights by default",
        ["ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC"],
        ["SELECT 1"],
        ("left behind: default privileges",),
    ),
    Case(
        "schema opened to everybody",
        ["GRANT CREATE ON SCHEMA public TO PUBLIC"],
        ["SELECT 1"],
        ("not as before: grants public: was",),
    ),
    Case(
        "comment on a column",
        ["COMMENT ON COLUMN notes.body IS 'markdown'"],
        ["SELECT 1"],
        ("not as before: column public.notes.body",),
    ),
    Case(
        "comment on a function",
        ["COMMENT ON FUNCTION touch IS 'sets seen'"],
        ["SELECT 1"],
        ("left behind: comment function public.touch()",),
    ),
    Case(
        "another kind of identity",
        ["ALTER TABLE accounts ALTER id SET GENERATED BY DEFAULT"],
        ["SELECT 1"],
        ("not as before: column public.accounts.id",),
    ),
    Case(
        "another collation",
        ['ALTER TABLE notes ALTER body TYPE text COLLATE "C"'],
        ["ALTER TABLE notes ALTER body TYPE text COLLATE pg_catalog.ucs_basic"],
        ("not as before: column public.notes.body",),
    ),
    Case(
        "column stored in another way",
        ["ALTER TABLE notes ALTER body SET STORAGE EXTERNAL"],
        ["SELECT 1"],
        ("left behind: column settings public.notes.body",),
    ),
    Case("unlogged", ["ALTER TABLE notes SET UNLOGGED"], ["SELECT 1"], ("not as before: table public.notes",)),
    Case(
        "trigger off",
        ["ALTER TABLE accounts DISABLE TRIGGER touched"],
        ["SELECT 1"],
        ("not as before: trigger public.accounts.touched",),
    ),
    Case(
        "label under another name",
        ["ALTER TYPE mood RENAME VALUE 'low' TO 'down'"],
        ["SELECT 1"],
        ("not as before: enum public.mood",),
    ),
    Case(
        "policy for another role",
        ["DROP POLICY mine ON notes"],
        ["CREATE POLICY mine ON notes TO pg_monitor USING (account_id = 1)"],
        ("not as before: policy public.notes.mine",),
    ),
    Case(
        "publication left behind",
        ["CREATE PUBLICATION outside FOR TABLE notes"],
        ["DROP PUBLICATION IF EXISTS outsid"],
        ("left behind: publication outside",),
    ),
    Case(
        "collation left behind",
        ['CREATE COLLATION IF NOT EXISTS plain FROM "C"'],
        ["SELECT 1"],
        ("left behind: collation public.plain",),
    ),
]

RIGHT = [
    Case("table", [TASKS], ["DROP TABLE tasks"]),
    Case(
        "table with an enum type",
        ["CREATE TYPE size AS ENUM ('s', 'l')", "CREATE TABLE hats (size size)"],
        ["DROP TABLE hats", "DROP TYPE size"],
    ),
    Case("column", ["ALTER TABLE accounts ADD nick text"], ["ALTER TABLE accounts DROP nick"]),
    Case(
        "column, filled",
        ["ALTER TABLE accounts ADD nick text", "UPDATE accounts SET nick = email"],
        ["ALTER TABLE accounts DROP nick"],
    ),
    Case(
        "wider",
        ["ALTER TABLE accounts ALTER price TYPE numeric(12, 2)"],
        ["ALTER TABLE accounts ALTER price TYPE numeric(10, 2)"],
    ),
    Case("index", ["CREATE INDEX by_seen ON accounts (seen)"], ["DROP INDEX by_seen"]),
    Case(
        "index gone and back",
        ["DROP INDEX lower_email"],
        ["CREATE INDEX lower_email ON accounts (lower(email)) WHERE age > 20"],
    ),
    Case(
        "check",
        ["ALTER TABLE notes ADD CONSTRAINT said CHECK (body <> '')"],
        ["ALTER TABLE notes DROP CONSTRAINT said"],
    ),
    Case("not null", ["ALTER TABLE notes ALTER body SET NOT NULL"], ["ALTER TABLE notes ALTER body DROP NOT NULL"]),
    Case("table under another name", ["ALTER TABLE notes RENAME TO remarks"], ["ALTER TABLE remarks RENAME TO notes"]),
    Case(
        "column under another name",
        ["ALTER TABLE notes RENAME body TO said"],
        ["ALTER TABLE notes RENAME said TO body"],
    ),
    Case(
        "table aside",
        ["CREATE SCHEMA bin", "ALTER TABLE notes SET SCHEMA bin"],
        ["ALTER TABLE bin.notes SET SCHEMA public", "DROP SCHEMA bin"],
    ),
    Case(
        "policy",
        ["CREATE POLICY none ON notes FOR DELETE USING (false)"],
        ["DROP POLICY none ON notes"],
    ),
    Case(
        "trigger",
        ["DROP TRIGGER touched ON accounts"],
        ["CREATE TRIGGER touched BEFORE UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION touch()"],
    ),
    Case(
        "foreign key",
        ["ALTER TABLE notes DROP CONSTRAINT note_owner"],
        [f"ALTER TABLE notes ADD {OWNED}"],
    ),
    Case(
        "label under another name",
        ["ALTER TYPE mood RENAME VALUE 'low' TO 'down'"],
        ["ALTER TYPE mood RENAME VALUE 'down' TO 'low'"],
    ),
    Case(
        "right and comment",
        ["REVOKE SELECT ON notes FROM PUBLIC", "COMMENT ON FUNCTION touch IS 'sets seen'"],
        ["GRANT SELECT ON notes TO PUBLIC", "COMMENT ON FUNCTION touch IS NULL"],
    ),
    Case(
        "foreign key that waits for the commit",
        ["ALTER TABLE notes ALTER CONSTRAINT note_owner DEFERRABLE INITIALLY DEFERRED"],
        ["ALTER TABLE notes ALTER CONSTRAINT note_owner NOT DEFERRABLE"],
    ),
    Case(
        "publication",
        ["CREATE PUBLICATION outside FOR TABLE notes"],
        ["DROP PUBLICATION outside"],
    ),
    Case("rows", ["INSERT INTO accounts (email) VALUES ('ada')"], ["DELETE FROM accounts WHERE email = 'ada'"]),
]

LOSSY = [
    Case(
        "table dropped",
        ["DROP TABLE notes"],
        [
            NOTES,
            "GRANT SELECT ON notes TO PUBLIC",
            "ALTER TABLE notes ENABLE ROW LEVEL SECURITY",
            "CREATE POLICY mine ON notes USING (account_id = 1)",
        ],
        ("the rows of table public.notes",),
    ),
    Case(
        "column dropped",
        ["ALTER TABLE notes DROP body"],
        ["ALTER TABLE notes ADD body text"],
        ("the values of column public.notes.body",),
    ),
    Case(
        "renamed by drop and add",
        ["ALTER TABLE notes DROP body", "ALTER TABLE notes ADD said text"],
        ["ALTER TABLE notes DROP said", "ALTER TABLE notes ADD body text"],
        ("the values of column public.notes.body",),
    ),
    Case(
        "narrower",
        ["ALTER TABLE accounts DROP CONSTRAINT age_fits", "DROP INDEX lower_email", "DROP VIEW adults",
         "ALTER TABLE accounts ALTER age TYPE smallint"],
        ["ALTER TABLE accounts ALTER age TYPE bigint",
         "ALTER TABLE accounts ADD CONSTRAINT age_fits CHECK (age > 0)",
         "CREATE INDEX lower_email ON accounts (lower(email)) WHERE age > 20",
         ADULTS],
        ("public.accounts.age that do not survive bigint → smallint",),
    ),
    Case("rounded", ["ALTER TABLE accounts ALTER price TYPE numeric(10, 1)"],
         ["ALTER TABLE accounts ALTER price TYPE numeric(10, 2)"], ("public.accounts.price",)),
    Case("without its zone", ["ALTER TABLE accounts ALTER seen TYPE timestamp"],
         ["ALTER TABLE accounts ALTER seen TYPE timestamptz"], ("public.accounts.seen",)),
    Case(
        "label taken away",
        ["ALTER TYPE mood RENAME TO old_mood", "CREATE TYPE mood AS ENUM ('low')",
         "ALTER TABLE accounts ALTER feeling TYPE mood USING feeling::text::mood", "DROP TYPE old_mood"],
        ["ALTER TYPE mood RENAME TO new_mood", "CREATE TYPE mood AS ENUM ('low', 'high')",
         "ALTER TABLE accounts ALTER feeling TYPE mood USING feeling::text::mood", "DROP TYPE new_mood"],
        ("public.accounts.feeling",),
    ),
    Case(
        "rows changed",
        ["UPDATE accounts SET email = lower(email)"],
        ["UPDATE accounts SET email = email"],
        ("rows of accounts as they were before",),
    ),
    Case("rows deleted", ["/* tidy */ DELETE FROM notes WHERE body IS NULL"], ["SELECT 1"], ("rows of notes",)),
]  # fmt: skip


@pytest.fixture(scope="module")
def rehearse(server: Embedded) -> Rehearser:
    return Rehearser(Scratch(server))


def _ids(cases: list[Case]) -> list[str]:
    return [case.name for case in cases]


@pytest.mark.parametrize("case", WRONG, ids=_ids(WRONG))
def test_a_wrong_way_down_is_caught_and_named(rehearse: Rehearser, case: Case) -> None:
    proof = rehearse(case)
    said = "\n".join((*proof.reasons, *proof.differences))
    assert proof.value is Value.FAILED
    for words in case.named:
        assert words in said


@pytest.mark.parametrize("case", RIGHT, ids=_ids(RIGHT))
def test_a_right_way_down_is_proven(rehearse: Rehearser, case: Case) -> None:
    proof = rehearse(case)
    assert (proof.reasons, proof.differences, proof.lost) == ((), (), ())
    assert proof.value is Value.PROVEN


@pytest.mark.parametrize("case", LOSSY, ids=_ids(LOSSY))
def test_a_true_shape_that_comes_back_empty_is_lossy(rehearse: Rehearser, case: Case) -> None:
    proof = rehearse(case)
    assert (proof.reasons, proof.differences) == ((), ())
    assert proof.value is Value.LOSSY
    for words in case.named:
        assert words in "\n".join(proof.lost)


@pytest.mark.parametrize(
    ("old", "new", "safe"),
    [
        ("integer", "bigint", True),
        ("bigint", "integer", False),
        ("integer", "numeric", True),
        ("integer", "numeric(4,0)", False),
        ("character varying(20)", "character varying(40)", True),
        ("character varying(40)", "character varying(20)", False),
        ("character varying", "character varying(20)", False),
        ("numeric(10,2)", "numeric", True),
        ("numeric", "numeric(10,2)", False),
        ("numeric(10,2)", "numeric(10,4)", False),
        ("timestamp with time zone", "timestamp without time zone", False),
        ("timestamp(3) without time zone", "timestamp without time zone", True),
        ("uuid", "text", True),
        ("json", "jsonb", False),
    ],
)
def test_a_wider_type_keeps_every_value(old: str, new: str, safe: bool) -> None:
    assert widens(Column("t", "c", old), Column("t", "c", new)) is safe


def test_an_upgrade_that_fails_is_told_as_such(rehearse: Rehearser) -> None:
    proof = rehearse(Case("", ["ALTER TABLE nothing ADD a int"], ["SELECT 1"]))
    assert proof.value is Value.FAILED
    assert "the upgrade fails: Revision b2 failed: ALTER TABLE nothing ADD a int" in proof.reasons[0]


def test_what_is_written_afterwards_is_told_and_is_no_loss(rehearse: Rehearser) -> None:
    proof = rehearse(
        Case("", [TASKS, "ALTER TABLE notes ADD star boolean"], ["DROP TABLE tasks", "ALTER TABLE notes DROP star"])
    )
    assert proof.value is Value.PROVEN
    assert proof.since[:2] == ("the rows of table public.tasks", "the values of column public.notes.star")
    assert [each.what for each in proof.down_losses or ()] == ["drop notes.star", "drop tasks"]


def test_a_way_back_that_takes_nothing_is_known_to(rehearse: Rehearser) -> None:
    proof = rehearse(Case("", ["CREATE INDEX i ON notes (id)"], ["DROP INDEX i"]))
    assert proof.down_losses == ()
    assert Proof.from_json(proof.to_json()) == proof
    written_before = {name: value for name, value in proof.to_json().items() if name != "down_losses"}
    assert Proof.from_json(written_before).down_losses is None


def test_another_order_of_columns_is_noted_and_no_failure(rehearse: Rehearser) -> None:
    proof = rehearse(Case("", ["ALTER TABLE accounts DROP price"], ["ALTER TABLE accounts ADD price numeric(10, 2)"]))
    assert proof.value is Value.LOSSY
    assert proof.notes == ("the order of the columns of public.accounts changes; nothing else does",)


def test_a_table_left_behind_is_one_line_with_its_parts_counted(rehearse: Rehearser) -> None:
    proof = rehearse(Case("", ["CREATE TABLE tasks (id integer PRIMARY KEY, title text)"], ["SELECT 1"]))
    (line,) = proof.differences
    assert line.startswith("left behind: table public.tasks (with ")


def test_a_proof_survives_the_journal_and_fits_only_its_text(rehearse: Rehearser) -> None:
    case = Case("", [TASKS], ["DROP TABLE tasks"])
    proof = rehearse(case)
    assert Proof.from_json(proof.to_json()) == proof
    assert proof.up == case.change.up.digest
    assert proof.digest == case.change.digest != Case("", [TASKS], ["DROP TABLE tasks CASCADE"]).change.digest
