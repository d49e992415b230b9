"""`flask coupon`: make coupons from documents, see what came of them, close them, get a page's address."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from domain import coupon as rules
from services import distributor
from services.coupon import campaign, figures, share_code
from services.coupon.campaign import Campaign, KeyTaken, UnknownCoupon
from services.coupon.figures import Figures, Source
from services.coupon.share import REWARD
from services.terminal import Answer, Refusal, answering, clock_text, columns, iso
from web.commands import CommandDeps
from web.commands.files import FILE, read_text

STATES = {"not_yet": "还没开始", "open": "可领", "sold_out": "已领完", "over": "已结束", "closed": "已关闭"}


def group(deps: CommandDeps) -> click.Group:
    @click.group("coupon", help="优惠券：新建、查看、关闭、领券链接。")
    def commands() -> None: ...

    @commands.command("create", help="按文件新建一种券；同一个文件再来一次什么都不变。例子在 assets/coupons/。")
    @click.argument("coupon_file", metavar="FILE.yaml", type=FILE)
    @answering
    def create(coupon_file: Path) -> Answer:
        source = read_text(coupon_file)
        rules.parse(source)  # what is wrong with the file itself is said whether or not a database answers
        deps.ready()
        now = deps.clock()
        try:
            with deps.sessions.writing() as session:
                made, is_new = campaign.create(session, source, now=now)
                data = _data(made, now) | {"created": is_new}
        except KeyTaken as taken:
            key = taken.facts["key"]
            said = f"券「{key}」已经用于别的内容；券发出后不能改，要改就换一个 key"
            raise Refusal(taken.code, said) from None
        if not is_new:
            return Answer(data, "这种券之前就有了，没有变化。")
        how = "分销员说「发个优惠券」就能拿到自己的链接；" if made.terms.shared else ""
        link = f"商家的链接：flask coupon link {made.terms.key}"
        return Answer(data, f"已新建券「{made.terms.title}」。{how}{link}")

    @commands.command("list", help="所有的券，最新的在前。")
    @answering
    def list_() -> Answer:
        deps.ready()
        now = deps.clock()
        with deps.sessions.reading() as session:
            found = campaign.every(session)
        if not found:
            return Answer({"coupons": []}, "还没有券。新建：flask coupon create assets/coupons/save20.yaml")
        table = [("券", "名称", "状态", "已领", "剩余", "条件")]
        table += [_line(row, now) for row in found]
        return Answer({"coupons": [_data(row, now) for row in found]}, columns(table, indent=""))

    @commands.command("show", help="一种券：内容、成效、谁带来的、最近没用成的。")
    @click.argument("key")
    @answering
    def show(key: str) -> Answer:
        deps.ready()
        now = deps.clock()
        with deps.sessions.reading() as session:
            found = _get(lambda: campaign.get(session, key))
            total = figures.of_coupon(session, found.row.id)
            sources = figures.sources(session, found.row.id)
            refused = figures.refusals(session, found.row.id)
        data = _data(found, now) | {
            "figures": _figures(total),
            "sources": [_source(row) for row in sources],
            "refused": [{"order": row.order_no, "reason": row.reason, "why": row.why} for row in refused],
        }
        lines = [_head(found, now), _brought(total)]
        if sources:
            table = [("来自", "已领", "用了", "优惠（元）", "带来（元）"), *(_source_line(row) for row in sources)]
            lines += ["", columns(table, indent="")]
        if refused:
            lines += ["", "最近没用成的：", columns((row.order_no, row.why) for row in refused)]
        return Answer(data, "\n".join(lines))

    @commands.command("close", help="不再让人领；已经领到的仍然可以用到有效期为止。")
    @click.argument("key")
    @answering
    def close(key: str) -> Answer:
        deps.ready()
        now = deps.clock()
        with deps.sessions.writing() as session:
            found, changed = _get(lambda: campaign.close(session, key, now=now))
            data = _data(found, now) | {"changed": changed}
        said = f"券「{found.terms.title}」已关闭，不能再领；已领的到期前仍可用。"
        return Answer(data, said if changed else f"券「{found.terms.title}」之前就已关闭，没有变化。")

    @commands.command("link", help="领券页的地址：商家的，或者某个分销员的。")
    @click.argument("key")
    @click.option("--code", help="分销员的推广码；不写就是商家自己的。")
    @answering
    def link(key: str, code: str | None) -> Answer:
        deps.ready()
        with deps.sessions.writing() as session:
            found = _get(lambda: campaign.get(session, key))
            who = distributor.find_by_code(session, code) if code is not None else None
            if code is not None and who is None:
                raise Refusal("distributor.unknown", f"没有推广码为「{code}」的分销员")
            now, owner = deps.clock(), who.id if who else None
            page = share_code(session, found.row.id, distributor_id=owner, group_id=None, now=now)
        address = f"{deps.base_url}/shop/c/{page}"
        return Answer({"key": key, "code": page, "address": address}, address)

    return commands


def _get(work: Any) -> Any:
    try:
        return work()
    except UnknownCoupon as unknown:
        said = f"没有券「{unknown.facts['key']}」；用 flask coupon list 查看"
        raise Refusal(unknown.code, said) from None


def _data(found: Campaign, now: datetime) -> dict[str, Any]:
    row = found.row
    return {
        "key": found.terms.key,
        "title": found.terms.title,
        "state": found.state(now),
        "claimed": found.claimed,
        "left": found.left,
        "created_at": iso(row.created_at),
        "closed_at": iso(row.closed_at),
        "terms": found.terms.data(),
    }


def _line(found: Campaign, now: datetime) -> tuple[str, ...]:
    left = "不限" if found.left is None else str(found.left)
    worth = f"{found.terms.worth.said}，{rules.condition(found.terms)}"
    return found.terms.key, found.terms.title, STATES[found.state(now)], str(found.claimed), left, worth


def _head(found: Campaign, now: datetime) -> str:
    terms = found.terms
    left = "不限量" if found.left is None else f"剩 {found.left} 张"
    since = clock_text(found.row.starts_at)
    return (
        f"券「{terms.title}」（{terms.key}）：{STATES[found.state(now)]}，{left}，每人 {terms.per_person} 张\n"
        f"{terms.worth.said}，{rules.condition(terms)}；适用：{rules.scope_said(terms)}\n"
        f"{since} 起，{rules.lasts(terms)}"
    )


def _brought(total: Figures) -> str:
    return (
        f"已领 {total.claimed} 张，用了 {total.used} 张，优惠 {total.discount.spoken} 元，带来 {total.sales.spoken} 元"
    )


def _figures(row: Figures) -> dict[str, Any]:
    return {"claimed": row.claimed, "used": row.used, "discount": row.discount.yuan, "sales": row.sales.yuan}


def _source(row: Source) -> dict[str, Any]:
    return {
        "code": row.who.code if row.who else None,
        "name": row.who.nickname if row.who else None,
        "group": row.group,
        "reward": row.share.origin == REWARD,
        **_figures(row.figures),
    }


def _source_line(row: Source) -> tuple[str, ...]:
    if row.share.origin == REWARD:
        name = "奖励"
    elif row.who is None:
        name = "商家"
    else:
        name = f"{row.who.nickname}（{row.who.code}）"
    if row.group is not None:
        name += f" 群「{row.group}」"
    of = row.figures
    return name, str(of.claimed), str(of.used), of.discount.spoken, of.sales.spoken
