"""An environment of three databases behind Bytebase, at a shell: one fails, its name is told, and it is resumed."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.bytebase.practice_house import House, opened
from tests.e2e.person import Person

from schema_sensei.postgres import session
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.postgres.url import read
from schema_sensei.practice import lesson
from schema_sensei.project import config
from schema_sensei.terms.exit_codes import ExitCode
from schema_sensei.terms.secrets import Secret

CLOSED = """
CREATE FUNCTION closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'closed for stocktaking'; END $$;
CREATE TRIGGER closed BEFORE UPDATE ON alembic_version FOR EACH ROW EXECUTE FUNCTION closed();
"""
"""What no check of a plan foresees."""
SHARDS = ("staging", "staging_b", "staging_c")


@dataclass
class Shards:
    """The project whose staging is three databases on the server; `urls` by their names there."""

    person: Person
    house: House
    urls: dict[str, Secret]

    def heads(self) -> set[str]:
        """Where the three stand."""
        found = set()
        for url in self.urls.values():
            with session.connect(url) as connection:
                found |= {str(head) for (head,) in connection.execute("SELECT version_num FROM alembic_version")}
        return found


@pytest.fixture
def shards(person: Person, server: Embedded, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shards]:
    staging = config.load(person.root).target("staging").url
    others = {name: Secret(re.sub(r"/staging\?", f"/{name}?", staging.reveal())) for name in SHARDS}
    with (
        opened(server) as house,
        session.connect(Secret(re.sub(r"/staging\?", "/postgres?", staging.reveal()))) as admin,
    ):
        admin.execute("CREATE ROLE bbadmin SUPERUSER LOGIN PASSWORD 'secret'")
        for name in SHARDS[1:]:
            admin.execute(f"CREATE DATABASE {name} TEMPLATE staging".encode())
        urls = {
            house.add_database(f"{read(url).database.replace('_', '-')}-pg", "test", url): url
            for url in others.values()
        }
        settings = person.root / "sensei.yaml"
        way = f"url: {house.url}, project: projects/app, account: {house.email}, key: SHARDS_KEY"
        mapped = f"bytebase: {{{way}, databases: [{', '.join(urls)}]}}"
        kept = [line for line in settings.read_text().splitlines() if not line.startswith("tests:")]
        text = "\n".join([*kept, "tests: ['true']"]) + "\n"  # they change nothing, and take their time
        settings.write_text(text.replace("bytebase: instances/staging-pg/databases/staging", mapped))
        subprocess.run(["git", "commit", "--quiet", "--all", "--message", "three"], cwd=person.root, check=True)
        monkeypatch.setenv("SHARDS_KEY", house.key)
        yield Shards(person, house, urls)
        for name in SHARDS[1:]:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def test_one_of_three_fails_and_the_run_goes_on_where_it_failed(shards: Shards) -> None:
    person, (first, second, third) = shards.person, shards.urls
    with session.connect(shards.urls[second]) as connection:
        connection.execute(CLOSED)
    lesson.add_certificates(person.root)
    answers = ("--answers", str(lesson.ANSWERS), "--set", "promote-prod=false")

    ran = person.types("run", "new-table", *answers)

    told = ran.stdout + ran.stderr
    assert ran.returncode == ExitCode.FAILED, told
    for name, state in ((first, "DONE"), (second, "FAILED"), (third, "DONE")):
        assert f"{name}: {state}" in told
    assert "2 of 3 databases are done" in told
    assert "closed for stocktaking" in told
    assert len(shards.heads()) == 2
    runs = shards.house.counted("run")

    with session.connect(shards.urls[second]) as connection:
        connection.execute("DROP TRIGGER closed ON alembic_version")
    yes = "{answer: true, rule: \"environment == 'staging'\"}"
    again = ("--set", "promote-staging.resolve=again", "--set", f"promote-staging=[{yes}, {yes}]")
    resumed = person.types("resume", *answers, *again)

    told = resumed.stdout + resumed.stderr
    assert resumed.returncode in {ExitCode.DONE, ExitCode.DECLINED}, told
    assert "1 of 3 databases lack unit 1: projects/app/plans/101 goes on." in told
    assert len(shards.heads()) == 1, told[told.index("Resumed by") :]
    assert shards.house.counted("run") == runs + 1
    assert (shards.house.counted("plan"), shards.house.counted("issue")) == (1, 1)
    transcript = person.types("show").stdout
    for name in shards.urls:
        assert f"{name}: DONE" in transcript
    assert f"{second}: FAILED" in transcript
