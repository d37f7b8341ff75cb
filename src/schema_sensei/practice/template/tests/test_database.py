"""The models and the development database fit together."""

from datetime import date, timedelta

import pytest
from dashboard import models
from dashboard.scoring import score
from sqlalchemy import Engine, func, inspect, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session


def test_every_table_of_the_models_is_in_the_database(engine: Engine) -> None:
    missing = set(models.metadata.tables) - set(inspect(engine).get_table_names())
    assert not missing, f"not in the database: {', '.join(sorted(missing))}. Was the migration deployed?"


@pytest.mark.parametrize("model", [mapper.class_ for mapper in models.Base.registry.mappers], ids=lambda m: m.__name__)
def test_every_model_can_be_read(session: Session, model: type[models.Base]) -> None:
    session.scalars(select(model).limit(1)).all()


def test_there_is_something_to_look_at(session: Session) -> None:
    assert session.scalar(select(func.count()).select_from(models.Account)) == 240


def test_an_account_signs_in_with_a_lower_case_address(session: Session) -> None:
    session.add(models.Account(email="Loud@Example.org", display_name="Loud"))
    with pytest.raises(IntegrityError, match="email_is_lower_case"):
        session.flush()


def test_nobody_assesses_themselves(session: Session) -> None:
    session.add(models.Assessment(account_id=1, assessor_id=1, workplace_id=1, title="Self-praise"))
    with pytest.raises(IntegrityError, match="not_by_oneself"):
        session.flush()


def test_an_open_assessment_is_listed_until_it_is_finished(session: Session) -> None:
    assessment = models.Assessment(account_id=1, assessor_id=2, workplace_id=1, title="Spring", due_on=date(2026, 4, 1))
    session.add(assessment)
    session.flush()
    listed = text("SELECT due_on FROM open_assessments WHERE id = :id")
    assert session.scalar(listed, {"id": assessment.id}) == date(2026, 4, 1)

    assessment.finished_on = date(2026, 3, 30)
    session.flush()
    assert session.scalar(listed, {"id": assessment.id}) is None


def test_an_assessment_is_scored_from_its_answers(session: Session) -> None:
    assessment = models.Assessment(
        account_id=1,
        assessor_id=2,
        workplace_id=1,
        title="Spring",
        items=[
            models.AssessmentItem(position=1, question="?", weight=2, answer=models.AssessmentAnswer(points=5)),
            models.AssessmentItem(position=2, question="?", weight=3, answer=models.AssessmentAnswer(points=0)),
        ],
    )
    session.add(assessment)
    session.flush()
    answers = [(item.answer.points, item.weight) for item in assessment.items if item.answer]
    assert score(answers) == pytest.approx(0.4)


def test_joining_a_workplace_is_audited(session: Session) -> None:
    account = models.Account(email="new@example.org", display_name="New")
    session.add(account)
    session.flush()
    membership = models.Membership(account_id=account.id, workplace_id=1, role_id=1, joined_on=date(2026, 3, 2))
    session.add(membership)
    session.flush()
    events = session.scalars(
        select(models.AuditEvent).where(
            models.AuditEvent.subject_table == "memberships", models.AuditEvent.subject_id == membership.id
        )
    ).all()
    assert [event.action for event in events] == ["insert"]


def test_nobody_leaves_before_joining(session: Session) -> None:
    membership = session.scalars(select(models.Membership).limit(1)).one()
    membership.left_on = membership.joined_on - timedelta(days=1)
    with pytest.raises(IntegrityError, match="leaves_after_joining"):
        session.flush()
