"""Distributors and the addresses under which they are reached."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import MYSQL, Base, BigId, Key

# review     asked to join, waits for the merchant; earns nothing
# active     may promote, earn and withdraw
# suspended  earns nothing new; what he has stays his
# departed   has left; as suspended, and is no longer written to
# refused    the merchant said no to his application
STATUSES = ("review", "active", "suspended", "departed", "refused")


class Distributor(Base):
    """A person who promotes. `inviter_id` is his upline; it is written once and never changes after his first order."""

    __tablename__ = "distributor"
    __table_args__ = (
        UniqueConstraint("code"),
        Index("ix_distributor_inviter_id_joined_at", "inviter_id", "joined_at"),
        Index("ix_distributor_status_id", "status", "id"),
        MYSQL,
    )

    id: Mapped[Key]
    code: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16))
    role: Mapped[str] = mapped_column(String(16), default="member")
    member: Mapped[bool] = mapped_column(default=False)
    told_name: Mapped[str | None] = mapped_column(String(64))  # what the person told; wins over the directory's
    directory_name: Mapped[str | None] = mapped_column(String(64))  # WeCom's user/get
    inviter_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("distributor.id"))
    inviter_reason: Mapped[str | None] = mapped_column(String(16))  # code | link | bind: how the inviter was named
    invited_at: Mapped[datetime | None]  # the second from which his inviter is above him: that of joining or binding
    joined_at: Mapped[datetime]  # the second of joining (of approval, where joining is reviewed)
    created_at: Mapped[datetime]
    first_suspended_at: Mapped[datetime | None]  # spares a look at his suspensions to whoever has none by then

    @property
    def nickname(self) -> str:
        """What the person told, else WeCom's directory, else 分销员 and the last two of his code."""
        return self.told_name or self.directory_name or f"分销员{self.code[-2:]}"


class Suspension(Base):
    """From `since` on, and until `until` where he came back, somebody earned nothing; also from his departure on.

    `status` says what he is now; whether he earned from an order is asked here, by the order's own time.
    """

    __tablename__ = "suspension"
    __table_args__ = (
        Index("ix_suspension_distributor_id", "distributor_id", "since"),
        CheckConstraint("until IS NULL OR until >= since", name="until_not_before_since"),
        MYSQL,
    )

    id: Mapped[Key]
    distributor_id: Mapped[int] = mapped_column(BigId, ForeignKey("distributor.id"))
    since: Mapped[datetime]
    until: Mapped[datetime | None]


class Identity(Base):
    """One address of a distributor: a member of the enterprise, an openid, a phone …

    `digest` finds it (a keyed hash, so that a stolen table cannot be searched), `sealed` is the address encrypted.
    A WeCom userid is no personal datum of the kind that is encrypted; it stands in `plain` so that we can write to it.
    """

    __tablename__ = "identity"
    __table_args__ = (
        UniqueConstraint("kind", "digest"),
        Index("ix_identity_distributor_id", "distributor_id"),
        MYSQL,
    )

    id: Mapped[Key]
    distributor_id: Mapped[int] = mapped_column(BigId, ForeignKey("distributor.id"))
    kind: Mapped[str] = mapped_column(String(16))  # wecom | external_userid | unionid | openid | phone
    digest: Mapped[str] = mapped_column(String(64))
    sealed: Mapped[str | None] = mapped_column(String(512))
    plain: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]


class Operator(Base):
    """A member of the merchant's staff who may review and decide in the chat."""

    __tablename__ = "operator"
    __table_args__ = (UniqueConstraint("userid"), MYSQL)

    id: Mapped[Key]
    userid: Mapped[str] = mapped_column(String(64))  # lower case: WeCom's userids do not distinguish
    name: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(16))  # owner | finance | service
    created_at: Mapped[datetime]
