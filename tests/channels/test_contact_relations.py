"""What callbacks and look-ups make of customers: whose each is, with the evidence; what comes twice or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from models.customer import Customer, CustomerEvent, CustomerRelation
from models.distributor import Identity
from models.order import Touch
from services import distributor
from tests.support.contact import QIAN, WU, ZHENG, ZHOU, Desk, running


@pytest.fixture
def desk(services: Any) -> Iterator[Desk]:
    with services.database("sqlite").fresh() as database, running(database.sessions) as desk:
        yield desk


def count(desk: Desk, table: Any) -> int:
    with desk.sessions.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def told(desk: Desk, customer: str = ZHOU) -> list[tuple[str, str]]:
    return [(row.what, row.heard_by) for row in desk.evidence(customer)]


def test_the_evidence_of_a_bond(desk: Desk) -> None:
    desk.joins("lihua")
    (callback,) = desk.scans(ZHOU, "lihua")
    relation, (event,) = desk.relation(), desk.evidence()
    state = desk.way("lihua").state
    who = desk.shop.who("lihua").id
    assert (relation.status, relation.userid, relation.state, relation.distributor_id) == (
        "added",
        "wangfang",
        state,
        who,
    )
    assert (event.what, event.state, event.heard_by, event.distributor_id) == (
        "add_external_contact",
        state,
        "event",
        who,
    )
    assert abs(event.at - desk.shop.clock()) < timedelta(seconds=2)
    assert event.at == relation.added_at
    assert callback["attempts"][0]["status"] == 200


def test_who_he_is_is_asked_and_kept_sealed(desk: Desk) -> None:
    desk.scans(ZHOU, "wangfang")
    desk.deliver()
    person = desk.simulator.contact.customers.get(ZHOU)  # type: ignore[union-attr]
    with desk.sessions.reading() as session:
        who = session.scalars(select(Customer)).one()
    vault = desk.shop.vault
    assert vault.open(who.sealed) == person.external_userid
    assert vault.open(who.union_sealed) == person.unionid
    assert vault.open(who.name_sealed) == "周女士"
    assert who.kind == 1
    assert who.union_digest == vault.digest("unionid", person.unionid)
    (row,) = desk.rows("lookup_customer")
    assert (row.state, row.result) == ("sent", {})


def test_a_state_that_the_event_left_out_comes_with_the_look_up(desk: Desk) -> None:
    """Some events bring no State although the platform knows it."""
    code = desk.joins("lihua")
    contact = desk.simulator.contact
    tell = contact.acts._tell  # type: ignore[union-attr]

    def without_state(change: str, relation: Any, fields: Any, created_at: Any = None) -> Any:
        return tell(change, relation, {name: value for name, value in fields.items() if name != "State"}, created_at)

    contact.acts._tell = without_state  # type: ignore[method-assign, union-attr]
    desk.scans(ZHOU, "lihua")
    assert desk.relation().distributor_id is None
    desk.deliver()
    assert desk.relation().distributor_id == desk.shop.who("lihua").id
    assert told(desk)[-1] == ("state_found", "lookup")
    assert desk.buys(ZHOU) == (code, "bound")


def test_orders_find_him_by_every_identity_that_is_known(desk: Desk) -> None:
    code = desk.joins("lihua")
    desk.scans(ZHOU, "lihua")
    assert desk.buys(ZHOU, "10.00", by="unionid") == (None, "none")  # nobody has told it yet
    desk.deliver()
    assert desk.buys(ZHOU, "20.00", by="unionid") == (code, "bound")
    assert desk.buys(ZHOU, "30.00", by="external_userid") == (code, "bound")
    assert count(desk, Touch) == 2


def test_a_distributor_who_is_a_customer_is_the_same_person_by_his_unionid(desk: Desk) -> None:
    """His own order is seen to be his own, by whichever identity the mall tells."""
    code = desk.joins("lihua")
    person = desk.simulator.contact.customers.get(ZHOU)  # type: ignore[union-attr]
    vault = desk.shop.vault
    with desk.sessions.writing() as session:
        digest = vault.digest("unionid", person.unionid)
        session.add(
            Identity(
                distributor_id=desk.shop.who("lihua").id, kind="unionid", digest=digest, sealed="s",
                created_at=desk.shop.now,
            )
        )  # fmt: skip
    desk.scans(ZHOU, "lihua")
    desk.deliver()
    with desk.sessions.reading() as session:
        found = distributor.find_by_identity(session, vault, "external_userid", person.external_userid)
    assert found is not None
    assert found.code == code
    assert desk.buys(ZHOU) == (None, "own_order")


@pytest.mark.parametrize("times", [1, 3])
def test_a_repeat_changes_nothing(desk: Desk, times: int) -> None:
    desk.joins("lihua")
    (callback,) = desk.scans(ZHOU, "lihua")
    for _ in range(times):
        desk.act("redeliver", callback=callback["id"], wait=True)
    assert (count(desk, Customer), count(desk, CustomerRelation), count(desk, CustomerEvent)) == (1, 1, 1)
    assert len(desk.rows("welcome")) == 1


def test_callbacks_in_the_wrong_order_come_to_the_same(desk: Desk) -> None:
    code = desk.joins("lihua")
    desk.act("faults", callbacks={"reorder": 2})
    desk.act("contact/scan", customer=ZHOU, code=desk.way("lihua").config_id)
    desk.later(minutes=1)
    desk.act("contact/leave", customer=ZHOU, userid="wangfang", wait=True)
    desk.idle()
    relation = desk.relation()
    assert (relation.status, relation.state) == ("left", desk.way("lihua").state)
    assert relation.added_at < relation.ended_at
    assert desk.buys(ZHOU) == (code, "bound")


def test_a_customer_handed_over_stays_bound(desk: Desk) -> None:
    code = desk.joins("lihua")
    desk.scans(ZHOU, "lihua")
    desk.later(hours=1)
    desk.does("transfer", ZHOU, to="zhaolei")
    desk.deliver()
    assert desk.relation(ZHOU, "wangfang").status == "dropped"
    assert desk.evidence(ZHOU, "wangfang")[-1].detail == "DELETE_BY_TRANSFER"
    assert desk.relation(ZHOU, "zhaolei").status == "added"
    assert desk.buys(ZHOU) == (code, "bound")


def test_a_hand_over_that_failed_is_only_noted(desk: Desk) -> None:
    desk.scans(ZHOU, "wangfang")
    desk.does("transfer_fail", ZHOU, reason="customer_limit_exceed")
    assert desk.relation().status == "added"
    assert desk.evidence()[-1].detail == "customer_limit_exceed"


@pytest.mark.parametrize("what", ["edit", "consent"])
def test_what_says_nothing_of_the_relation_is_left(desk: Desk, what: str) -> None:
    desk.scans(ZHOU, "wangfang")
    desk.does(what, ZHOU, remark="老客户")
    assert told(desk) == [("add_external_contact", "event")]


def test_a_look_up_that_finds_nobody_ends_what_was_there(desk: Desk) -> None:
    """The member deleted him between event and look-up, and that event was lost."""
    desk.scans(ZHOU, "wangfang")
    desk.act("faults", callbacks={"lose": 1})
    desk.later(seconds=1)
    desk.does("drop", ZHOU)
    desk.deliver()
    assert desk.relation().status == "dropped"
    assert told(desk)[-1] == ("gone", "lookup")


def test_a_look_up_finds_members_whose_events_were_lost(desk: Desk) -> None:
    desk.joins("lihua")
    desk.act("faults", callbacks={"lose": 1})
    made = desk.client().add_way(desk.way("lihua").state, "x", ["zhaolei"])
    desk.scans(ZHOU, made[0])
    desk.later(hours=1)
    desk.scans(ZHOU, "wangfang")
    desk.deliver()
    other = desk.relation(ZHOU, "zhaolei")
    assert other.distributor_id == desk.shop.who("lihua").id
    assert desk.evidence(ZHOU, "zhaolei")[0].what == "found"
    assert desk.shop.clock() - other.added_at > timedelta(minutes=59)


def test_who_has_many_members_is_read_page_by_page(desk: Desk) -> None:
    desk.act("settings", contact_get_page=1)
    for member in ("wangfang", "zhaolei", "lihua"):
        desk.scans(ZHOU, member)
    told_ = desk.client().customer(desk.external(ZHOU))
    assert [follow.userid for follow in told_[1]] == ["wangfang", "zhaolei", "lihua"]


def test_a_customer_of_another_enterprise_has_no_unionid(desk: Desk) -> None:
    desk.scans(QIAN, "wangfang")
    desk.deliver()
    with desk.sessions.reading() as session:
        who = session.scalars(select(Customer)).one()
    assert (who.kind, who.union_digest) == (2, None)


def test_without_an_open_platform_account_there_are_no_unionids(desk: Desk) -> None:
    desk.act("settings", contact_unionid=False)
    desk.simulator.contact.customers.load()  # type: ignore[union-attr]
    code = desk.joins("lihua")
    desk.scans(WU, "lihua")
    desk.deliver()
    assert desk.buys(WU) == (code, "bound")


def test_a_lost_event_is_nobodys_until_the_walk(desk: Desk) -> None:
    desk.joins("lihua")
    desk.act("faults", callbacks={"lose": 1})
    desk.scans(ZHENG, "lihua")
    assert desk.relation(ZHENG) is None
    assert desk.buys(ZHENG) == (None, "none")
