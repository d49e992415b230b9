"""微信客服: how far its log has been read, and the people who have come to it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import MYSQL, Base, Key


class KfLog(Base):
    """One service account's log of messages and events, as far as it has been taken in (bot.kf.puller).

    `cursor` moves in the transaction that stores the messages. `wanted` counts the platform's knocks, `served` is what
    it was when the log was last read to its end. Whoever reads holds the lease of the lane `kflog:…`.
    """

    __tablename__ = "kf_log"
    __table_args__ = (UniqueConstraint("open_kfid"), MYSQL)

    id: Mapped[Key]
    open_kfid: Mapped[str] = mapped_column(String(64))
    cursor: Mapped[str | None] = mapped_column(String(255))
    more: Mapped[bool] = mapped_column(default=False)  # the platform said that there is more
    wanted: Mapped[int] = mapped_column(default=0)
    served: Mapped[int] = mapped_column(default=0)
    # Of the last knock: good for ten minutes, and worth nothing without an access token.
    token: Mapped[str | None] = mapped_column(String(255))
    token_until: Mapped[datetime | None]
    # Read without a cursor the log begins three days back: what was said before this instant is answered no more.
    old_before: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    bare_at: Mapped[datetime | None]  # the last time that it was asked without a token, which is rationed
    failures: Mapped[int] = mapped_column(default=0)  # in a row
    retry_at: Mapped[datetime | None]


class Guest(Base):
    """Somebody who has come to the 微信客服. `digest` finds him; his external_userid stands only in `sealed`.

    What he wrote last decides how many messages he may be sent, and `state` whether any (services.guest).
    """

    __tablename__ = "guest"
    __table_args__ = (UniqueConstraint("digest"), MYSQL)

    id: Mapped[Key]
    digest: Mapped[str] = mapped_column(String(64))
    sealed: Mapped[str] = mapped_column(String(512))
    scene: Mapped[str | None] = mapped_column(String(128))  # of the link by which he came last: a distributor's code
    state: Mapped[int]  # domain.kf.Session
    wrote_at: Mapped[datetime | None]  # the platform's second, from which its 48 hours run
    noticed_at: Mapped[datetime | None]  # when we took that in
    wrote_used: Mapped[int] = mapped_column(default=0)  # messages sent since
    created_at: Mapped[datetime]
