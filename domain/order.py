"""What a mall pushes about an order: parsed, validated, immutable. The order API's JSON in, values out.

    OrderFacts.parse(text, now=…)      POST /api/v1/orders
    RefundFacts.parse(text)            POST …/refunds
    CompletionFacts.parse(text)        POST …/complete
    ShipmentFacts.parse(text)          POST …/shipments

Units    amounts are texts like "30.00" and become Money; times need an offset and become UTC; `line` counts from 0
Same     two pushes are the same when `canonical()` is: key order, spacing, offsets and empty options do not matter
Raises   NotAnObject where the text is no JSON object; Invalid with every field's fault otherwise
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.document import Form, Node, Wrong, nullable, whole
from domain.errors import Invalid
from domain.fields import Body, amount, canonical, identifier, instant, optional, phone, plain, quoted, several, words
from domain.money import ZERO, Money, total

MAX_LINES = 500
MAX_QTY = 999_999
CLOCK_AHEAD = timedelta(seconds=300)


@dataclass(frozen=True, slots=True)
class LineFacts:
    """One line: `price` and `cost` of one unit, `paid` for the whole line after discounts, without freight."""

    sku: str
    name: str
    category: str
    qty: int
    price: Money
    paid: Money
    cost: Money | None


@dataclass(frozen=True, slots=True)
class Buyer:
    id: str
    unionid: str | None = None
    openid: str | None = None
    external_userid: str | None = None
    phone: str | None = None

    def known_as(self, source: str) -> list[tuple[str, str]]:
        """(kind, value) of everything he may be recognised by; his id means something within its source only."""
        given = [("unionid", self.unionid), ("external_userid", self.external_userid), ("phone", self.phone)]
        given.append(("openid", self.openid))
        return [("buyer", f"{source}\0{self.id}"), *((kind, value) for kind, value in given if value is not None)]


@dataclass(frozen=True, slots=True)
class Ref:
    """Who is said to have referred the order, as it was typed."""

    code: str | None = None
    coupon: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class OrderFacts:
    no: str
    source: str
    buyer: Buyer
    ref: Ref
    paid_at: datetime
    completed_at: datetime | None
    freight: Money
    lines: tuple[LineFacts, ...]

    @classmethod
    def parse(cls, text: str, *, now: datetime) -> OrderFacts:
        """`now` bounds `paid_at`, which may be 300 seconds ahead: clocks differ."""
        root = Body.read(text)
        facts = _order(root)
        if isinstance(facts.paid_at, datetime):
            if facts.paid_at > now + CLOCK_AHEAD:
                root.fault("paid_at", f"不能比现在晚 {CLOCK_AHEAD.seconds} 秒以上", "is in the future")
            if facts.completed_at is not None and facts.completed_at < facts.paid_at:
                root.fault("completed_at", "不能早于 paid_at", "is before paid_at")
        return root.accepted(facts)

    @property
    def paid(self) -> Money:
        return total(line.paid for line in self.lines)

    def canonical(self) -> str:
        """The content as one text, without `completed_at`. It holds identities: keep a keyed digest of it, not it."""
        return canonical({key: value for key, value in plain(self).items() if key != "completed_at"})


@dataclass(frozen=True, slots=True)
class RefundLine:
    """Goods (`qty`) or money (`amount`) or both that went back from one line."""

    line: int
    qty: int
    amount: Money


@dataclass(frozen=True, slots=True)
class RefundFacts:
    """One refund. Several entries may speak of one line: goods in one, money in another."""

    refund_no: str
    at: datetime
    lines: tuple[RefundLine, ...]

    @classmethod
    def parse(cls, text: str) -> RefundFacts:
        root = Body.read(text)
        form = Form(root.node)
        facts = cls(
            refund_no=form.need("refund_no", identifier(64)),
            at=form.need("at", instant),
            lines=form.need("lines", several(_refund_line, MAX_LINES)),
        )
        return root.accepted(form.done(facts))

    @classmethod
    def kept(cls, content: dict[str, Any]) -> RefundFacts:
        """From `content()`, as an early refund is kept until its order comes."""
        lines = (RefundLine(row["line"], row["qty"], Money.of_yuan(row["amount"])) for row in content["lines"])
        return cls(content["refund_no"], datetime.fromisoformat(content["at"]), tuple(lines))

    def content(self) -> dict[str, Any]:
        return dict(plain(self))

    def canonical(self) -> str:
        return canonical({**plain(self), "lines": plain(self.by_line())})

    def by_line(self) -> tuple[RefundLine, ...]:
        """One entry for each line that it touches, added up, by line."""
        sums: dict[int, RefundLine] = {}
        for entry in self.lines:
            before = sums.get(entry.line, RefundLine(entry.line, 0, ZERO))
            sums[entry.line] = RefundLine(entry.line, before.qty + entry.qty, before.amount + entry.amount)
        return tuple(sums[line] for line in sorted(sums))


@dataclass(frozen=True, slots=True)
class CompletionFacts:
    at: datetime

    @classmethod
    def parse(cls, text: str) -> CompletionFacts:
        root = Body.read(text)
        form = Form(root.node)
        return root.accepted(form.done(cls(at=form.need("at", instant))))

    @classmethod
    def kept(cls, content: dict[str, Any]) -> CompletionFacts:
        return cls(datetime.fromisoformat(content["at"]))

    def content(self) -> dict[str, Any]:
        return dict(plain(self))


@dataclass(frozen=True, slots=True)
class ShipmentFacts:
    carrier: str
    waybill: str
    at: datetime

    @classmethod
    def parse(cls, text: str) -> ShipmentFacts:
        root = Body.read(text)
        form = Form(root.node)
        return root.accepted(
            form.done(
                cls(
                    carrier=form.need("carrier", identifier(64)),
                    waybill=form.need("waybill", identifier(64)),
                    at=form.need("at", instant),
                )
            )
        )

    @classmethod
    def kept(cls, content: dict[str, Any]) -> ShipmentFacts:
        return cls(content["carrier"], content["waybill"], datetime.fromisoformat(content["at"]))

    def content(self) -> dict[str, Any]:
        return dict(plain(self))


@dataclass(frozen=True, slots=True)
class LineLeft:
    """What of a line has not been refunded yet."""

    qty: int
    paid: Money


def check_refund(refund: RefundFacts, left: Sequence[LineLeft], *, paid_at: datetime) -> None:
    """Refuse a refund from before the payment, of a line that is not there, or beyond what is left of it.

    Raises Invalid
    """
    faults: list[tuple[str, str]] = []
    if refund.at < paid_at:
        faults.append(("at", "退款时间不能早于订单的支付时间"))
    rests = dict(enumerate(left))
    for index, entry in enumerate(refund.lines):
        where = f"lines[{index}]"
        if entry.line not in rests:
            faults.append((f"{where}.line", f"订单只有 {len(left)} 行，行号从 0 到 {len(left) - 1}"))
            continue
        rest = rests[entry.line]
        rests[entry.line] = LineLeft(rest.qty - entry.qty, rest.paid - entry.amount)
        if entry.qty > rest.qty:
            faults.append((f"{where}.qty", f"超过可退数量：第 {entry.line} 行还可退 {rest.qty} 件"))
        if entry.amount > rest.paid:
            faults.append((f"{where}.amount", f"超过可退金额：第 {entry.line} 行还可退 {rest.paid.yuan} 元"))
    if faults:
        raise Invalid(faults)


def check_not_before_payment(field: str, at: datetime, paid_at: datetime) -> None:
    if at < paid_at:
        raise Invalid([(field, "不能早于订单的支付时间")])


def check_number(field: str, value: str) -> str:
    """An order's number or a source that came in an address; Invalid as in a body."""
    node = Node(quoted(value), field, None, [])
    try:
        if "\ufffd" in value:  # bytes of the address that were no UTF-8
            raise Wrong("地址里要用 UTF-8 编码", "not UTF-8")
        return identifier(64 if field == "no" else 32)(node)
    except Wrong as wrong:
        raise Invalid([(field, wrong.zh)]) from None


