"""Where people work, and when the place is open."""

from datetime import time

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Numbered, Stamped


class Workplace(Numbered, Stamped, Base):
    """A site with its own people and activities."""

    __tablename__ = "workplaces"

    name: Mapped[str] = mapped_column(String(120), unique=True)
    city: Mapped[str] = mapped_column(String(80))
    time_zone: Mapped[str] = mapped_column(String(64), server_default="UTC")


class Schedule(Numbered, Base):
    """Opening hours of one workplace on one day of the week."""

    __tablename__ = "schedules"
    __table_args__ = (
        UniqueConstraint("workplace_id", "weekday"),
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday_is_iso"),
        CheckConstraint("closes_at > opens_at", name="closes_after_opening"),
    )

    workplace_id: Mapped[int] = mapped_column(ForeignKey("workplaces.id", ondelete="CASCADE"))
    weekday: Mapped[int] = mapped_column(SmallInteger)
    opens_at: Mapped[time]
    closes_at: Mapped[time]
