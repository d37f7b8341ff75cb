"""What every model shares: naming of constraints, the id, and the time stamps."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import BigInteger, DateTime, Identity, MetaData, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The one registry of tables; migrations compare the database with its metadata."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar = {int: BigInteger, datetime: DateTime(timezone=True)}


class Numbered:
    """A surrogate key that the database hands out."""

    id: Mapped[int] = mapped_column(Identity(always=False), primary_key=True, sort_order=-2)


class Stamped:
    """When the row was written first."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=-1)