# The fields


def _order(root: Body) -> OrderFacts:
    form = Form(root.node)
    return form.done(
        OrderFacts(
            no=form.need("no", identifier(64)),
            source=form.need("source", identifier(32)),
            buyer=form.need("buyer", _buyer),
            ref=form.may("ref", nullable(_ref), None) or Ref(),
            paid_at=form.need("paid_at", instant),
            completed_at=form.may("completed_at", nullable(instant), None),
            freight=form.need("freight", amount),
            lines=form.need("lines", several(_line, MAX_LINES)),
        )
    )


def _buyer(node: Node) -> Buyer:
    form = Form(node)
    return form.done(
        Buyer(
            id=form.need("id", identifier(128)),
            unionid=form.may("unionid", optional(identifier(128)), None),
            openid=form.may("openid", optional(identifier(128)), None),
            external_userid=form.may("external_userid", optional(identifier(128)), None),
            phone=form.may("phone", optional(phone), None),
        )
    )


def _ref(node: Node) -> Ref:
    form = Form(node)
    return form.done(
        Ref(
            code=form.may("code", optional(words(64)), None),
            coupon=form.may("coupon", optional(words(64)), None),
            group=form.may("group", optional(words(64)), None),
        )
    )


def _line(node: Node) -> LineFacts:
    form = Form(node)
    return form.done(
        LineFacts(
            sku=form.need("sku", identifier(64)),
            name=form.need("name", words(128)),
            category=form.need("category", words(64)),
            qty=form.need("qty", whole(1, MAX_QTY)),
            price=form.need("price", amount),
            paid=form.need("paid", amount),
            cost=form.may("cost", nullable(amount), None),
        )
    )


def _refund_line(node: Node) -> RefundLine:
    form = Form(node)
    entry = form.done(
        RefundLine(
            line=form.need("line", whole(0, MAX_LINES - 1)),
            qty=form.need("qty", whole(0, MAX_QTY)),
            amount=form.need("amount", amount),
        )
    )
    if entry.qty == 0 and entry.amount == ZERO:
        node.wrong("qty 和 amount 不能都是 0:至少要退货或退钱", "qty and amount are both 0")
    return entry
