"""Slots of an intent, read from the sentence. Which intent has which stands in `conversation.md` §1."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.understanding import amounts, products
from bot.understanding.dates import Named

_STATUS = (
    ("refunded", re.compile(r"退(?:款|货|单|了|掉|的|回|[^，]{0,2}单)|被退|有没有退|人退|(?<!不)要退|售后|取消")),
    ("pending", re.compile(r"待结|[没未]有?(?:到)?(?:结|解冻)|冻结|冻着|结算中|在途|还没到结算|等结算|等着结")),
    ("settled", re.compile(r"已经?结|结(?:了|完|过|掉|清)|结算(?:了|过|完|好)|已到账|已经到账|已解冻")),
)
_BY = (
    ("orders", re.compile(r"单量|单数|订单|出单|几单|多少单|成交(?!额|金额)|开单")),
    ("units", re.compile(r"件数|销量|数量|几件|多少件|份数|箱数")),
    ("sales", re.compile(r"销售|金额|业绩|gmv|成交额|营业额|流水")),
)
_TOPIC = (
    ("fee", re.compile(r"手续费|服务费|收费|扣.{0,3}(?:费|钱)|要钱|押金|交钱")),
    ("tax", re.compile(r"税")),
    ("minimum", re.compile(r"最[低少小]|至少|起提|门槛|多少才|才能提|才可以|满多少|才让")),
    ("limit", re.compile(r"最[高多大]|限额|上限|几次|次数|一天能|每天")),
    ("refund", re.compile(r"退")),
    ("self", re.compile(r"自己(?:买|下单|购买|用)|自购")),
    ("arrival", re.compile(r"到账|多久|几天|什么时候|啥时候|何时|几号|结算|工作日|周末|节假日|解冻|冻结|哪天|几时")),
    ("withdraw", re.compile(r"提|取现|取钱|取款|打款|银行卡")),
    ("attribution", re.compile(r"保护期|锁客|锁定|有效期|归属")),
    ("commission", re.compile(r"佣金|比例|提成|怎么算|返|点|奖励|赚|挣")),
)
_QUERY = (
    re.compile(r"((?:最?高|多的?|最多)?(?:佣金|提成|返利|利润)(?:最?高|最?多|比较高|高点|大)?)"),
    re.compile(r"(上新|新品|新款|爆款|热销|好卖|畅销)"),
    re.compile(
        r"(?:有没有|有什么|有啥|有哪些|卖不卖|还有|看看|搜|找|查|有)([\u4e00-\u9fff]{2,6}?)(?:可以卖|能卖|卖|推|吗|么|呢|的|$|，|\?)"
    ),
)
_EMPTY_QUERY = re.compile(
    r"^(?:商品|产品|货|东西|什么|啥|哪些|可以|能|好|佣金|提成|利润|返利|可卖|好货|货源|列表|目录|你们).*|.*(?:商品|产品)$"
)
# The slots of conversation.md §1. Beside them `products` and `query` tell a handler what to ask about, and `link`, a
# code that joins two chats, is found before anything is understood.
NAMED: dict[str, tuple[str, ...]] = {
    "join": ("code",), "bind": ("code",), "link": ("product",), "poster": ("product",), "copy": ("product",),
    "coupon": ("product",), "products": ("query",), "earnings": ("period",), "earnings_detail": ("period",),
    "explain": ("order", "amount"), "orders": ("period", "status"), "parcel": ("order",), "team": ("period",),
    "rank": ("period", "by"), "withdraw": ("amount", "all"), "rules": ("topic",), "appeal": ("order",),
    "approve": ("who",), "reject": ("who", "reason"), "paid": ("who", "reference"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found in a sentence, before anybody knows which of it the intent wants."""

    text: str
    periods: Sequence[Named]
    order: str | None
    code: str | None
    found: products.Found | None


def fill(intent: str, facts: Facts) -> dict[str, Any]:
    """The slots of `intent`; what was not said is left out."""
    reader = _READERS.get(intent)
    return reader(facts) if reader else {}


def _period(facts: Facts) -> dict[str, Any]:
    return {"period": facts.periods[0].slot} if facts.periods else {}


def _order(facts: Facts) -> dict[str, Any]:
    return {"order": facts.order} if facts.order else {}


def _code(facts: Facts) -> dict[str, Any]:
    return {"code": facts.code} if facts.code else {}


