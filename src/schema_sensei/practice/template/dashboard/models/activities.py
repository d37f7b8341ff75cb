"""What happens at a workplace, and what people attach to it and say about it."""

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, Numbered, Stamped


class ActivityStatus(enum.Enum):
    """How far an activity has come."""

    PLANNED = "planned"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    ARCHIVED = "archived"


def _values(members: type[enum.Enum]) -> list[str]:
    return [str(member.value) for member in members]


class ActivityType(Numbered, Base):
    """A kind of activity, such as a safety walk."""

    __tablename__ = "activity_types"

    name: Mapped[str] = mapped_column(String(80), unique=True)
    minutes: Mapped[int] = mapped_column(Integer, server_default="60")


class Activity(Numbered, Stamped, Base):
    """Something people do together at a workplace."""

    __tablename__ = "activities"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        Index("ix_activities_workplace_id_starts_at", "workplace_id", "starts_at"),
    )

    workplace_id: Mapped[int] = mapped_column(ForeignKey("workplaces.id"))
    activity_type_id: Mapped[int] = mapped_column(ForeignKey("activity_types.id"), index=True)
    organiser_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    status: Mapped[ActivityStatus] = mapped_column(
        Enum(ActivityStatus, name="activity_status", values_callable=_values), server_default="planned"
    )
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]

    comments: Mapped[list["Comment"]] = relationship(back_populates="activity")


class Attachment(Numbered, Stamped, Base):
    """A file that belongs to an activity; the bytes are kept elsewhere."""

    __tablename__ = "attachments"
    __table_args__ = (CheckConstraint("size_bytes > 0", name="has_bytes"),)

    activity_id: Mapped[int] = mapped_column(ForeignKey("activities.id", ondelete="CASCADE"), index=True)
    file_name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(127))
    size_bytes: Mapped[int]


class Comment(Numbered, Stamped, Base):
    """What somebody said about an activity."""

    __tablename__ = "comments"

    activity_id: Mapped[int] = mapped_column(ForeignKey("activities.id", ondelete="CASCADE"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    body: Mapped[str] = mapped_column(Text)

    activity: Mapped[Activity] = relationship(back_populates="comments")
