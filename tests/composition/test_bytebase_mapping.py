"""`sensei init` asks for the way through Bytebase, offers what the server has, and writes what `check` finds ready."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pexpect
import pytest
from click.testing import CliRunner
from tests.bytebase.practice_house import House, opened

from schema_sensei.cli import sensei
from schema_sensei.composition.setup import initialise
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.project import config
from schema_sensei.terms.exit_codes import ExitCode
from schema_sensei.terms.secrets import Secret


@pytest.fixture
def house(server: Embedded) -> Iterator[House]:
    with opened(server) as made:
        made.call("POST", "/v1/projects", {"title": "Elsewhere"}, projectId="elsewhere")
        yield made


@pytest.fixture
def name(house: House, database: Secret) -> str:
    return house.add_database("prod-pg", "prod", database)


@pytest.fixture
def shop(tmp_path: Path, house: House, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with Alembic, a development database, and the account's variables."""
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    (tmp_path / "migrations").mkdir()
    for variable in [each for each in os.environ if each.endswith("DATABASE_URL")]:
        monkeypatch.delenv(variable)
    (tmp_path / ".env").write_text(f"DATABASE_URL=postgresql://127.0.0.1:9/shop\nBB_KEY={house.key}\n")
    monkeypatch.setenv("BYTEBASE_ACCOUNT", house.email)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def answered(shop: Path, *answers: str) -> tuple[str, list[str]]:
    """What init says in the end, and what was asked and said before; "" is Enter."""
    left, heard = [*answers], []

    def ask(question: str, enter: str) -> str:
        heard.append(question)
        return left.pop(0) or enter

    text = initialise(shop, force=True, only_print=False, ask=ask, say=heard.append)
    assert not left
    return text, heard


def database_of(shop: Path, environment: str) -> Sequence[str]:
    route = config.load(shop).environment(environment).bytebase
    return route.databases if route else ()


def test_the_databases_that_are_there_are_offered_and_the_file_is_ready(shop: Path, house: House, name: str) -> None:
    text, heard = answered(shop, house.url, "", "BB_KEY", "", "", "", "")

    assert f"This is Bytebase 3.22.0, and we are {house.email}." in heard
    assert "  1  projects/app (App)" in heard
    assert f"  1  {name} (prod)" in heard
    assert "sensei bytebase check" in text
    assert (database_of(shop, "dev"), database_of(shop, "prod")) == ((), (name,))
    prod = config.load(shop).environment("prod")
    assert (prod.gate, prod.protected) == ("bytebase", True)
    assert house.key not in (shop / "sensei.yaml").read_text() + text + "".join(heard)
    checked = CliRunner().invoke(sensei, ["bytebase", "check"])
    assert checked.exit_code == ExitCode.DONE, checked.output


def test_a_number_chooses_and_zero_is_none(shop: Path, house: House, name: str) -> None:
    answered(shop, house.url, house.email, "BB_KEY", "", "0", "7", "1", "0")

    assert database_of(shop, "staging") == (name,)
    assert [each.name for each in config.load(shop).environments] == ["dev", "staging"]


def test_a_project_without_databases_says_so(shop: Path, house: House) -> None:
    _, heard = answered(shop, house.url, "", "BB_KEY", "")

    assert any("projects/app has no database there" in each for each in heard)


def test_enter_at_the_first_question_is_no_bytebase(shop: Path) -> None:
    text, heard = answered(shop, "")

    assert len(heard) == 2
    assert "bytebase check" not in text
    assert all(each.bytebase is None for each in config.load(shop).environments)


def test_a_key_is_not_taken_for_the_name_of_its_variable(shop: Path, house: House, name: str) -> None:
    _, heard = answered(shop, house.url, "", "bbs_0123-secret", "BB_KEY", "", "", "", "")

    assert any("The key itself stands in the environment" in each for each in heard)
    assert "bbs_0123" not in (shop / "sensei.yaml").read_text()


@pytest.mark.parametrize(
    ("url", "key", "said"),
    [
        ("http://127.0.0.1:9", "BB_KEY", "cannot be reached"),
        ("", "BB_MISSING", "BB_MISSING is not set"),
        ("bytebase://x", "BB_KEY", "is no URL of a Bytebase server"),
    ],
)
def test_a_server_that_cannot_be_asked_is_told_and_the_rest_is_written(
    shop: Path, house: House, url: str, key: str, said: str
) -> None:
    _, heard = answered(shop, url or house.url, "", key)

    assert any(said in each for each in heard)
    assert any("sensei init --force" in each for each in heard)
    assert [each.name for each in config.load(shop).environments] == ["dev"]


def test_without_a_terminal_it_says_what_to_add_and_asks_nobody(shop: Path) -> None:
    done = CliRunner().invoke(sensei, ["init"])

    assert done.exit_code == ExitCode.DONE
    assert "bytebase: instances/prod-pg/databases/app" in done.output
    assert "key: BYTEBASE_KEY" in done.output


def test_in_a_terminal_a_person_is_asked(shop: Path, house: House, name: str) -> None:
    child = pexpect.spawn(
        sys.executable,
        ["-m", "schema_sensei", "init"],
        cwd=str(shop),
        encoding="utf-8",
        timeout=60,
        dimensions=(24, 80),
    )
    child.expect("Its address")
    child.sendline(house.url)
    child.expect("BYTEBASE_ACCOUNT")
    child.sendline("")
    child.expect("BYTEBASE_KEY")
    child.sendline("BB_KEY")
    for question in ("Which one", "dev \\(0: none\\)", "staging \\(0: none\\)", "prod \\(0: none\\) \\[1\\]"):
        child.expect(question)
        child.sendline("")
    child.expect("Whether the way through Bytebase is free")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert database_of(shop, "prod") == (name,)