def _product(facts: Facts) -> dict[str, Any]:
    if not facts.found:
        return {}
    if len(facts.found.skus) == 1:
        return {"product": facts.found.skus[0]}
    return {"products": list(facts.found.skus)}


def _first(table: Sequence[tuple[str, re.Pattern[str]]], text: str) -> str | None:
    return next((value for value, pattern in table if pattern.search(text)), None)


def _orders(facts: Facts) -> dict[str, Any]:
    status = _first(_STATUS, facts.text)
    return _period(facts) | ({"status": status} if status else {})


def _rank(facts: Facts) -> dict[str, Any]:
    by = _first(_BY, facts.text)
    return _period(facts) | ({"by": by} if by else {})


def _rules(facts: Facts) -> dict[str, Any]:
    topic = _first(_TOPIC, facts.text)
    return {"topic": topic} if topic else {}


def _explain(facts: Facts) -> dict[str, Any]:
    """An amount is what somebody finds too little: after 才 or 只, else after 给 and the like, else what is marked."""
    masked = facts.text
    for named in facts.periods:
        masked = masked[: named.start] + "⟨" * (named.end - named.start) + masked[named.end :]
    found = [a for a in amounts.find_amounts(masked) if a.yuan and not _NOT_EVEN.match(masked, a.end)]
    for wanted in (_TOO_LITTLE, _GIVEN):
        if said := next((amount for amount in found if wanted.search(masked[: amount.start])), None):
            return _order(facts) | {"amount": said.slot}
    said = next((amount for amount in found if amount.marked or amount.yuan % 1), None)
    return _order(facts) | ({"amount": said.slot} if said else {})


_TOO_LITTLE = re.compile(
    r"(?:才|只|就|仅|变成了?|成了|变|剩|(?:给|显示)(?:我|的)?(?:才|只|就)?是?)(?:有|给|给我|给了|赚|是|拿|拿到|得|得了|到账|算|算了|值|分|返|剩|到手|我)*(?:了|个)?$"
)
_NOT_EVEN = re.compile(r"钱?(?:都|也)[没不]|钱?没")  # 一毛都没有
_GIVEN = re.compile(r"(?:有|给|给我|赚|是|到账|拿到|到手|得)$")


def _poster(facts: Facts) -> dict[str, Any]:
    """A product; or, as `query`, the thing whose poster is wanted and that the catalogue does not have."""
    if facts.found:
        return _product(facts)
    match = _POSTER_OF.search(facts.text)
    thing = _AROUND.sub("", match["thing"]) if match else ""
    return {"query": thing} if 2 <= len(thing) <= 6 and not _NO_THING.search(thing) else {}


_POSTER_OF = re.compile(r"(?P<thing>[\u4e00-\u9fff]{2,12}?)的?(?:海报|宣传图|推广图|产品图|图片)")
_AROUND = re.compile(
    r"^(?:[我你来给要做画张个一幅份下帮弄发出搞整求有没还再换想能把用为那这种点些呗吧就先请]|麻烦|可以|生成|制作|需要|老板)+|(?:的|那个|这个|做[个一张]*|来[个一张]*|画[个一张]*)+$"
)
# Words of which one is enough to see that no thing is named.
_NO_THING = re.compile(
    r"推广|宣传|专属|邀请|分享|招|拉新|拉人|二维码|店铺|店里|个人|团队|产品|商品|生成|制作|朋友|发圈|好看|带|码|新人|自己|我|你|最新|今天|"
    r"昨天|刚|上次|上面|那张|这张|怎么|什么|哪|吗|呢|大[图的一]|小[图的一]|新的|旧的|高清|打印|群|客户|现成|配|九宫格|还|没|不|收到|看|换|另"
)


def _products(facts: Facts) -> dict[str, Any]:
    if facts.found:
        return {"query": facts.found.words}
    for pattern in _QUERY:
        match = pattern.search(facts.text)
        if match and (pattern is not _QUERY[2] or not _EMPTY_QUERY.match(match[1])):
            return {"query": match[1]}
    return {}


_READERS = {
    "join": _code, "bind": _code, "link": _product, "poster": _poster, "copy": _product, "coupon": _product,
    "products": _products, "earnings": _period, "earnings_detail": _period, "team": _period, "orders": _orders,
    "rank": _rank, "explain": _explain, "parcel": _order, "appeal": _order, "rules": _rules,
}  # fmt: skip
