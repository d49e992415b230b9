"""Pictures at WeCom: uploaded once, used again by content until they end.

Source   reference/wecom.md §5: a media_id lives three days and serves the whole app
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.outbox import lanes, wording
from bot.outbox.transaction import transact
from bot.wecom.client import Authorised
from bot.wecom.token import Clock
from models.base import Sessions
from models.message import Media

LIFE = timedelta(days=2.5)  # of three: what is sent must still be there when it is looked at


class Pictures:
    """owner   whose media_ids these are: another app's, or a robot's, do not serve"""

    def __init__(self, sessions: Sessions, client: Authorised, *, owner: str, clock: Clock) -> None:
        self._sessions, self._client, self._owner, self._clock = sessions, client, owner, clock

    def media_id(self, picture: bytes) -> str:
        """Of the same picture if WeCom still keeps it, else of a new upload. Raises WeComFault, Unsayable."""
        digest, now = hashlib.sha256(picture).hexdigest(), self._clock()
        with self._sessions.reading() as session:
            mine = (Media.digest == digest, Media.owner == self._owner)
            kept = session.execute(select(Media.media_id, Media.expires_at).where(*mine)).one_or_none()
        if kept and now < kept.expires_at <= now + LIFE:  # later than that: kept before the clock was turned back
            return str(kept.media_id)
        filename, media_type = wording.picture_type(picture)
        media_id = self._client.upload_media("image", filename, picture, media_type)
        values = {"media_id": media_id, "expires_at": now + LIFE}
        transact(self._sessions, lambda session: self._keep(session, digest, values))
        return media_id

    def forget(self, session: Session, request: bytes) -> None:
        """The picture of a frozen request is dead: the next time it is uploaded again."""
        dead = (Media.media_id == wording.media_id_of(request), Media.owner == self._owner)
        session.execute(update(Media).where(*dead).values(expires_at=self._clock()))

    def _keep(self, session: Session, digest: str, values: dict[str, Any]) -> None:
        known = update(Media).where(Media.digest == digest, Media.owner == self._owner).values(**values)
        if lanes.changed(session, known):
            return
        try:
            with session.begin_nested():
                session.add(Media(digest=digest, owner=self._owner, **values))
        except IntegrityError:  # another lane uploaded the same picture meanwhile; either id serves
            session.execute(known)
