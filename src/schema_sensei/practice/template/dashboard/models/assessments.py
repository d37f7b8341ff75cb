"""How people are assessed: an assessment, its items, and the answers."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, Numbered, Stamped


class Assessment(Numbered, Stamped, Base):
    """One person assessed by another at one workplace."""

    __tablename__ = "assessments"
    __table_args__ = (
        CheckConstraint("account_id <> assessor_id", name="not_by_oneself"),
        Index("ix_assessments_due_on", "due_on", postgresql_where=text("finished_on IS NULL")),
    )

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    assessor_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    workplace_id: Mapped[int] = mapped_column(ForeignKey("workplaces.id"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    finished_on: Mapped[date | None]
    due_on: Mapped[date | None]

    items: Mapped[list["AssessmentItem"]] = relationship(
        back_populates="assessment", order_by="AssessmentItem.position", cascade="all, delete-orphan"
    )


class AssessmentItem(Numbered, Base):
    """One question of an assessment and how much it counts."""

    __tablename__ = "assessment_items"
    __table_args__ = (
        UniqueConstraint("assessment_id", "position"),
        CheckConstraint("weight > 0", name="counts"),
    )

    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessments.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(SmallInteger)
    question: Mapped[str] = mapped_column(Text)
    weight: Mapped[int] = mapped_column(SmallInteger, server_default="1")

    assessment: Mapped[Assessment] = relationship(back_populates="items")
    answer: Mapped["AssessmentAnswer | None"] = relationship(back_populates="item", cascade="all, delete-orphan")


class AssessmentAnswer(Stamped, Base):
    """The points given for one item, from 0 to 5."""

    __tablename__ = "assessment_answers"
    __table_args__ = (CheckConstraint("points BETWEEN 0 AND 5", name="points_in_range"),)

    item_id: Mapped[int] = mapped_column(ForeignKey("assessment_items.id", ondelete="CASCADE"), primary_key=True)
    points: Mapped[int] = mapped_column(SmallInteger)
    remark: Mapped[str | None] = mapped_column(Text)

    item: Mapped[AssessmentItem] = relationship(back_populates="answer")


# Add the next table here: a class like the ones above. For example, the lesson's certificates:
#
#     class Certificate(Numbered, Stamped, Base):
#         """What a person earns by a finished assessment."""
#
#         __tablename__ = "certificates"
#
#         assessment_id: Mapped[int] = mapped_column(ForeignKey("assessments.id", ondelete="CASCADE"), unique=True)
#         title: Mapped[str] = mapped_column(String(200))
#         issued_on: Mapped[date] = mapped_column(server_default=text("current_date"))
