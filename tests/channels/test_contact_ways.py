"""Distributors' codes: one for each, made once, its config_id never lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from bot.contact import setup
from bot.drawing import UnknownPoster
from domain.customer import LONGEST_STATE
from models.customer import ContactWay
from models.distributor import Distributor
from services import person
from services.customer import ways
from services.customer.terms import Terms
from tests.support.contact import ZHOU, Desk, running
from tests.support.databases import Database

ADD = "externalcontact/add_contact_way"
ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    with running(database.sessions) as desk:
        yield desk


def made(desk: Desk) -> list[Any]:
    """The codes that the platform has."""
    return desk.simulator.contact.ways.all()  # type: ignore[union-attr]


@ON_SQLITE
def test_who_joins_has_a_code_of_his_own(desk: Desk) -> None:
    desk.joins("lihua")
    desk.joins("zhangmin")
    one, other = desk.way("lihua"), desk.way("zhangmin")
    assert one.state != other.state
    assert [(way.config_id, way.state, way.user) for way in made(desk)] == [
        (one.config_id, one.state, ["wangfang"]), (other.config_id, other.state, ["wangfang"]),
    ]  # fmt: skip
    assert len(one.state) <= LONGEST_STATE
    assert made(desk)[0].remark.startswith(f"推客 {desk.shop.code('lihua')}")
    assert len(made(desk)[0].remark) <= 30


@ON_SQLITE
def test_who_asks_before_it_is_there_gets_it_then_and_later_at_once(desk: Desk) -> None:
    desk.shop.joins("lihua")
    assert "几秒钟后发给你" in desk.shop.says("lihua", "我的链接")
    assert "几秒钟后发给你" in desk.shop.says("lihua", "我的链接")
    desk.deliver()
    desk.deliver()
    assert [kind for kind, _ in desk.drawn] == ["contact"]
    assert "下面这张图里的码" in desk.shop.says("lihua", "我的链接")
    desk.deliver()
    assert len(desk.drawn) == 2
    assert desk.calls("add_contact_way") == [0]


@ON_SQLITE
def test_a_products_link_has_no_picture(desk: Desk) -> None:
    desk.joins("lihua")
    assert "码是你专属的" not in desk.shop.says("lihua", "草莓的链接")


def test_two_processes_that_send_at_once_make_one_code(desk: Desk) -> None:
    """On every database: the lane's lease and the row decide."""
    desk.shop.joins("lihua")
    lane = desk.rows("contact_way")[0].lane
    start, senders = threading.Barrier(4), [desk.another_sender() for _ in range(4)]

    def send(sender: Any) -> None:
        start.wait()
        sender.send_lane(lane)

    threads = [threading.Thread(target=send, args=(sender,)) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert desk.calls("add_contact_way") == [0]
    assert desk.way("lihua").config_id == made(desk)[0].config_id


def test_two_who_ask_at_once_order_one_code(desk: Desk) -> None:
    with desk.sessions.writing() as session:
        who = _distributor(session, desk)
    start = threading.Barrier(4)

    def ask() -> None:
        start.wait()

        def work(session: Any) -> None:
            row = session.get_one(Distributor, who)
            way = ways.of(session, row, below=desk.shop.house.below, now=desk.shop.now)
            ways.order(session, way, waiting=None, now=desk.shop.now)

        desk.sessions.transact(work)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(desk.rows("contact_way")) == 1
    with desk.sessions.reading() as session:
        assert len(session.scalars(select(ContactWay)).all()) == 1


def _distributor(session: Any, desk: Desk) -> int:
    row = Distributor(code="8K3M2Q", status="active", joined_at=desk.shop.now, created_at=desk.shop.now)
    session.add(row)
    session.flush()
    return row.id


@ON_SQLITE
@pytest.mark.parametrize("effect", ["reset_after", "http_502", "killed"])
def test_an_answer_that_was_lost_is_found_again(desk: Desk, effect: str) -> None:
    """The platform may have made the code; its config_id was in the answer, and only there."""
    desk.shop.joins("lihua")
    lane = desk.rows("contact_way")[0].lane
    if effect == "killed":
        dying = desk.another_sender()
        real = dying._contacts.call  # type: ignore[union-attr]

        def dies(*args: Any, **given: Any) -> Any:
            real(*args, **given)
            raise KeyboardInterrupt

        dying._contacts.call = dies  # type: ignore[method-assign, union-attr]
        with pytest.raises(KeyboardInterrupt):
            dying.send_lane(lane)
        desk.later(seconds=16)
    else:
        desk.act("faults", path=ADD, effect=effect, times=1)
        desk.deliver()
        desk.later(seconds=2)
    desk.deliver()
    (code,) = made(desk)
    assert desk.way("lihua").config_id == code.config_id
    assert desk.way("lihua").picture.endswith(f"{code.key}.png")
    assert len(desk.calls("add_contact_way")) == (2 if effect == "http_502" else 1)


@ON_SQLITE
@pytest.mark.parametrize(
    ("prepare", "errcode"),
    [
        ({"path": "settings", "contact_codes": 0}, 41045),
        ({"path": "contact/members", "userid": "wangfang", "activated": False}, 41054),
    ],
)
def test_what_cannot_be_made_is_tried_again_when_he_asks_again(
    desk: Desk, prepare: dict[str, Any], errcode: int
) -> None:
    desk.act(prepare.pop("path"), **prepare)
    desk.joins("lihua")
    assert desk.calls("add_contact_way") == [errcode]
    assert [row.state for row in desk.rows("contact_way")] == ["given_up"]
    desk.act("settings", contact_codes=10)
    desk.act("contact/members", userid="wangfang", activated=True)
    assert "几秒钟后发给你" in desk.shop.says("lihua", "我的链接")
    desk.deliver()
    desk.deliver()
    assert desk.way("lihua").config_id is not None
    assert desk.way("lihua").tries == 2
    assert len(desk.drawn) == 1


@ON_SQLITE
def test_nobody_who_serves_is_a_fault_that_is_told(database: Database) -> None:
    with running(database.sessions, Terms(own=True)) as desk:
        desk.joins("zhangmin")  # no customer permission, and nobody else is named
        (row,) = desk.rows("contact_way")
        assert row.state == "given_up"
        assert "WECOM_CONTACT_USERS" in row.fault


@ON_SQLITE
def test_the_picture_is_the_platforms_own(desk: Desk) -> None:
    desk.joins("lihua")
    with desk.sessions.reading() as session:
        link, picture = setup.code_of(desk.client(), desk.terms)(session, desk.shop.who("lihua").id)()
    assert link == ""
    assert picture.startswith(b"\x89PNG")


@ON_SQLITE
def test_a_distributor_without_a_code_cannot_be_drawn(desk: Desk) -> None:
    desk.shop.joins("lihua")
    with desk.sessions.reading() as session, pytest.raises(UnknownPoster):
        setup.code_of(desk.client(), desk.terms)(session, desk.shop.who("lihua").id)


@ON_SQLITE
def test_codes_lead_to_who_serves_now(desk: Desk) -> None:
    desk.joins("lihua")
    desk.terms = Terms(users=("zhaolei",))
    assert desk.job()(desk.shop.clock())["changed"] == 1
    assert made(desk)[0].user == ["zhaolei"]
    assert desk.way("lihua").users == ["zhaolei"]
    assert desk.job()(desk.shop.clock())["changed"] == 0


@ON_SQLITE
def test_a_state_of_nobodys_and_a_code_as_a_state(desk: Desk) -> None:
    code = desk.joins("lihua")
    with desk.sessions.reading() as session:
        assert ways.owner_of(session, "p1.A001.c9") is None
        assert ways.owner_of(session, code).code == code
        assert ways.owner_of(session, code.lower()) is None


@ON_SQLITE
def test_who_turns_out_to_be_another_brings_his_customers_along(desk: Desk) -> None:
    """Two chats are joined: printed codes of the one that ended bring customers to the one that goes on."""
    desk.joins("lihua")
    desk.joins("zhangmin")
    desk.scans(ZHOU, "zhangmin")
    state = desk.way("zhangmin").state
    desk.shop.sells("lihua", "10.00")
    with desk.sessions.writing() as session:
        goes_on, ends = (session.merge(desk.shop.who(userid)) for userid in ("lihua", "zhangmin"))
        person._merge(session, desk.shop.vault, goes_on, ends, proof="test", now=desk.shop.now)
    with desk.sessions.reading() as session:
        assert ways.owner_of(session, state).id == goes_on.id
    assert desk.relation().distributor_id == goes_on.id
    assert desk.buys(ZHOU) == (goes_on.code, "bound")


@ON_SQLITE
def test_who_may_not_promote_is_not_given_customers(desk: Desk) -> None:
    desk.joins("lihua")
    with desk.sessions.writing() as session:
        session.merge(desk.shop.who("lihua")).status = "suspended"
    desk.scans(ZHOU, "lihua")
    assert desk.relation().distributor_id is None
    assert desk.relation().state == desk.way("lihua").state
    assert desk.buys(ZHOU) == (None, "none")
