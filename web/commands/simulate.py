"""`flask plan simulate`: what a draft would have cost on the orders that the database holds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, TextIO

import click

from domain.money import Money, rate_text
from domain.periods import shanghai_date
from domain.plan import parse
from domain.plan.kinds import KINDS
from domain.plan.reward import reward_of
from services.explanation import seat
from services.poster import chart
from services.poster.chart import Bar, Chart, Figure, Section
from services.replay.facts import Span
from services.replay.found import InKind, Person, Replay, Share, Sum
from services.replay.load import NothingToReplay
from services.replay.run import replay
from services.terminal import Answer, Refusal, answering, columns
from web.commands import CommandDeps, draft

KIND = {"coupon": "优惠券", "points": "积分", "gift": "赠品", "title": "荣誉称号"}
SEATS_DRAWN = 12


class Day(click.ParamType[date]):
    """A date as on a calendar in Shanghai."""

    name = "日期"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            if len(value) != len("2026-03-01"):  # weeks and dates without hyphens are ISO 8601 too
                raise ValueError
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} 不是日期；要写成 2026-03-01，按上海的日子", param, ctx)


def command(deps: CommandDeps) -> click.Command:
    @click.command("simulate", help="把草案放到数据库里已有的订单上重算一遍：花多少、谁多得、谁少得。什么都不会改。")
    @click.argument("source", metavar="PLAN.yaml|D3", type=draft.PlanSource())
    @click.option("--from", "first", type=Day(), required=True, help="第一天，含当天（上海日期，按付款时间）。")
    @click.option("--to", "last", type=Day(), required=True, help="最后一天，含当天。")
    @click.option("--chart", "picture", type=click.Path(dir_okay=False, path_type=Path), help="另存一张条形图（PNG）。")
    @answering
    def simulate(source: Path | int, first: date, last: date, picture: Path | None) -> Answer:
        # What is wrong with the call itself is said before the database is asked for orders.
        plan = parse(draft.text_of(deps, source)[0])
        if first > last:
            raise Refusal("span.backwards", f"--from {first} 晚于 --to {last}；第一天要在最后一天之前，或者是同一天")
        if picture is not None:
            _require_place(picture)
        deps.ready()
        try:
            with deps.sessions.reading() as session, progress_on(sys.stderr) as tell:
                found = replay(session, plan, Span(first, last), progress=tell)
        except NothingToReplay as nothing:
            raise Refusal(nothing.code, _nothing(nothing)) from None
        if picture is not None:
            _save(picture, chart.draw(chart_of(found), deps.assets / "fonts"))
        data = found.data() | ({"chart": str(picture)} if picture is not None else {})
        return Answer(data, "\n".join([*_text(found), *([f"\n条形图：{picture}"] if picture is not None else [])]))

    return simulate


def _nothing(nothing: NothingToReplay) -> str:
    facts = nothing.facts
    said = f"{facts['first']} 到 {facts['last']} 没有付款的订单，没有什么可以试算"
    if facts["earliest"] is None:
        return f"{said}；数据库里还没有订单"
    first, last = (shanghai_date(facts[name]) for name in ("earliest", "latest"))
    return f"{said}；数据库里的订单从 {first} 到 {last}"


def _require_place(picture: Path) -> None:
    if picture.suffix.lower() != ".png":
        raise Refusal("chart.not_png", f"--chart {picture}：文件名要以 .png 结尾")
    if not picture.parent.is_dir():
        raise Refusal("chart.no_folder", f"--chart {picture}：没有文件夹 {picture.parent}；先建好它")


def _save(picture: Path, content: bytes) -> None:
    try:
        picture.write_bytes(content)
    except OSError as fault:
        raise Refusal("chart.unwritable", f"--chart {picture} 写不进去：{fault.strerror}") from None


@contextmanager
def progress_on(stream: TextIO) -> Iterator[Callable[[int, int], None]]:
    """A bar for whoever watches a terminal; nothing into a file or a pipe."""
    if not stream.isatty():
        yield lambda done, of: None
        return
    wide = 30

    def tell(done: int, of: int) -> None:
        filled = wide * done // max(1, of)
        stream.write(
            f"\r试算 {'█' * filled}{'░' * (wide - filled)} {100 * done // max(1, of):3d}%  {done:,} / {of:,} 笔"
        )
        stream.flush()

    try:
        yield tell
    finally:
        stream.write("\r\033[K")
        stream.flush()


# ---------------------------------------------------------------------------------------------------------------
# For people


def _text(found: Replay) -> Iterator[str]:
    orders, span = found.orders, found.span
    yield f"方案「{found.plan}」在 {span.first} 到 {span.last} 付款的订单上试算；什么都没有改。"
    yield f"\n订单 {orders.count:,} 笔，其中有人推广的 {orders.attributed:,} 笔，退过款的 {orders.refunded:,} 笔"
    yield f"实付 {_yuan(orders.paid)}，退款后 {_yuan(orders.net)}，其中有人推广的 {_yuan(orders.attributed_net)}"
    yield f"\n方案成本 {_yuan(found.cost.stands)}（{found.cost.awards:,} 笔）"
    yield columns(_shares(found))
    yield "\n按规则"
    yield _table("规则", [(f"{row.title}（{KINDS[row.kind].name}）", None, row.sum) for row in found.rules], found)
    yield "\n按级别"
    yield _table("级别", [(seat(row.as_), row.people, row.sum) for row in found.seats], found)
    yield "\n退款的影响"
    cost = found.cost
    yield f"  付款时算出 {_yuan(cost.awarded)}，退款收回 {_yuan(cost.taken_back)}，剩下 {_yuan(cost.stands)}"
    yield "\n碰到单行佣金上限"
    yield _capped(found)
    if found.in_kind:
        yield "\n非现金奖励（不计入上面的成本）"
        yield columns(
            [("种类", "奖励", "送出", "收回", "价值"), *(_in_kind(row) for row in found.in_kind)], right=(2, 3, 4)
        )
    yield from _comparison(found)
    yield from _notes(found)


def _shares(found: Replay) -> list[tuple[str, str]]:
    orders = found.orders
    rows = [
        ("占全部销售额", _percent(found.share_of_sales)),
        ("占推广销售额", _percent(found.share_of_attributed)),
    ]
    if orders.margin:
        of = f"{_percent(found.share_of_margin)}（毛利 {_yuan(orders.margin)}，对应的成本 {_yuan(found.margin_cost)}）"
        rows.append(("占毛利", of))
    if orders.without_cost:
        unknown = _percent(Share(orders.without_cost, orders.net))
        rows.append(("没有成本价", f"销售额里有 {_yuan(orders.without_cost)}（{unknown}）不知道成本，没有算进毛利"))
    return rows


def _table(head: str, rows: list[tuple[str, int | None, Sum]], found: Replay) -> str:
    with_people = any(people is not None for _, people, _ in rows)
    table = [(head, *(["人数"] if with_people else []), "笔数", "付款时", "退款收回", "剩下", "占销售额")]
    for name, people, total in rows:
        table.append(
            (
                name,
                *([f"{people or 0:,}"] if with_people else []),
                f"{total.awards:,}",
                total.awarded.spoken,
                total.taken_back.spoken,
                total.stands.spoken,
                _percent(Share(total.stands, found.orders.net)),
            )
        )
    return columns(table, right=range(1, len(table[0]))) if rows else "  没有人拿到"


def _capped(found: Replay) -> str:
    capped = found.capped
    if not capped.orders:
        return "  没有订单碰到上限"
    named = "、".join(capped.first[:5])
    more = f" 等 {capped.orders:,} 笔" if capped.orders > 5 else ""
    return f"  {capped.orders:,} 笔订单，共削减 {_yuan(capped.cut)}：{named}{more}"


def _in_kind(row: InKind) -> tuple[str, ...]:
    worth = _yuan(row.worth * (row.given - row.taken_back)) if row.worth is not None else "没有写明"
    return KIND[row.kind], reward_of(row.reward), f"{row.given:,}", f"{row.taken_back:,}", worth


def _comparison(found: Replay) -> Iterator[str]:
    compared = found.compared
    more = _signed(found.cost.stands - compared.paid)
    yield "\n与实际相比（只比现金）"
    yield f"  同一批订单实际发放 {_yuan(compared.paid)}，按这份方案 {_yuan(found.cost.stands)}，相差 {more}"
    for title, people in (
        (f"多得最多的（共 {compared.winners_count:,} 人会多得）", compared.winners),
        (f"少得最多的（共 {compared.losers_count:,} 人会少得）", compared.losers),
    ):
        yield f"\n{title}"
        rows = [(it.name, it.code, it.simulated.spoken, it.paid.spoken, _signed(it.difference)) for it in people]
        yield columns([("昵称", "推广码", "按方案", "实际", "相差"), *rows], right=(2, 3, 4)) if rows else "  没有"


def _notes(found: Replay) -> Iterator[str]:
    notes = ["已知的都当作已经发生：完成的订单算作已过售后期，还没有完成的不算结算。"]
    if found.earlier:
        notes.append(f"方案要数以前的业绩，所以还读了更早的 {found.earlier:,} 笔订单；它们自己的佣金不计入。")
    if found.partial:
        labels = "、".join(found.partial)
        notes.append(f"这些周期只有一部分在所选日期内，只按这部分订单算：{labels}；起止选在整周、整月会更准。")
    if found.tasks:
        notes.append(f"任务要人审核，没有试算：{'、'.join(found.tasks)}。")
    yield "\n说明"
    for note in notes:
        yield f"  {note}"


def _yuan(amount: Money) -> str:
    return f"{amount.spoken} 元"


def _signed(amount: Money) -> str:
    return f"{'+' if amount.fen > 0 else ''}{amount.spoken} 元"


def _percent(share: Share) -> str:
    if share.bps is None:
        return "—"
    return rate_text(share.bps) if share.bps >= 0 else f"-{rate_text(-share.bps)}"


# ---------------------------------------------------------------------------------------------------------------
# As a picture


def chart_of(found: Replay) -> Chart:
    orders, span, cost = found.orders, found.span, found.cost
    unknown = Share(orders.without_cost, orders.net)
    margin_note = "没有成本价" if not orders.margin else f"毛利 {_yuan(orders.margin)}"
    if orders.margin and unknown.bps:
        margin_note = f"{_percent(unknown)} 的销售额没有成本价"
    most = max([row.sum.stands.fen for row in found.rules] + [1])
    widest = max([row.sum.stands.fen for row in found.seats] + [1])
    compared = found.compared
    return Chart(
        title=f"试算：{found.plan}",
        subtitle=f"{span.first} 到 {span.last}，{orders.count:,} 笔订单，退款后 {_yuan(orders.net)}",
        figures=(
            Figure("方案成本", _yuan(cost.stands), f"实际发放 {_yuan(compared.paid)}"),
            Figure("占销售额", _percent(found.share_of_sales), f"推广销售额的 {_percent(found.share_of_attributed)}"),
            Figure("占毛利", _percent(found.share_of_margin), margin_note),
        ),
        sections=(
            Section("每条规则花多少", tuple(_cost_bar(row.title, row.sum, most, found) for row in found.rules)),
            Section(
                "每一级花多少",
                tuple(_cost_bar(seat(row.as_), row.sum, widest, found) for row in found.seats[:SEATS_DRAWN]),
                empty="没有人拿到",
            ),
            _people("多得最多的人", compared.winners, compared.winners_count, chart.GAIN),
            _people("少得最多的人", compared.losers, compared.losers_count, chart.LOSS),
            _refunds(found),
        ),
        footer="与实际发放相比只比现金；非现金奖励另见文字结果。试算不改任何数据。",
    )


def _cost_bar(label: str, total: Sum, most: int, found: Replay) -> Bar:
    value = f"{_yuan(total.stands)} · {_percent(Share(total.stands, found.orders.net))}"
    return Bar(label, value, max(0, total.stands.fen) / most)


def _people(title: str, people: list[Person], count: int, paint: tuple[str, str]) -> Section:
    most = max([abs(person.difference.fen) for person in people] + [1])
    bars = tuple(Bar(it.name, _signed(it.difference), abs(it.difference.fen) / most, paint) for it in people)
    return Section(f"{title}（共 {count:,} 人）", bars, empty="没有")


def _refunds(found: Replay) -> Section:
    cost, capped = found.cost, found.capped
    most = max(1, cost.awarded.fen)
    bars = [
        Bar("付款时算出", _yuan(cost.awarded), cost.awarded.fen / most, chart.CALM),
        Bar("退款收回", _yuan(cost.taken_back), max(0, cost.taken_back.fen) / most, chart.LOSS),
        Bar(f"上限削减（{capped.orders:,} 笔订单）", _yuan(capped.cut), min(1.0, capped.cut.fen / most), chart.CALM),
    ]
    return Section("退款与上限", tuple(bars))
