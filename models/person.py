"""People beyond one chat: whom the 公众号 knows, codes that join two chats, and what was changed about who is who."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import MYSQL, Base, BigId, Key


class Follower(Base):
    """Somebody who has written to the 公众号 or followed it. `digest` finds him; his openid stands only in `sealed`.

    What he did last decides how many customer-service messages he may be sent (services.follower). A count is of the
    messages sent since; it is set back by the next act of the same kind.
    """

    __tablename__ = "follower"
    __table_args__ = (UniqueConstraint("digest"), MYSQL)

    id: Mapped[Key]
    digest: Mapped[str] = mapped_column(String(64))
    sealed: Mapped[str] = mapped_column(String(512))
    follows: Mapped[bool]
    follows_since: Mapped[datetime]  # the second of the subscribe or unsubscribe that decided it; the later one wins
    scene: Mapped[str | None] = mapped_column(String(64))  # of the QR that he scanned last: a distributor's code
    wrote_at: Mapped[datetime | None]
    wrote_used: Mapped[int] = mapped_column(default=0)
    tapped_at: Mapped[datetime | None]  # a menu entry, a follow, a scan
    tapped_used: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]


class LinkCode(Base):
    """A one-time code that a distributor was given in one chat, to be said in another. Only its keyed hash is kept."""

    __tablename__ = "link_code"
    __table_args__ = (UniqueConstraint("digest"), Index("ix_link_code_distributor_id", "distributor_id"), MYSQL)

    id: Mapped[Key]
    digest: Mapped[str] = mapped_column(String(64))
    distributor_id: Mapped[int] = mapped_column(BigId, ForeignKey("distributor.id"))
    channel: Mapped[str] = mapped_column(String(16))  # where it was given
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class LinkTry(Base):
    """How many wrong linking codes a chat has said since `since`: a code could be guessed by trying many."""

    __tablename__ = "link_try"
    __table_args__ = (UniqueConstraint("kind", "digest"), MYSQL)

    id: Mapped[Key]
    kind: Mapped[str] = mapped_column(String(16))
    digest: Mapped[str] = mapped_column(String(64))
    wrong: Mapped[int]
    since: Mapped[datetime]


# linked   an address that was nobody's became his, by a code said in both chats or by the unionid
# merged   an address moved to him from another distributor, who had no books of his own
# split    an operator took the address away from him: back to whom it came from, or to nobody
CHANGES = ("linked", "merged", "split")


class IdentityChange(Base):
    """The record of who is who. Rows are only ever inserted."""

    __tablename__ = "identity_change"
    __table_args__ = (Index("ix_identity_change_kind_digest", "identity_kind", "identity_digest"), MYSQL)

    id: Mapped[Key]
    what: Mapped[str] = mapped_column(String(16))
    identity_kind: Mapped[str] = mapped_column(String(16))
    identity_digest: Mapped[str] = mapped_column(String(64))
    from_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("distributor.id"))
    to_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("distributor.id"))
    proof: Mapped[str] = mapped_column(String(32))  # code, unionid, or operator:USERID
    reason: Mapped[str | None] = mapped_column(String(255))
    at: Mapped[datetime]
