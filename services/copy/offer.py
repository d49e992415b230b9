"""The text that somebody is given now: chosen by the occasion, filled with facts, checked, and not the last once more.

Raises   nothing of its own; `offer` gives None where no text fits
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.compliance.material import check_material
from domain.compliance.wordlists import WordLists
from domain.copy import CopyText, Kind, Occasion, Wish, at, fill, next_of, ranked
from domain.periods import shanghai_date
from models.copy import CopyUse
from models.distributor import Distributor
from models.order import Product
from services import promotion, words
from services.copy import own
from services.copy.library import Library, material_of
from services.material.product import points
from services.once import insert_once

REMEMBERED = 20
RECENT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Coupon:
    """A coupon that is running: what it gives, and the page on which it is claimed."""

    title: str
    address: str


@dataclass(frozen=True, slots=True)
class Giver:
    """Who asks, and what is written in his name: his links and who sells."""

    who: Distributor
    link: str
    merchant: str = ""
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Offered:
    name: str
    kind: Kind
    text: str


def offer(
    session: Session,
    library: Library,
    giver: Giver,
    wish: Wish,
    *,
    item: Product | None,
    coupon: Coupon | None = None,
    now: datetime,
) -> Offered | None:
    """The next text for this wish; it is written down as given."""
    sku = item.sku if item else ""
    lists = words.lists(session)
    use = _use(session, giver.who.id, sku, wish, now)
    texts = texts_of(session, library, sku=sku or None)
    values = _values(giver, item, coupon, library, lists, now)
    fitting = ranked(
        texts,
        wish,
        _occasion(giver.who, item, library, now),
        values.keys(),
        sku=sku or None,
        category=item.category if item else None,
    )
    while fitting:
        text = next_of(fitting, use.recent)
        said = fill(text.text, values)
        if _is_clean(text, said, item, lists):
            use.recent = [text.name, *(name for name in use.recent if name != text.name)][:REMEMBERED]
            use.topic, use.used_at = wish.topic, now
            return Offered(text.name, text.kind, said)
        fitting.remove(text)
    return None


def latest(session: Session, who: Distributor, *, now: datetime) -> CopyUse | None:
    """What he was given within the last minutes, the latest."""
    query = select(CopyUse).where(CopyUse.distributor_id == who.id, CopyUse.used_at > now - RECENT)
    return session.scalars(query.order_by(CopyUse.used_at.desc()).limit(1)).one_or_none()


def texts_of(session: Session, library: Library, *, sku: str | None = None) -> list[CopyText]:
    """What there is for a product, and for none."""
    return [*library.texts, *own.texts(session, library, sku=sku)]


def topics(session: Session, library: Library) -> list[str]:
    """What an objection may be about, in the order of the files."""
    return list(dict.fromkeys(text.topic for text in texts_of(session, library) if text.topic))


def _use(session: Session, distributor_id: int, sku: str, wish: Wish, now: datetime) -> CopyUse:
    """The row of this person, product and kind, locked: of two who ask at once the second sees what the first got."""
    key = {"distributor_id": distributor_id, "sku": sku, "kind": wish.kind}
    query = select(CopyUse).filter_by(**key)
    if session.scalar(query.with_only_columns(CopyUse.id)) is None:  # unlocked: a lock on what is not there bars others
        insert_once(session, CopyUse, key | {"topic": wish.topic, "recent": [], "used_at": now})
    return session.scalars(query.with_for_update()).one()


def _occasion(who: Distributor, item: Product | None, library: Library, now: datetime) -> Occasion:
    since = item.listed_at if item else None
    return Occasion(
        at=now,
        festivals=at(library.festivals, shanghai_date(now)),
        stock=item.stock if item else None,
        new_days=(now - since).days if since is not None else None,
        role=who.role,
    )


def _values(
    giver: Giver, item: Product | None, coupon: Coupon | None, library: Library, lists: WordLists, now: datetime
) -> dict[str, str]:
    """Every variable that has a value now."""
    who, festivals = giver.who, at(library.festivals, shanghai_date(now))
    values = {"链接": giver.link, "商家": giver.merchant, "售后": giver.contact}
    values["昵称"] = who.told_name or who.directory_name or ""
    values["节日"] = festivals[0] if festivals else ""
    if item is not None:
        values |= {"商品": promotion.short_name(item.name), "全名": item.name, "价格": item.price.spoken}
        values |= {"卖点": "、".join(points(item, lists)), "库存": str(item.stock)}
    if coupon is not None:
        values |= {"券": coupon.title, "券链接": coupon.address}
    return {name: value for name, value in values.items() if value}


def _is_clean(text: CopyText, said: str, item: Product | None, lists: WordLists) -> bool:
    material = material_of(text, said, category=item.category if item else None)
    return own.allowed(text, check_material(material, lists))
