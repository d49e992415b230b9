"""`flask plan simulate`: a draft on the orders that were really sold, beside what was really paid."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import func, select

from models.base import Base
from tests.commands.conftest import ASSETS, Flask
from tests.support.shop import Shop
from web.commands.simulate import progress_on

FRUIT = ASSETS / "plans" / "fruit.yaml"
ALL = ("--from", "2026-11-18", "--to", "2026-12-31")


def draft(folder: Path, rules: str, terms: str = "") -> Path:
    file = folder / "draft.yaml"
    file.write_text(f"name: 草案\n{terms}rules:\n{rules}", encoding="utf-8")
    return file


def line(sku: str, paid: str, cost: str | None = None, qty: int = 1) -> dict[str, object]:
    return {
        "sku": sku,
        "name": sku,
        "category": "水果",
        "qty": qty,
        "price": paid,
        "paid": paid,
        **({"cost": cost} if cost else {}),
    }


@pytest.fixture
def sold(shop: Shop) -> Shop:
    """laowang, invited by xiaoli: 100.00 with a cost of 60.00, 200.00 without, 20.00 of it back; 50.00 of nobody."""
    shop.joins("xiaoli")
    shop.joins("laowang", "xiaoli")
    shop.sells("laowang", "100.00", no="O1", lines=[line("APPLE", "100.00", cost="60.00")])
    shop.sells("laowang", "200.00", no="O2")
    shop.sells(None, "50.00", no="O3")
    shop.later(days=1)
    shop.refunds("O2", "20.00")
    return shop


# 10 % and 5 % were paid: 10.00 and 5.00 for O1, 20.00 and 10.00 for O2, of which the refund took 2.00 and 1.00 back.
HALVED = """
  - id: direct
    kind: commission
    title: 推广佣金
    pay:
      - {to: seller, rate: 12%}
      - {to: upline-1, rate: 2.5%}
"""


def test_it_tells_cost_by_rule_and_level_beside_what_was_paid(flask: Flask, sold: Shop, tmp_path: Path) -> None:
    data = flask("plan", "simulate", draft(tmp_path, HALVED), *ALL, "--json").data
    assert data["orders"] == {
        "count": 3, "attributed": 2, "refunded": 1, "paid_fen": 35000, "net_fen": 33000, "attributed_net_fen": 28000,
    }  # fmt: skip
    # 280.00 × 12 % = 33.60 and × 2.5 % = 7.00; before the refund 36.00 and 7.50
    cost = {"awards": 4, "amount_fen": 4060, "awarded_fen": 4350, "taken_back_fen": 290}
    assert data["cost"] == cost | {"share_of_sales_bps": 1230, "share_of_attributed_sales_bps": 1450}
    assert data["rules"] == [
        {"rule": "direct", "title": "推广佣金", "kind": "commission", "share_of_sales_bps": 1230, **cost}
    ]
    assert [(row["as"], row["people"], row["amount_fen"]) for row in data["levels"]] == [
        ("seller", 1, 3360),
        ("upline-1", 1, 700),
    ]
    # of O1 alone is the cost known: 40.00, of which 12.00 and 2.50 go
    assert data["margin"] == {
        "margin_fen": 4000, "cost_fen": 1450, "share_bps": 3625,
        "sales_without_cost_fen": 23000, "sales_without_cost_bps": 6969,
    }  # fmt: skip
    # paid: 28.00 and 14.00
    compared = data["compared"]
    assert (compared["paid_fen"], compared["difference_fen"]) == (4200, -140)
    assert [(it["code"], it["difference_fen"]) for it in compared["winners"]] == [(sold.code("laowang"), 560)]
    assert [(it["code"], it["difference_fen"]) for it in compared["losers"]] == [(sold.code("xiaoli"), -700)]


def test_it_reads_well_for_people(flask: Flask, sold: Shop, tmp_path: Path) -> None:
    text = flask("plan", "simulate", draft(tmp_path, HALVED), *ALL).text
    assert "方案「草案」在 2026-11-18 到 2026-12-31 付款的订单上试算；什么都没有改。" in text
    assert "订单 3 笔，其中有人推广的 2 笔，退过款的 1 笔" in text
    assert "方案成本 40.60 元（4 笔）" in text
    assert "  占毛利        36.25%（毛利 40.00 元，对应的成本 14.50 元）" in text
    assert "销售额里有 230.00 元（69.69%）不知道成本，没有算进毛利" in text
    assert "付款时算出 43.50 元，退款收回 2.90 元，剩下 40.60 元" in text
    assert "没有订单碰到上限" in text
    assert "同一批订单实际发放 42.00 元，按这份方案 40.60 元，相差 -1.40 元" in text
    assert f"{sold.code('laowang')}   33.60  28.00  +5.60 元" in text
    assert "多得最多的（共 1 人会多得）" in text


def test_orders_at_the_cap_rewards_in_kind_and_windows_are_told(flask: Flask, sold: Shop, tmp_path: Path) -> None:
    rules = (
        HALVED
        + """
  - {id: again, kind: milestone, title: 推二返一, count: {of: buyers}, every: 2, reward: {coupon: CASH50}}
  - {id: gift, kind: milestone, title: 满百礼, count: {of: sales}, every: "100.00", reward: {gift: 杯子, value: "9.00"}}
  - {id: sprint, kind: ranking, title: 周冲刺, window: week, by: sales, prizes: [{cash: "100.00"}]}
  - {id: post, kind: task, title: 发朋友圈, evidence: screenshot, reward: {points: 5}, window: week}
