"""What somebody switches off and on, and what still reaches him."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import pytest

from bot.outbox import Gate
from domain.periods import SHANGHAI
from domain.push import NIGHT
from tests.channels.conftest import World
from tests.channels.fake_wecom import FakeWeCom
from tests.support.databases import Database
from tests.support.shop import Shop

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@dataclass
class Phones:
    """The shop with its sender: what people really see. Its clock is the shop's."""

    shop: Shop
    world: World

    def sees(self, userid: str) -> list[str]:
        """What has reached him since he looked last."""
        sender = self.world.another(clock=self.shop.clock, gate=Gate(NIGHT))
        for lane in sender.sweep():
            sender.send_lane(lane)
        seen = self.world.fake.chat(userid)
        new, self.world.fake._chats[userid] = list(seen), []
        return [text for text in new if isinstance(text, str)]

    def at(self, hour: int, *, day: int = 18) -> None:
        self.shop.now = datetime(2026, 11, day, hour, tzinfo=SHANGHAI)


@pytest.fixture
def phones(shop: Shop, database: Database, fake: FakeWeCom) -> Phones:
    shop.house = replace(shop.house, quiet=NIGHT)
    shop.assistant._house = shop.house
    return Phones(shop, World(database.sessions, fake))


@pytest.fixture
def fake() -> Iterator[FakeWeCom]:
    running = FakeWeCom()
    yield running
    running.close()


def has_money(shop: Shop, userid: str) -> None:
    """He has sold something that has settled."""
    no = shop.sells(userid, "680.00")
    shop.completes(no)
    shop.later(days=8)
    shop.settles()


def test_nothing_but_his_own_withdrawal_is_pushed(phones: Phones) -> None:
    shop = phones.shop
    shop.joins("xiaoli")
    phones.sees("xiaoli")
    assert shop.says("xiaoli", "别再推送了").splitlines() == [
        "好的，不再推送：提现进度以外的通知。",
        "还会推送：提现进度；你问的照常回答。",
        "想再收到，回复「恢复通知」。",
    ]
    has_money(shop, "xiaoli")
    assert phones.sees("xiaoli") == []
    assert "可提现 68.00 元" in shop.says("xiaoli", "我的收益")
    shop.says("xiaoli", "提现")
    shop.says("xiaoli", "确认")
    shop.says("boss", "通过 1")
    assert phones.sees("xiaoli") == ["你的 68.00 元提现已通过审核，商家打款后会再通知你。"]
    assert shop.says("xiaoli", "恢复通知").splitlines() == [
        "好的，恢复推送：所有通知。",
        "22:00 到 08:00 的消息，过后一起发给你。",
        "哪一种不想收就说，例如「只要提现通知」「晚上别发」。",
    ]
    has_money(shop, "xiaoli")
    (text,) = phones.sees("xiaoli")
    assert text.startswith("68.00 元已结算")


def test_what_waits_is_not_sent_after_he_said_no(phones: Phones) -> None:
    shop = phones.shop
    shop.joins("xiaoli")
    has_money(shop, "xiaoli")
    shop.says("xiaoli", "不要给我推送了")
    assert phones.sees("xiaoli") == []


def test_one_kind_is_switched_off_and_one_alone_kept(phones: Phones) -> None:
    shop = phones.shop
    shop.joins("xiaoli")
    assert shop.says("xiaoli", "日报别发了").splitlines()[:2] == [
        "好的，不再推送：日报和周报。",
        "还会推送：出单、结算、提现进度、等级、任务、商家通知、其他提醒；你问的照常回答。",
    ]
    assert shop.says("xiaoli", "只要结算通知").splitlines()[1] == "还会推送：结算、提现进度；你问的照常回答。"
    has_money(shop, "xiaoli")
    assert phones.sees("xiaoli")[-1].startswith("68.00 元已结算")
    assert shop.says("xiaoli", "把日报打开").splitlines()[:2] == [
        "好的，恢复推送：日报和周报。",
        "还会推送：结算、提现进度、日报和周报；你问的照常回答。",
    ]


def test_his_own_withdrawal_cannot_be_switched_off(phones: Phones) -> None:
    phones.shop.joins("xiaoli")
    assert phones.shop.says("xiaoli", "提现通知别发了").startswith("提现进度关系到你的钱，一直会通知你。")


def test_for_this_week_nothing_and_then_again(phones: Phones) -> None:
    shop = phones.shop
    shop.joins("xiaoli")
    phones.sees("xiaoli")
    answer = shop.says("xiaoli", "这周别发")
    assert answer.splitlines()[0] == "好的，到11月22日为止不推送：提现进度以外的通知。"
    no = shop.sells("xiaoli", "68.00")
    shop.completes(no)
    shop.settles(days=8)  # on Wednesday, as if it were Thursday of next week
    assert phones.sees("xiaoli") == []
    phones.at(10, day=23)
    has_money(shop, "xiaoli")
    assert phones.sees("xiaoli")[-1].startswith("68.00 元已结算")


def test_a_night_becomes_one_message_in_the_morning(phones: Phones) -> None:
    """Who wants his nights quiet is told in the morning, of a payout once, as it stands; answers come at once."""
    shop = phones.shop
    shop.joins("xiaoli")
    shop.says("xiaoli", "晚上别发")
    has_money(shop, "xiaoli")
    phones.sees("xiaoli")
    phones.at(23, day=28)
    shop.says("xiaoli", "提现 30")
    shop.says("xiaoli", "确认")
    shop.says("boss", "通过 1")
    assert phones.sees("xiaoli") == []
    shop.says("boss", "已打款 1 WX20261129001")
    no = shop.sells("xiaoli", "100.00")
    shop.completes(no)
    shop.settles(days=8)
    assert phones.sees("xiaoli") == []
    assert shop.says("xiaoli", "我的收益").startswith("本月已赚")
    phones.at(7, day=29)
    assert phones.sees("xiaoli") == []
    phones.at(8, day=29)
    (text,) = phones.sees("xiaoli")
    assert text.splitlines() == [
        "30.00 元已打款，打款单号 WX20261129001，请留意微信到账。",
        "10.00 元已结算（1 单），现在可提现 48.00 元。",
        "回复「提现」提出来，回复「明细」看每一笔。",
    ]


def test_whoever_wants_it_at_any_time_gets_it_at_night(phones: Phones) -> None:
    shop = phones.shop
    shop.joins("xiaoli")
    phones.at(23)
    assert shop.says("xiaoli", "随时可以发").startswith("好的，有消息随时发给你，晚上也一样。")
    has_money(shop, "xiaoli")
    assert phones.sees("xiaoli")[-1].startswith("68.00 元已结算")
    assert shop.says("xiaoli", "晚上9点以后别发消息").startswith("好的，21:00 到 08:00 不推送，过后一起发给你。")
    has_money(shop, "xiaoli")
    assert phones.sees("xiaoli") == []


def test_who_gets_no_pushes_is_told_so(phones: Phones) -> None:
    assert phones.shop.says("stranger", "别再推送了").startswith("你现在没有会主动推送的消息")
