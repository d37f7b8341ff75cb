"""Whether a run goes on to the next environment."""

from dataclasses import replace

from tests.actions.conftest import Shop
from tests.actions.desk import Desk, take

from schema_sensei.engine.prompts import Choose


def desk(environment: str) -> Desk:
    return Desk({"environment": environment}, step=f"onward-{environment}")


def reached_directly(shop: Shop) -> Shop:
    environments = tuple(replace(each, gate="direct", protected=False) for each in shop.project.environments)
    project = replace(shop.project, environments=environments)
    return replace(shop.with_services(project=project), project=project)


def test_a_person_goes_on_or_finishes(shop: Shop) -> None:
    onward = reached_directly(shop).actions["onward"]

    preview, gone = take(onward, desk("prod"), "go")
    _, finished = take(onward, desk("prod"), "finish")

    assert isinstance(preview.prompt, Choose)
    assert not preview.prompt.binding
    assert str(preview.target) in preview.prompt.question
    assert (gone.name, finished.name) == ("ok", "finish")


def test_an_environment_without_a_gate_is_left_to_its_owner_without_a_question(shop: Shop) -> None:
    preview, outcome = take(shop.actions["onward"], desk("prod"))

    assert preview.prompt is None
    assert "sensei.yaml gives prod no gate" in str(preview.blocks)
    assert outcome.name == "elsewhere"


def test_an_environment_that_is_not_known_here_is_left_to_whoever_knows_it(shop: Shop) -> None:
    away = reached_directly(shop)
    without = {name: value for name, value in away.services.environ.items() if name != "PROD_URL"}

    preview, outcome = take(away.with_services(environ=without).actions["onward"], desk("prod"))

    assert preview.prompt is None
    assert "PROD_URL is not set" in str(preview.blocks)
    assert "sensei run promote" in str(preview.blocks)
    assert outcome.name == "elsewhere"
