"""Customer groups (客户群): which there are, whose each is and was, and the codes by which customers join them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import MYSQL, Base, BigId, Key

# owner     the group's owner is a distributor with the role leader
# join_way  its first customer by a code came by this leader's (groupchat/add_join_way with `state`)
# operator  the merchant said so; neither an owner nor a code changes it
LEADS_BY = ("owner", "join_way", "operator")
UNNAMED = "未命名的群"


class CustomerGroup(Base):
    """A group of customers, as WeCom told it last. Nobody's messages, names or ids stand here.

    owner       the member who owns it, in lower case; None before it was looked at
    members     all of them, colleagues and customers
    changed_at  the second of an event that may have given it another owner, until that is looked at
    pull_at     when it has to be looked at: an event came, or the last look failed; None: it is as it was told
    """

    __tablename__ = "customer_group"
    __table_args__ = (
        UniqueConstraint("chat_id"),
        Index("ix_customer_group_leader_id", "leader_id"),
        Index("ix_customer_group_owner", "owner"),
        Index("ix_customer_group_pull_at", "pull_at"),
        MYSQL,
    )

    id: Mapped[Key]
    chat_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(128), default="")
    owner: Mapped[str | None] = mapped_column(String(64))
    members: Mapped[int] = mapped_column(default=0)
    version: Mapped[str | None] = mapped_column(String(64))  # member_version: the same one is the same people
    leader_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("distributor.id"))
    leads_by: Mapped[str | None] = mapped_column(String(16))
    join_way_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("join_way.id"))  # by whose code customers came
    began_at: Mapped[datetime | None]  # the platform's create_time
    dismissed_at: Mapped[datetime | None]
    changed_at: Mapped[datetime | None]
    pull_at: Mapped[datetime | None]
    pulls_failed: Mapped[int] = mapped_column(default=0)
    pulled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    @property
    def shown_name(self) -> str:
        """What people call it; a group without a name is called so by WeCom too."""
        return self.name or UNNAMED


class GroupLeadership(Base):
    """From `since` on, until the next row of the group, it was this distributor's (None: nobody's).

    Whose an order of the group is, is decided by the second in which it was paid.
    """

    __tablename__ = "group_leadership"
    __table_args__ = (UniqueConstraint("group_id", "since"), MYSQL)

    id: Mapped[Key]
    group_id: Mapped[int] = mapped_column(BigId, ForeignKey("customer_group.id"))
    distributor_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("distributor.id"))
    leads_by: Mapped[str | None] = mapped_column(String(16))
    since: Mapped[datetime]
    noted_at: Mapped[datetime]


class JoinWay(Base):
    """A code by which customers join groups of one leader. `state` comes back with everybody who used it.

    config_id   None: the platform was asked and its answer is missing; who comes by its state is the leader's all
                the same
    """

    __tablename__ = "join_way"
    __table_args__ = (
        UniqueConstraint("state"),
        Index("ix_join_way_distributor_id", "distributor_id"),
        MYSQL,
    )

    id: Mapped[Key]
    state: Mapped[str] = mapped_column(String(30))
    distributor_id: Mapped[int] = mapped_column(BigId, ForeignKey("distributor.id"))
    config_id: Mapped[str | None] = mapped_column(String(64))
    qr_code: Mapped[str | None] = mapped_column(String(512))
    created_at: Mapped[datetime]
