"""Who uses the dashboard, and what they may do at which workplace."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, Numbered, Stamped


class Account(Numbered, Stamped, Base):
    """Somebody who can sign in."""

    __tablename__ = "accounts"
    __table_args__ = (CheckConstraint("email = lower(email)", name="email_is_lower_case"),)

    email: Mapped[str] = mapped_column(String(320), unique=True)
    display_name: Mapped[str] = mapped_column(String(120))
    active: Mapped[bool] = mapped_column(server_default=text("true"))

    profile: Mapped["Profile | None"] = relationship(back_populates="account")
    memberships: Mapped[list["Membership"]] = relationship(back_populates="account")


class Profile(Stamped, Base):
    """What a person tells about themselves; at most one for each account."""

    __tablename__ = "profiles"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    phone: Mapped[str | None] = mapped_column(String(40))
    born_on: Mapped[date | None]
    language: Mapped[str] = mapped_column(String(8), server_default="en")

    account: Mapped[Account] = relationship(back_populates="profile")


class Role(Numbered, Base):
    """A named set of permissions, such as coach or manager."""

    __tablename__ = "roles"

    name: Mapped[str] = mapped_column(String(60), unique=True)
    can_assess: Mapped[bool] = mapped_column(server_default=text("false"))


class Membership(Numbered, Stamped, Base):
    """One account in one role at one workplace."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("account_id", "workplace_id"),
        CheckConstraint("left_on IS NULL OR left_on >= joined_on", name="leaves_after_joining"),
    )

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    workplace_id: Mapped[int] = mapped_column(ForeignKey("workplaces.id", ondelete="CASCADE"), index=True)
    role_id: Mapped[int] = mapped_column(ForeignKey("roles.id"), index=True)
    joined_on: Mapped[date]
    left_on: Mapped[date | None]

    account: Mapped[Account] = relationship(back_populates="memberships")
    role: Mapped[Role] = relationship()