"""
    )
    for no in ("O1", "O2"):
        sold.completes(no)
    data = flask("plan", "simulate", draft(tmp_path, rules, "terms: {max_share: 13%}\n"), *ALL, "--json").data
    # the cap leaves 1 % to the upline: 1.50 of 2.50 and 3.00 of 5.00 are cut at payment
    assert data["capped"] == {"orders": 2, "cut_fen": 450, "first_orders": ["O1", "O2"]}
    assert [(it["kind"], it["reward"], it["given"], it["taken_back"], it["value_fen"]) for it in data["in_kind"]] == [
        ("coupon", {"coupon": "CASH50"}, 1, 0, None),
        ("gift", {"gift": "杯子", "value": "9.00"}, 2, 0, 1800),
    ]
    assert [row["amount_fen"] for row in data["rules"]] == [280 + 3360, 0, 0, 10000]
    assert [row["as"] for row in data["levels"]] == ["seller", "upline-1", "milestone", "ranking"]
    assert data["partial_windows"] == ["2026-W47", "2026-W53"]
    assert data["tasks_left_out"] == ["发朋友圈"]
    text = flask("plan", "simulate", draft(tmp_path, rules, "terms: {max_share: 13%}\n"), *ALL).text
    assert "2 笔订单，共削减 4.50 元：O1、O2" in text
    assert "优惠券  优惠券 CASH50" in text
    assert "任务要人审核，没有试算：发朋友圈。" in text


def test_earlier_orders_count_and_earn_nothing_here(flask: Flask, sold: Shop, tmp_path: Path) -> None:
    """The reward for the first order is not given to whoever had his first order before."""
    first = "  - {id: f, kind: milestone, title: 首单, count: {of: orders}, at: [1], reward: {cash: '10.00'}}\n"
    sold.completes("O1")
    sold.later(days=10)
    sold.sells("laowang", "10.00", no="O4")
    sold.completes("O4")
    today = f"{sold.now:%Y-%m-%d}"
    plan = draft(tmp_path, first)
    assert flask("plan", "simulate", plan, *ALL, "--json").data["cost"]["amount_fen"] == 1000
    data = flask("plan", "simulate", plan, "--from", today, "--to", today, "--json").data
    assert (data["orders"]["count"], data["earlier_orders"], data["cost"]["amount_fen"]) == (1, 3, 0)


def test_nothing_is_changed(flask: Flask, sold: Shop, tmp_path: Path) -> None:
    def rows() -> dict[str, int]:
        with sold.sessions.reading() as session:
            return {
                table.name: session.scalar(select(func.count()).select_from(table)) or 0
                for table in Base.metadata.sorted_tables
            }

    flask("plan", "list")
    before = rows()
    flask("plan", "simulate", draft(tmp_path, HALVED), *ALL)
    assert rows() == before


def test_a_chart_is_drawn(flask: Flask, sold: Shop, tmp_path: Path) -> None:
    picture = tmp_path / "cost.png"
    data = flask("plan", "simulate", draft(tmp_path, HALVED), *ALL, "--chart", picture, "--json").data
    assert data["chart"] == str(picture)
    with Image.open(io.BytesIO(picture.read_bytes())) as opened:
        assert (opened.format, opened.width) == ("PNG", 1080)
        assert len(set(opened.convert("RGB").resize((60, 120)).get_flattened_data())) > 20  # something stands on it


# Refused


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "2026-11-32", "--to", "2026-12-01"), "'2026-11-32' 不是日期；要写成 2026-03-01"),
        (("--from", "2026-W47", "--to", "2026-12-01"), "'2026-W47' 不是日期"),
        (("--from", "20261118", "--to", "2026-12-01"), "'20261118' 不是日期"),
        (("--to", "2026-12-01"), "--from"),
    ],
)
def test_what_is_no_date_is_used_wrongly(flask: Flask, arguments: tuple[str, ...], said: str) -> None:
    printed = flask("plan", "simulate", FRUIT, *arguments, "--json", code=2)
    assert (printed.text, said in printed.said) == ("", True)


def test_a_span_that_ends_before_it_begins_is_refused(flask: Flask) -> None:
    printed = flask("plan", "simulate", FRUIT, "--from", "2026-12-02", "--to", "2026-12-01", "--json", code=1)
    assert printed.data["error"]["code"] == "span.backwards"


def test_an_empty_span_says_where_the_orders_are(flask: Flask, sold: Shop) -> None:
    printed = flask("plan", "simulate", FRUIT, "--from", "2025-01-01", "--to", "2025-01-31", code=1)
    assert "2025-01-01 到 2025-01-31 没有付款的订单" in printed.said
    assert "数据库里的订单从 2026-11-18 到 2026-11-18" in printed.said


def test_without_any_order_there_is_nothing_to_replay(flask: Flask) -> None:
    printed = flask("plan", "simulate", FRUIT, *ALL, "--json", code=1)
    assert printed.data["error"]["code"] == "plan.nothing_to_replay"
    assert "数据库里还没有订单" in printed.data["error"]["message"]


def test_a_plan_that_names_what_nobody_sells_is_refused(flask: Flask, sold: Shop, tmp_path: Path) -> None:
    bad = draft(tmp_path, HALVED.replace("    pay:", "    scope: {skus: [NO-SUCH]}\n    pay:"))
    error = flask("plan", "simulate", bad, *ALL, "--json", code=1).data["error"]
    assert (error["code"], error["fields"][0]["field"]) == ("plan.refused", "rules[0].scope.skus")


def test_a_chart_that_could_not_be_written_is_refused_before_anything_is_read(
    flask: Flask, sold: Shop, tmp_path: Path
) -> None:
    for name, code in (("cost.jpg", "chart.not_png"), ("none/cost.png", "chart.no_folder")):
        printed = flask("plan", "simulate", FRUIT, *ALL, "--chart", tmp_path / name, "--json", code=1)
        assert printed.data["error"]["code"] == code


# Progress


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_whoever_watches_sees_it_move_and_a_pipe_sees_nothing() -> None:
    screen, pipe = Screen(), io.StringIO()
    for stream in (screen, pipe):
        with progress_on(stream) as tell:
            tell(50_000, 100_000)
            tell(100_000, 100_000)
    assert pipe.getvalue() == ""
    assert " 50%  50,000 / 100,000 笔" in screen.getvalue()
    assert screen.getvalue().endswith("\r\033[K")
