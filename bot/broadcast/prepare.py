"""What a 群发 says and who is to get it, from what the merchant has typed: checked, looked up, drafted.

A product's poster and link bear the name of the leader in whose group they stand, or of the distributor whose customers
get them. A coupon's link says besides from which group it was taken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.broadcast.client import BroadcastCalls
from bot.outbox.pictures import Pictures
from bot.outbox.wording import Unsayable
from domain import broadcast as rules
from domain.broadcast import Cap
from domain.compliance.finding import Severity, of_severity
from domain.compliance.material import MARK, Material, check_material
from handlers import referral_link
from models.base import Sessions
from models.coupon import Coupon
from models.distributor import Distributor
from models.group import CustomerGroup
from models.order import Product
from services import broadcast, distributor, product
from services import group as groups
from services import words as word_lists
from services.broadcast import Content, Draft, Wish
from services.coupon import share_code
from services.material import product as material
from services.terminal import Refusal
from services.vault import Vault

LARGEST_PICTURE = 10 * 1024 * 1024
ALL = "all"


class Platform(Protocol):
    calls: BroadcastCalls
    pictures: Pictures


@dataclass(frozen=True, slots=True)
class Words:
    """`ticks`: ids of rules of material whose warnings the operator has seen and accepts."""

    text: str
    picture: Path | None
    sku: str | None
    coupon: str | None
    link: str | None
    title: str | None
    desc: str
    ticks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Audience:
    """groups_of, customers_of: codes of distributors, or `all`; chats: chat_ids."""

    groups_of: tuple[str, ...]
    chats: tuple[str, ...]
    customers_of: tuple[str, ...]


@dataclass(frozen=True)
class Prepare:
    """cap   how the enterprise has set what a customer or a group may get"""

    sessions: Sessions
    vault: Vault
    clock: Callable[[], datetime]
    base_url: str
    cap: Cap

    def draft(self, words: Words, audience: Audience, platform: Platform, *, dry: bool = False) -> Draft:
        """Who would get what. `dry`: nothing is uploaded or written for it. Raises Refusal; the platform's faults"""
        self._check(words, audience)
        with self.sessions.reading() as session:
            item, ticket = self._product(session, words.sku), self._coupon(session, words.coupon)
            self._check_material(session, words)
            picked = self._groups(session, audience)
            people = self._people(session, audience.customers_of)
        customers = [(who, userid, platform.calls.customers(userid)) for who, userid in people]
        picture = self._picture(words.picture, platform) if words.picture is not None and not dry else None
        wish = Wish(_marked(words), words.sku, self._link(words), picture, words.ticks)

        def work(session: Session) -> Draft:
            def content(who: Distributor | None, row: CustomerGroup | None) -> Content:
                said = self._said(wish, item, who, "group" if row is not None else "customer")
                if ticket is not None and not dry:
                    whose = {"distributor_id": who.id if who else None, "group_id": row.id if row else None}
                    url = f"{self.base_url}/shop/c/{share_code(session, ticket.id, now=now, **whose)}"
                    said["link"] = {"url": url, "title": words.title or ticket.title, "desc": words.desc or "点开领取"}
                return Content(said)

            if audience.customers_of:
                return broadcast.for_customers(session, self.vault, wish, customers, content, cap=self.cap, now=now)
            return broadcast.for_groups(
                session, wish, picked, content, in_his_name=item is not None, cap=self.cap, now=now
            )

        now = self.clock()
        return self.sessions.transact(work)

    # what it says

    def _said(self, wish: Wish, item: Product | None, who: Distributor | None, origin: str) -> dict[str, Any]:
        said: dict[str, Any] = {"text": wish.text}
        if wish.picture is not None:
            said["picture"] = wish.picture
        if wish.link is not None:
            said["link"] = dict(wish.link)
        if item is not None and who is not None:
            link = referral_link(self.base_url, who.code, sku=item.sku, origin=origin)
            said["link"] = {"url": link, "title": item.name, "desc": f"{item.price.spoken} 元，点开购买"}
            said["poster"] = {"kind": "product", "facts": {"distributor_id": who.id, "sku": item.sku, "link": link}}
        return said

    def _link(self, words: Words) -> dict[str, str] | None:
        if words.link is None:
            return None
        return {"url": words.link, "title": words.title or "", "desc": words.desc}

    def _picture(self, file: Path, platform: Platform) -> str:
        data = file.read_bytes()
        try:
            return platform.pictures.media_id(data)
        except Unsayable:
            raise _fault("--picture", "要是 JPEG 或 PNG 图片") from None

    # who gets it

    def _product(self, session: Session, sku: str | None) -> Product | None:
        if sku is None:
            return None
        found = product.find(session, sku)
        if found is None:
            raise _fault("--product", f"没有商品「{sku}」")
        if blocked := material.of(session, found).blocked:
            raise _fault("--product", f"商品名称不能做推广：{blocked[0].rule_id} {blocked[0].evidence.said}")
        return found

    def _coupon(self, session: Session, key: str | None) -> Coupon | None:
        if key is None:
            return None
        found = session.scalars(select(Coupon).where(Coupon.key == key)).one_or_none()
        if found is None:
            raise _fault("--coupon", f"没有优惠券「{key}」")
        if found.closed_at is not None or (found.ends_at is not None and found.ends_at <= self.clock()):
            raise _fault("--coupon", f"优惠券「{key}」已经结束")
        return found

    def _groups(self, session: Session, audience: Audience) -> list[CustomerGroup]:
        """Each once; those of leaders by hundreds, for there may be many."""
        rows = {row.id: row for row in (self._group(session, chat_id) for chat_id in audience.chats)}
        if audience.groups_of:
            leaders = None if ALL in audience.groups_of else [self._person(session, c).id for c in audience.groups_of]
            after = 0
            while batch := groups.of_leaders(session, leaders, after):
                rows |= {row.id: row for row in batch}
                after = batch[-1].id
        return [rows[number] for number in sorted(rows)]

    def _group(self, session: Session, chat_id: str) -> CustomerGroup:
        try:
            return groups.find(session, chat_id)
        except groups.UnknownGroup:
            raise _fault("--group", f"没有 chat_id 为「{chat_id}」的客户群") from None

    def _people(self, session: Session, codes: tuple[str, ...]) -> list[tuple[Distributor, str]]:
        """Distributors who are members, with their userid; whose chat is elsewhere has no customers."""
        if ALL in codes:
            return broadcast.members(session)
        found = []
        for code in codes:
            who = self._person(session, code)
            userid = distributor.wecom_userid(session, who.id)
            if userid is None:
                raise _fault("--customers-of", f"{who.nickname}（{code}）不是企业微信成员，没有客户")
            found.append((who, userid))
        return found

    def _person(self, session: Session, code: str) -> Distributor:
        found = distributor.find_by_code(session, code)
        if found is None:
            raise Refusal("distributor.unknown", f"没有编号为「{code}」的分销员")
        return found

    # checks

    def _check_material(self, session: Session, words: Words) -> None:
        """What is said to customers keeps to the rules of material, as copy and posters do."""
        said = "\n".join(part for part in (_marked(words), words.title or "", words.desc) if part)
        material_ = Material(said, "message", title="群发", has_link=_has_link(words))
        found = check_material(material_, word_lists.lists(session))
        asked: tuple[tuple[Severity, str], ...] = (("BLOCK", "改了再发"), ("WARN", "看过没问题就加上 --tick"))
        for severity, how in asked:
            fields = [
                {"field": finding.rule_id, "message": f"{finding.evidence.said}。{finding.remedy_zh}"}
                for finding in of_severity(found, severity)
                if severity == "BLOCK" or finding.rule_id not in words.ticks
            ]
            if fields:
                raise Refusal("broadcast.material", f"文字没有通过合规检查，{how}：", fields)

    def _check(self, words: Words, audience: Audience) -> None:
        for field, wrong, why in (
            ("--text", not (words.text or words.picture or words.sku or words.coupon or words.link), "要写点什么"),
            ("--text", len(words.text.encode()) > rules.TEXT_BYTES, f"最多 {rules.TEXT_BYTES} 字节"),
            ("--title", words.link is not None and not words.title, "有 --link 时要写标题"),
            ("--link", bool(words.link) and not _is_address(words.link or ""), "要以 http:// 或 https:// 开头"),
            ("--link", len((words.link or "").encode()) > rules.URL_BYTES, f"最多 {rules.URL_BYTES} 字节"),
            ("--title", len((words.title or "").encode()) > rules.TITLE_BYTES, f"最多 {rules.TITLE_BYTES} 字节"),
            ("--desc", len(words.desc.encode()) > rules.DESCRIPTION_BYTES, f"最多 {rules.DESCRIPTION_BYTES} 字节"),
            ("--picture", words.picture is not None and words.sku is not None, "和 --product 二选一"),
            ("--link", sum(map(bool, (words.link, words.sku, words.coupon))) > 1, "和 --product、--coupon 只能写一个"),
            ("--picture", _too_large(words.picture), f"最多 {LARGEST_PICTURE // 1024 // 1024} MB"),
            (
                "--groups-of",
                bool(audience.customers_of) == bool(audience.groups_of or audience.chats),
                "写 --groups-of、--group，或者 --customers-of",
            ),
        ):
            if wrong:
                raise _fault(field, why)


def _has_link(words: Words) -> bool:
    return any((words.link, words.sku, words.coupon))


def _marked(words: Words) -> str:
    """What stands beside a buying link says that it is advertising, as all copy does."""
    marked = not _has_link(words) or MARK in words.text
    return words.text if marked else f"{words.text}\n（{MARK}）".strip()


def _fault(field: str, why: str) -> Refusal:
    return Refusal("invalid", "没有被接受：", [{"field": field, "message": why}])


def _is_address(text: str) -> bool:
    return text.startswith(("http://", "https://")) and len(text) > len("https://")


def _too_large(file: Path | None) -> bool:
    return file is not None and file.stat().st_size > LARGEST_PICTURE
