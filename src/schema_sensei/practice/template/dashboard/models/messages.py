"""What the dashboard tells people, and what it remembers about them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Numbered, Stamped


class Notification(Numbered, Stamped, Base):
    """One line for one person; unread ones are looked up on every page."""

    __tablename__ = "notifications"
    __table_args__ = (Index("ix_notifications_unread", "account_id", postgresql_where=text("read_at IS NULL")),)

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    message: Mapped[str] = mapped_column(Text)
    read_at: Mapped[datetime | None]


class AuditEvent(Numbered, Stamped, Base):
    """Who changed what; a trigger on memberships writes here too."""

    __tablename__ = "audit_events"
    __table_args__ = (Index("ix_audit_events_subject_table_subject_id", "subject_table", "subject_id"),)

    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"), index=True)
    action: Mapped[str] = mapped_column(String(20))
    subject_table: Mapped[str] = mapped_column(String(63))
    subject_id: Mapped[int]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
