"""Draws the posters that handlers and jobs order: their facts are looked up at the moment of drawing.

A name stands on it only where its owner has said so (services.consent). One that WeCom's directory told only after the
order was placed is on the picture then; one that it has not told yet is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Sessions
from models.distributor import Distributor
from models.message import Outbox
from services import consent, distributor, product
from services.material import product as material
from services.poster import (
    ContactPoster,
    CouponPoster,
    LeaderboardPoster,
    Poster,
    PosterStudio,
    ProductPoster,
    RecruitPoster,
    Row,
)

Code = tuple[str, bytes | None]  # an address to draw, or the platform's picture


class UnknownPoster(LookupError):
    """What was ordered does not exist any more, or never did."""


class MayNotBeDrawn(LookupError):
    """The product's name may not stand on a poster; it was changed after the poster was ordered."""


class Drawer:
    """`draw(kind, facts)` gives the JPEG of a product, recruit, coupon or leaderboard poster.

    name_of   a member's name in the directory, None where it cannot be had now; called outside of transactions
    code_of   by what customers come to a distributor: read in the session, had by the call outside of it
    """

    def __init__(
        self,
        sessions: Sessions,
        studio: PosterStudio,
        pictures: Path,
        merchant: str,
        contact: str,
        name_of: Callable[[str], str | None],
        code_of: Callable[[Session, int], Callable[[], Code]] | None = None,
    ) -> None:
        self._sessions = sessions
        self._studio = studio
        self._pictures = pictures
        self._merchant, self._contact = merchant, contact
        self._name_of, self._code_of = name_of, code_of

    def __call__(self, kind: str, facts: dict[str, Any]) -> bytes:
        return self._studio.render(self._poster(kind, facts)).jpeg

    def _poster(self, kind: str, facts: dict[str, Any]) -> Poster:
        if kind == "leaderboard":
            rows = tuple(Row(rank, nickname, value) for rank, nickname, value in facts["rows"])
            return LeaderboardPoster(
                facts["title"], facts["period"], rows, footnote=facts["footnote"], merchant=self._merchant
            )
        with self._sessions.reading() as session:
            who = session.get(Distributor, facts["distributor_id"])
            if who is None:
                raise UnknownPoster(kind)
            nickname, unknown_member = "", None
            if consent.may_name(session, who.id):
                nickname, unknown_member = who.nickname, _still_looked_up(session, who)
            item = product.find(session, facts["sku"]) if kind == "product" else None
            code = self._code_of(session, who.id) if kind == "contact" and self._code_of else None
            judged = material.of(session, item) if item is not None else None
        if unknown_member is not None:
            nickname = self._name_of(unknown_member) or nickname
        if kind == "recruit":
            return RecruitPoster(merchant=self._merchant, nickname=nickname, link=facts["link"], contact=self._contact)
        if code is not None:
            link, picture = code()
            return ContactPoster(nickname, link, picture, self._merchant, self._contact)
        if kind == "coupon":
            said = {name: facts[name] for name in ("title", "worth", "condition", "lasts", "scope", "link")}
            return CouponPoster(**said, nickname=nickname, merchant=self._merchant, contact=self._contact)
        if item is None or judged is None:
            raise UnknownPoster(kind)
        if judged.blocked:
            raise MayNotBeDrawn(judged.blocked[0].rule_id)
        return ProductPoster(
            sku=item.sku,
            name=item.name,
            price=item.price.yuan,
            promise=material.BETWEEN.join(judged.points),
            picture=self._pictures / item.picture if item.picture else None,
            nickname=nickname,
            link=facts["link"],
            merchant=self._merchant,
            contact=self._contact,
        )


def _still_looked_up(session: Session, who: Distributor) -> str | None:
    """The member whose name is on its way from the directory; None where it is known, or will never be."""
    if who.told_name or who.directory_name:
        return None
    asked = select(Outbox.id).where(Outbox.key == f"name:{who.id}", Outbox.state.in_(("waiting", "sending")))
    return distributor.wecom_userid(session, who.id) if session.scalar(asked) is not None else None
