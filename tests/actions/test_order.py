"""The order of environments: what a deploy to a later one wants to see of the earlier one."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.actions.conftest import Shop
from tests.actions.desk import take

from schema_sensei.actions.revisions import drawn
from schema_sensei.changes.change import Change
from schema_sensei.changes.deployment import Deployment
from schema_sensei.engine.ports import Outcome, Preview
from schema_sensei.gates.errors import RefusedError
from schema_sensei.terms.json import JsonValue


@pytest.fixture
def street(shop: Shop) -> Shop:
    """The shop with a second environment that is reached directly and stands where dev does; nothing is on record."""
    environments = tuple(replace(each, gate="direct", protected=False) for each in shop.project.environments)
    project = replace(shop.project, environments=environments)
    shop.services.migrations().upgrade(shop.prod, "heads")
    return replace(shop.with_services(project=project), project=project)


def told(street: Shop, *outcomes: Outcome, **changed: str) -> Shop:
    """The same with these deploys on record."""
    known = tuple(
        replace(
            Deployment(
                environment=str(each.outputs["environment"]),
                identity=str(each.outputs["identity"]),
                digest=str(each.outputs["digest"]),
                texts=dict(each.outputs["texts"]),  # type: ignore[arg-type]  # deploy's own output
                run="ab12",
                at=1_790_000_000.0,
            ),
            **changed,  # type: ignore[arg-type]  # fields that are texts
        )
        for each in outcomes
    )

    def on_record(words: Sequence[str]) -> tuple[Deployment, ...]:
        return tuple(each for each in known if each.digest in words or set(words) & each.texts.keys())

    return street.with_services(deployments=on_record)


def deployed(street: Shop, change: JsonValue, environment: str) -> tuple[Preview, Outcome]:
    return take(street.actions["deploy"], street.deployment(change, environment), True)


def test_a_change_goes_on_once_it_succeeded_in_the_environment_before(street: Shop) -> None:
    change = street.reviewed()
    _, first = deployed(street, change, "dev")

    preview, second = deployed(told(street, first), change, "prod")

    assert "in dev" in str(preview.prompt)
    assert "run ab12" in str(preview.prompt)
    assert second.outputs["texts"] == first.outputs["texts"]
    assert street.rows("SELECT to_regclass('certificates')", street.prod) == [("certificates",)]


def test_a_change_that_nobody_deployed_before_is_refused(street: Shop) -> None:
    change = street.reviewed()

    with pytest.raises(RefusedError, match="prod comes after dev, and dev does not have this change") as refused:
        deployed(street, change, "prod")

    assert "sensei run promote" in refused.value.remedy
    assert street.rows("SELECT to_regclass('certificates')", street.prod) == [(None,)]


def test_a_database_that_was_made_by_other_means_is_no_proof(street: Shop) -> None:
    change = street.reviewed()
    street.upgrade()

    with pytest.raises(RefusedError, match="this text was not deployed there"):
        deployed(street, change, "prod")


def test_what_was_taken_back_does_not_count(street: Shop) -> None:
    change = street.reviewed()
    _, first = deployed(street, change, "dev")
    street.execute("DROP TABLE certificates; UPDATE alembic_version SET version_num = 'a1'")

    with pytest.raises(RefusedError, match="it was taken back: it stands at a1"):
        deployed(told(street, first), change, "prod")


def test_another_database_under_the_same_name_does_not_count(street: Shop) -> None:
    change = street.reviewed()
    _, first = deployed(street, change, "dev")

    with pytest.raises(RefusedError, match="it is another database now"):
        deployed(told(street, first, identity="elsewhere"), change, "prod")


def test_a_text_that_was_changed_after_it_was_deployed_is_refused_even_when_it_was_found_there(street: Shop) -> None:
    change = street.reviewed()
    _, first = deployed(street, change, "dev")
    revision = next(iter(Change.from_json(change).revisions))
    (file,) = (street.root / "migrations/versions").glob(f"*{revision}*")
    file.write_text(file.read_text().replace("def upgrade():", "def upgrade():\n    op.execute('SELECT 1')"))
    made = Change.from_json(change)
    redrawn = drawn(street.services, base=made.base, heads=made.heads, message=made.message, nature=made.nature)
    other = street.approved(redrawn.to_json())
    _, found = deployed(street, other, "dev")
    assert found.outputs["units"] == 0

    with pytest.raises(RefusedError, match=f"it got another text of {revision}"):
        deployed(told(street, first, found), other, "prod")


def test_an_environment_that_cannot_be_looked_at_is_taken_at_its_record(street: Shop) -> None:
    change = street.reviewed()
    _, first = deployed(street, change, "dev")
    away = told(street, first)
    elsewhere = {**street.services.environ, "DEV_URL": "postgresql://nobody@127.0.0.1:9/nowhere"}

    preview, second = deployed(away.with_services(environ=elsewhere), change, "prod")

    assert "not looked at now" in str(preview.prompt)
    assert second.name == "ok"
