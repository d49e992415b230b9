"""A leader's groups (团长的客户群): what was sold in them, and his statement line by line.

Neither has an intent of its own. Who asks for his orders, his earnings or his team and says 群 asks about his groups,
if he has any; who says 结算单 asks for the statement of the last run.
"""

from __future__ import annotations

import re

from domain.conversation import Intent, Reply, Sentence
from domain.money import total
from domain.periods import Period
from handlers.commission import order_line
from handlers.context import Context
from handlers.periods import asked_period, of_slot, this_month
from services import group, statement
from services.group import GroupSales

_MAY_BE_ABOUT_GROUPS = frozenset({"orders", "earnings", "earnings_detail", "team", "unknown"})
_NEVER_A_STATEMENT = frozenset({"confirm", "cancel", "withdraw", "approve", "reject", "paid", "review"})
_SOLD_IN_GROUPS = re.compile(r"我的群|群.*(?:卖|单|销|赚|佣|收益|收入|成交|业绩|多少)|(?:卖|单|销|赚|佣|业绩).*群")
# The word itself and nothing much before it: whatever a page's number may look like, it is asked for a statement.
_STATEMENT = re.compile(
    r"(?!.*(?:什么时候|多久|何时|怎么算))"
    r"(?:我|你|要|想|看|查|打开|给|发|把|的|一下|下|团长|群|上次|最近|这次|本次|\s)*(?:结算单|对账单)"
)
_PAGE = re.compile(r"第\s*([0-9０-９]{1,3}|[一二三四五六七八九十])\s*页")
_DIGITS = {digit: place for place, digit in enumerate("一二三四五六七八九十", 1)}
SHOWN = 10


def about_groups(ask: Intent, ctx: Context) -> Intent:
    """`orders` with the mark `about` where the sentence is about groups or a statement, else what was understood."""
    if ctx.sender is None:
        return ask
    if ask.name not in _NEVER_A_STATEMENT and _STATEMENT.match(ctx.text):
        return Intent("orders", {**ask.slots, "about": "statement"})
    if ask.name not in _MAY_BE_ABOUT_GROUPS:
        return ask
    return Intent("orders", {**ask.slots, "about": "groups"}) if _SOLD_IN_GROUPS.search(ctx.text) else ask


def sales(ask: Intent, ctx: Context) -> Reply:
    """What was sold in his groups: each in a line, or the one that he names with its orders."""
    me = ctx.me
    period = asked_period(ask) or of_slot(ctx.period) or this_month(ctx.now)
    found = group.of_leader(ctx.session, me, period)
    if not found:
        return Reply.of("customer_group.none" if me.role == "leader" else "customer_group.no_leader")
    named = [row for row in found if row.name in ctx.text]
    if len(found) == 1 or len(named) == 1:
        return _one(ctx, (named or found)[0], period)
    sums = {"orders": sum(row.orders for row in found), "sales": total(row.sales for row in found)}
    reply = Reply.of("customer_group.all", period=period.label, groups=len(found), **sums)
    return reply.then("customer_group.lines", lines=[_line(row) for row in found[:SHOWN]]).then(
        "customer_group.next", name=found[0].name
    )


def _one(ctx: Context, row: GroupSales, period: Period) -> Reply:
    if not row.orders:
        return Reply.of("customer_group.nothing", name=row.name, period=period.label).then(
            "customer_group.nothing_next"
        )
    facts = {"name": row.name, "orders": row.orders, "sales": row.sales, "commission": row.commission}
    reply = Reply.of("customer_group.one", period=period.label, **facts)
    orders = group.orders(ctx.session, ctx.me, row.group_id, period)
    reply = reply.then("orders.lines", lines=[order_line(line) for line in orders.lines])
    return reply.then("customer_group.statement_next")


def _line(row: GroupSales) -> Sentence:
    facts = {"name": row.name, "orders": row.orders, "sales": row.sales, "commission": row.commission}
    return Sentence("customer_group.line", facts)


def last_statement(ask: Intent, ctx: Context) -> Reply:
    """The statement of the last run, order by order: a page of it."""
    row = statement.latest(ctx.session, ctx.me.id)
    if row is None:
        return Reply.of("statement.none")
    page = statement.page(ctx.session, row, _page(ctx.text))
    reply = Reply.of("statement.head", date=row.settled_at, amount=row.amount, orders=row.orders)
    groups = statement.from_groups(ctx.session, row)
    if groups:
        lines = [Sentence("statement.group", {"name": g.name, "orders": g.orders, "amount": g.amount}) for g in groups]
        reply = reply.then("statement.groups", lines=lines[:SHOWN])
    reply = reply.then("statement.lines", lines=[_statement_line(line) for line in page.lines])
    if page.number < page.pages:
        return reply.then("statement.more", number=page.number, pages=page.pages, following=page.number + 1)
    if page.pages > 1:
        return reply.then("statement.last", number=page.number, pages=page.pages)
    return reply.then("statement.next", order=page.lines[0].no) if page.lines else reply


def _statement_line(line: statement.Line) -> Sentence:
    return Sentence("statement.line", {"date": line.paid_at, "order": line.no, "net": line.net, "amount": line.amount})


def _page(text: str) -> int:
    found = _PAGE.search(text)
    return 1 if found is None else _DIGITS.get(found[1]) or int(found[1])
