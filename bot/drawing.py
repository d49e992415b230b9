"""Draws the posters that handlers and jobs order: their facts are looked up at the moment of drawing.

A name that WeCom's directory told only after the order was placed is therefore on the picture.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from models import Sessions
from models.distributor import Distributor
from services import product
from services.poster import LeaderboardPoster, Poster, PosterStudio, ProductPoster, RecruitPoster, Row


class UnknownPoster(LookupError):
    """What was ordered does not exist any more, or never did."""


class Drawer:
    """`draw(kind, facts)` gives the JPEG of a product, recruit or leaderboard poster."""

    def __init__(self, sessions: Sessions, studio: PosterStudio, pictures: Path, merchant: str) -> None:
        self._sessions = sessions
        self._studio = studio
        self._pictures = pictures
        self._merchant = merchant

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
            if kind == "recruit":
                return RecruitPoster(merchant=self._merchant, nickname=who.nickname, link=facts["link"])
            item = product.find(session, facts["sku"])
        if kind != "product" or item is None:
            raise UnknownPoster(kind)
        return ProductPoster(
            sku=item.sku,
            name=item.name,
            price=item.price.yuan,
            promise=item.promise,
            picture=self._pictures / item.picture if item.picture else None,
            nickname=who.nickname,
            link=facts["link"],
            merchant=self._merchant,
        )
