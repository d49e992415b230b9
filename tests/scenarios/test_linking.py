"""One person in two chats: joined by a code that one chat gives and the other says, taken apart by an operator."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from sqlalchemy import select

from domain.conversation import Inbound
from domain.person import TwoBooks, keeps_books, linking_of
from models.message import Outbox
from models.person import IdentityChange, LinkTry
from services import distributor, person
from services.distributor import Address
from tests.concurrency.crowd import at_once
from tests.support.shop import Shop

OPENID = "oLin_Xia-0123456789abcdefghi"


def writes(shop: Shop, text: str, openid: str = OPENID) -> str:
    """The answer in the 公众号."""
    digest = shop.vault.digest("openid", openid)
    number = f"msg:oa{next(shop._numbers)}"
    inbound = Inbound(number, "official", digest, "text", text, shop.now, sealed=shop.vault.seal(openid))
    return shop.assistant.receive(inbound)


def official(shop: Shop, openid: str = OPENID) -> Any:
    with shop.sessions.reading() as session:
        return distributor.find(session, shop.vault, Address("official", shop.vault.digest("openid", openid)))


def asks(shop: Shop, text: str, userid: str = "wmLin_Xia-0123456789abcdefgh") -> list[str]:
    """What he is sent in the 微信客服, where nothing is answered at once."""
    digest = shop.vault.digest("external_userid", userid)
    key = f"msg:kf{next(shop._numbers)}"
    shop.assistant.receive(Inbound(key, "kf", digest, "text", text, shop.now, sealed=shop.vault.seal(userid)))
    with shop.sessions.reading() as session:
        mine = select(Outbox).where(Outbox.lane == f"kf:{digest}", Outbox.key.like(f"answer:kf:{key}:%"))
        return [row.body["content"] for row in session.scalars(mine.order_by(Outbox.id))]


def guest(shop: Shop, userid: str = "wmLin_Xia-0123456789abcdefgh") -> Any:
    with shop.sessions.reading() as session:
        address = Address("kf", shop.vault.digest("external_userid", userid))
        return distributor.find(session, shop.vault, address)


def code_in(answer: str) -> str:
    found = re.search(r"关联码是 ([0-9A-Z]{8})", answer)
    assert found, answer
    return found[1]


def changes(shop: Shop) -> list[tuple[str, str, str]]:
    with shop.sessions.reading() as session:
        rows = session.scalars(select(IdentityChange).order_by(IdentityChange.id))
        return [(row.what, row.identity_kind, row.proof) for row in rows]


@pytest.mark.parametrize(
    ("said", "link"),
    [
        ("关联", ""), ("我要关联公众号", ""), ("帮我关联一下账号", ""), ("關聯", ""), ("关联 7K3M2QAB", "7K3M2QAB"),
        ("关联码：7k3m 2qab", "7k3m 2qab"), ("关联７Ｋ３Ｍ２ＱＡＢ。", "7K3M2QAB"),
    ],
)  # fmt: skip
def test_how_one_asks_and_answers(said: str, link: str) -> None:
    found = linking_of(said)
    assert found is not None
    assert (found.name, found.slots) == ("profile", {"link": link})


@pytest.mark.parametrize("said", ["关联的订单有哪些", "绑定 8K3M2Q", "我的资料", "不要关联", "关联 怎么用"])
def test_what_is_no_linking(said: str) -> None:
    assert linking_of(said) is None


def test_whoever_has_books_goes_on() -> None:
    assert keeps_books(giver=False, sayer=False)
    assert keeps_books(giver=True, sayer=False)
    assert not keeps_books(giver=False, sayer=True)
    with pytest.raises(TwoBooks):
        keeps_books(giver=True, sayer=True)


def test_a_code_said_in_the_other_chat_makes_both_one_person(shop: Shop) -> None:
    shop.joins("xiaoli")
    shop.sells("xiaoli", "100.00")
    code = code_in(shop.says("xiaoli", "关联"))
    assert "现在都是你" in writes(shop, f"关联 {code.lower()}")
    assert official(shop).id == shop.who("xiaoli").id
    assert "待结算 10.00 元" in writes(shop, "我赚了多少")
    assert "企业微信、公众号" in writes(shop, "我的资料")
    assert "你的账号刚刚关联了公众号" in shop.told("xiaoli")[-1]
    assert changes(shop) == [("linked", "openid", "code")]


def test_a_code_works_once_and_for_ten_minutes(shop: Shop) -> None:
    shop.joins("xiaoli")
    first = code_in(shop.says("xiaoli", "关联"))
    second = code_in(shop.says("xiaoli", "关联"))
    assert "不对" in writes(shop, f"关联 {first}")  # the later one has replaced it
    shop.later(minutes=10)
    assert "过了十分钟" in writes(shop, f"关联 {second}")
    third = code_in(shop.says("xiaoli", "关联"))
    assert "现在都是你" in writes(shop, f"关联 {third}")
    assert "用过了" in writes(shop, f"关联 {third}", "oSomebodyElse0123456789abcde")
    assert "不对" in writes(shop, "关联 22222222", "oSomebodyElse0123456789abcde")
    assert official(shop, "oSomebodyElse0123456789abcde") is None


def test_a_code_joins_the_service_chat_with_the_others(shop: Shop) -> None:
    shop.joins("xiaoli")
    shop.sells("xiaoli", "100.00")
    assert "现在都是你" in asks(shop, f"关联 {code_in(shop.says('xiaoli', '关联'))}")[0]
    assert guest(shop).id == shop.who("xiaoli").id
    assert "待结算 10.00 元" in asks(shop, "我赚了多少")[0]
    assert "现在都是你" in writes(shop, f"关联 {code_in(asks(shop, '关联')[0])}")
    assert official(shop).id == shop.who("xiaoli").id
    assert "企业微信、微信客服、公众号" in asks(shop, "我的资料")[0]
    assert changes(shop) == [("linked", "external_userid", "code"), ("linked", "openid", "code")]
    with shop.sessions.writing() as session:
        person.split(session, shop.code("xiaoli"), "kf", operator="boss", reason="不是本人", now=shop.now)
    assert guest(shop) is None
    assert "企业微信、公众号" in writes(shop, "我的资料")


def test_a_customer_who_has_never_been_in_the_service_chat_is_not_written_to_there(shop: Shop) -> None:
    shop.joins("xiaoli")
    digest, sealed = shop.vault.digest("external_userid", "wmOther"), shop.vault.seal("wmOther")
    stored = Address("kf", digest, sealed).stored(shop.vault)
    with shop.sessions.writing() as session:
        who = session.get_one(type(shop.who("xiaoli")), shop.who("xiaoli").id)
        person._add(session, who, stored, proof="test", now=shop.now)
    with shop.sessions.reading() as session:
        assert [address.channel for address in distributor.addresses(session, shop.who("xiaoli").id)] == ["wecom"]
    assert "企业微信\n" in shop.says("xiaoli", "我的资料")


WRONG = ["22222222", "33333333", "44444444", "OOOOOOOO", "55555555"]  # one of them is none at all


@pytest.mark.parametrize("chat", ["wecom", "official", "kf"])
def test_after_five_wrong_codes_a_chat_has_to_wait(shop: Shop, chat: str) -> None:
    shop.joins("xiaoli")
    code = code_in(shop.says("xiaoli", "关联"))

    def say(words: str) -> str:
        if chat == "kf":
            return "".join(asks(shop, words))
        return writes(shop, words) if chat == "official" else shop.says("other", words)

    for number, wrong in enumerate(WRONG):
        shop.later(seconds=60 * (number > 0))
        assert "不对" in say(f"关联 {wrong}")
    assert "请过 6 分钟再试" in say(f"关联 {code}")  # the right one too
    shop.later(minutes=5, seconds=59)
    assert "请过 1 分钟再试" in say("关联 66666666")
    shop.later(seconds=1)
    assert "不对" in say("关联 77777777")
    assert "现在都是你" in say(f"关联 {code_in(shop.says('xiaoli', '关联'))}")


def test_wrong_codes_of_one_chat_are_not_another_s(shop: Shop) -> None:
    shop.joins("xiaoli")
    for wrong in WRONG:
        writes(shop, f"关联 {wrong}", "oSomebodyElse0123456789abcde")
    assert "现在都是你" in writes(shop, f"关联 {code_in(shop.says('xiaoli', '关联'))}")


@pytest.mark.parametrize("database", ["postgresql", "mariadb"], indirect=True)
def test_codes_that_are_tried_all_at_once_are_counted_all(shop: Shop) -> None:
    writes(shop, "你好")
    answers = at_once(
        [lambda number=number: writes(shop, f"关联 {number}2222222") for number in (*"23456789", *"ABCDEFGH")]
    )
    shop.later(seconds=60)
    for row in shop.assistant.due():
        shop.assistant.retry(row)
    with shop.sessions.reading() as session:
        assert session.scalars(select(LinkTry.wrong)).one() == 5
    assert sum("不对" in str(answer) for answer in answers) <= 5


def test_in_the_chat_that_gave_it_a_code_does_nothing(shop: Shop) -> None:
    shop.joins("xiaoli")
    code = code_in(shop.says("xiaoli", "关联"))
    assert "发到另一个聊天里" in shop.says("xiaoli", f"关联 {code}")
    assert "现在都是你" in writes(shop, f"关联 {code}")  # a refusal has not spent it


def test_who_has_not_joined_is_told_where_to_ask(shop: Shop) -> None:
    assert "已经加入的那个聊天" in writes(shop, "关联")
    assert official(shop) is None


@pytest.mark.parametrize("with_books", ["neither", "giver", "sayer"])
def test_of_two_distributors_the_one_with_books_goes_on(shop: Shop, with_books: str) -> None:
    member = shop.joins("xiaoli")
    writes(shop, "我要加入")
    follower = official(shop).code
    if with_books != "neither":
        shop.sells(None, "100.00", ref={"code": member if with_books == "giver" else follower})
    answer = writes(shop, f"关联 {code_in(shop.says('xiaoli', '关联'))}")
    goes_on, ends = (follower, member) if with_books == "sayer" else (member, follower)
    assert f"以后统一用邀请码 {goes_on}" in answer
    assert f"原来的 {ends}" in answer
    assert shop.code("xiaoli") == official(shop).code == goes_on
    assert changes(shop)[0][0] == "merged"


def test_two_distributors_with_books_stay_two(shop: Shop) -> None:
    shop.joins("xiaoli")
    writes(shop, "我要加入")
    shop.sells("xiaoli", "100.00")
    shop.sells(None, "100.00", ref={"code": official(shop).code})
    code = code_in(shop.says("xiaoli", "关联"))
    assert "请联系商家" in writes(shop, f"关联 {code}")
    assert official(shop).id != shop.who("xiaoli").id
    assert changes(shop) == []


def test_an_inviter_has_books_by_his_team(shop: Shop) -> None:
    shop.joins("xiaoli")
    writes(shop, "我要加入")
    shop.joins("xiaowang", inviter="xiaoli")
    shop.sells(None, "100.00", ref={"code": official(shop).code})
    assert "请联系商家" in writes(shop, f"关联 {code_in(shop.says('xiaoli', '关联'))}")


def test_who_is_suspended_does_not_slip_out_by_linking(shop: Shop) -> None:
    shop.joins("xiaoli")
    code = code_in(shop.says("xiaoli", "关联"))
    with shop.sessions.writing() as session:
        session.get_one(type(shop.who("xiaoli")), shop.who("xiaoli").id).status = "suspended"
    assert "暂停或停用" in writes(shop, f"关联 {code}")
    assert official(shop) is None


def test_an_operator_takes_a_linked_chat_away(shop: Shop) -> None:
    code = shop.joins("xiaoli")
    writes(shop, f"关联 {code_in(shop.says('xiaoli', '关联'))}")
    with shop.sessions.writing() as session:
        _, back = person.split(session, code, "official", operator="boss", reason="不是本人", now=shop.now)
    assert back is None
    assert official(shop) is None
    assert shop.code("xiaoli") == code
    assert changes(shop)[-1] == ("split", "openid", "operator:boss")


def test_a_merged_chat_goes_back_to_whom_it_came_from(shop: Shop) -> None:
    code = shop.joins("xiaoli")
    writes(shop, "我要加入")
    before = official(shop).code
    writes(shop, f"关联 {code_in(shop.says('xiaoli', '关联'))}")
    with shop.sessions.writing() as session:
        person.split(session, code, "official", operator="boss", reason="不是本人", now=shop.now)
    assert (official(shop).code, official(shop).status) == (before, "active")
    with shop.sessions.writing() as session, pytest.raises(person.OnlyAddress):
        person.split(session, before, "official", operator="boss", reason="x", now=shop.now)


def test_two_who_say_one_code_at_the_same_moment(shop: Shop) -> None:
    """Only one of them is he; the other's code is spent."""
    shop.joins("xiaoli")
    code = code_in(shop.says("xiaoli", "关联"))
    both, answers = ("oFirst0123456789abcdefghijkl", "oSecond123456789abcdefghijkl"), []
    start = threading.Barrier(2)

    def say(openid: str) -> None:
        start.wait()
        answers.append(writes(shop, f"关联 {code}", openid))

    threads = [threading.Thread(target=say, args=(openid,)) for openid in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum("现在都是你" in answer for answer in answers) == 1
    assert sum(official(shop, openid) is not None for openid in both) == 1


def test_the_unionid_of_both_chats_makes_one_person(shop: Shop) -> None:
    shop.joins("xiaoli")
    writes(shop, "帮助")
    digest = shop.vault.digest("openid", OPENID)
    with shop.sessions.writing() as session:
        who = shop.who("xiaoli")
        stored = {"kind": "unionid", "digest": shop.vault.digest("unionid", "oUnion"), "sealed": "s", "plain": None}
        person._add(session, session.get_one(type(who), who.id), stored, proof="test", now=shop.now)
        sealed = shop.vault.seal(OPENID)
        person.learn_union(session, shop.vault, "openid", digest, sealed, "oUnion", now=shop.now)
    assert official(shop).id == shop.who("xiaoli").id
    assert changes(shop)[-1] == ("linked", "openid", "unionid")
