"""Campaigns: make one from its document, close it, find those that may be shared now.

Raises   CouponRefused (the document), KeyTaken (the key was used for other terms), UnknownCoupon
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from domain import coupon as rules
from domain.compliance import of_severity
from domain.compliance.material import Material, check_material
from domain.coupon import CouponRefused, SpendAndSave, Terms
from domain.document import Fault
from domain.errors import DomainError
from domain.money import Money
from models.coupon import Coupon, CouponStock
from models.order import Product
from services import words
from services.once import insert_new, insert_once

SHOWN = 50


class KeyTaken(DomainError):
    code = "coupon.key_taken"


class UnknownCoupon(DomainError):
    code = "coupon.unknown"


@dataclass(frozen=True, slots=True)
class Campaign:
    """A coupon with its terms and how many were taken."""

    row: Coupon
    terms: Terms
    claimed: int

    @property
    def left(self) -> int | None:
        """None: without limit."""
        return None if self.terms.stock is None else max(self.terms.stock - self.claimed, 0)

    def state(self, now: datetime) -> str:
        """not_yet | open | sold_out | over | closed."""
        if self.row.closed_at is not None and self.row.closed_at <= now:
            return "closed"
        if now < self.row.starts_at:
            return "not_yet"
        if self.terms.ends_at is not None and now >= self.terms.ends_at:
            return "over"
        return "sold_out" if self.left == 0 else "open"


def create(session: Session, source: str, *, now: datetime) -> tuple[Campaign, bool]:
    """The coupon of a document, and whether it is new: the same document again is the same coupon."""
    categories = {row.sku: row.category for row in session.execute(select(Product.sku, Product.category))}
    terms = rules.parse(source, categories)
    _check_title(session, terms)
    starts_at = terms.starts_at or now.replace(microsecond=0)  # an order's time has no finer grain
    values = {
        "key": terms.key,
        "title": terms.title,
        "content": terms.data(),
        "digest": rules.digest(terms),
        "starts_at": starts_at,
        "ends_at": terms.ends_at,
        "stock": terms.stock,
        "shared": terms.shared,
        "created_at": now,
        "closed_at": None,
    }
    new_id = insert_new(session, Coupon, values)
    if new_id is not None:
        insert_once(session, CouponStock, {"coupon_id": new_id, "claimed": 0})
    found = get(session, terms.key)
    if found.row.digest != values["digest"]:
        raise KeyTaken(key=terms.key)
    return found, new_id is not None


def _check_title(session: Session, terms: Terms) -> None:
    """A title goes onto posters, pages and into copy texts: what may not stand there is refused."""
    found = check_material(Material(terms.title, "product", title="券名"), words.lists(session))
    if blocked := of_severity(found, "BLOCK"):
        zh = "、".join(f"{finding.title_zh}（{finding.rule_id}）" for finding in blocked)
        en = ", ".join(finding.rule_id for finding in blocked)
        raise CouponRefused([Fault(None, "title", f"有不能用的说法：{zh}", f"breaks {en}")])


def find(session: Session, key: str) -> Campaign | None:
    row = session.execute(_CAMPAIGNS.where(Coupon.key == key)).one_or_none()
    return None if row is None else Campaign(row[0], terms_of(row[0]), row[1])


def get(session: Session, key: str) -> Campaign:
    if (found := find(session, key)) is None:
        raise UnknownCoupon(key=key)
    return found


def every(session: Session, *, limit: int = 200) -> list[Campaign]:
    """The newest first."""
    rows = session.execute(_CAMPAIGNS.order_by(Coupon.id.desc()).limit(limit))
    return [Campaign(row, terms_of(row), claimed) for row, claimed in rows]


def open_now(session: Session, *, now: datetime) -> list[Campaign]:
    """What distributors may share and customers may take now, the newest first."""
    rows = session.execute(
        _CAMPAIGNS.where(_still_open(now), Coupon.shared, Coupon.starts_at <= now)
        .where(or_(Coupon.stock.is_(None), CouponStock.claimed < Coupon.stock))
        .order_by(Coupon.id.desc())
        .limit(SHOWN)
    )
    return [Campaign(row, terms_of(row), claimed) for row, claimed in rows]


def worths(session: Session) -> dict[str, Money]:
    """What the coupons that give an amount are worth, by key: what a plan's reward of one may cost."""
    rows = session.scalars(select(Coupon).where(Coupon.closed_at.is_(None)))
    terms = [terms_of(row) for row in rows]
    return {found.key: found.worth.off for found in terms if isinstance(found.worth, SpendAndSave)}


def close(session: Session, key: str, *, now: datetime) -> tuple[Campaign, bool]:
    """Let nobody take another one, and whether that changed anything. What was taken stays good until its own end."""
    row = session.scalars(select(Coupon).where(Coupon.key == key).with_for_update()).one_or_none()
    if row is None:
        raise UnknownCoupon(key=key)
    changed = row.closed_at is None
    if changed:
        row.closed_at = now
        session.flush()
    return get(session, key), changed


def terms_of(row: Coupon) -> Terms:
    """Its terms; parsed once per process and content."""
    if row.digest not in _PARSED:
        if len(_PARSED) >= _KEPT:
            _PARSED.clear()
        _PARSED[row.digest] = rules.of_data(row.content)
    return _PARSED[row.digest]


_PARSED: dict[str, Terms] = {}  # by content, so that it cannot be stale
_KEPT = 256
_CAMPAIGNS = select(Coupon, CouponStock.claimed).join(CouponStock, CouponStock.coupon_id == Coupon.id)


def _still_open(now: datetime) -> ColumnElement[bool]:
    return and_(
        or_(Coupon.closed_at.is_(None), Coupon.closed_at > now), or_(Coupon.ends_at.is_(None), Coupon.ends_at > now)
    )
