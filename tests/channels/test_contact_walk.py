"""The daily walk: what callbacks lost is found, by the platform's own times, page by page, once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.contact import client
from bot.contact.client import ContactClient
from models.customer import ContactWalk, CustomerRelation
from services.customer import walk
from tests.support.contact import QIAN, WU, ZHENG, ZHOU, Desk, running
from tests.support.databases import Database

LISTING = "externalcontact/batch/get_by_user"
ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def desk(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(client, "PAGE", 2)
    with running(database.sessions) as desk:
        yield desk


def lose(desk: Desk, count: int) -> None:
    desk.act("faults", callbacks={"lose": count})


def crowd(desk: Desk, size: int, by: str) -> list[str]:
    """Customers whose events are all lost."""
    names = [f"cust-{number:03}" for number in range(size)]
    lose(desk, size)
    for name in names:
        desk.act("contact/customers", id=name)
        desk.scans(name, by)
    return names


def run(desk: Desk) -> dict[str, Any]:
    found = desk.job()(desk.shop.clock())
    desk.deliver()
    return found


def test_lost_events_are_found_by_the_platforms_time(desk: Desk) -> None:
    """On every database."""
    code = desk.joins("lihua")
    lose(desk, 1)
    desk.scans(ZHOU, "lihua")
    desk.later(hours=5)
    desk.scans(WU, "lihua")
    desk.scans(ZHENG, "wangfang")
    desk.deliver()
    assert run(desk) == {"listed": 3, "added": 1, "bound": 1, "asked": 0, "unlicensed": 0, "changed": 0}
    relation = desk.relation(ZHOU)
    assert timedelta(hours=4, minutes=59) < desk.shop.clock() - relation.added_at < timedelta(hours=5, minutes=1)
    assert [(row.what, row.heard_by) for row in desk.evidence(ZHOU)] == [("found", "walk")]
    assert desk.buys(ZHOU) == (code, "bound")
    assert desk.buys(ZHOU, "20.00", by="unionid") == (code, "bound")
    assert desk.sees(ZHOU) == []  # nobody is welcomed hours later
    again = run(desk)
    assert (again["added"], again["bound"], again["asked"]) == (0, 0, 0)


@ON_SQLITE
def test_a_lost_deletion_is_asked_about_and_ended(desk: Desk) -> None:
    desk.joins("lihua")
    desk.scans(ZHOU, "lihua")
    desk.scans(WU, "lihua")
    desk.deliver()
    desk.later(hours=1)
    lose(desk, 1)
    desk.does("drop", ZHOU)
    assert run(desk)["asked"] == 1
    assert desk.relation(ZHOU).status == "dropped"
    assert desk.evidence(ZHOU)[-1].what == "gone"
    assert desk.relation(WU).status == "added"
    assert desk.shop.balances("lihua") == {}
    desk.later(days=1)
    assert run(desk)["asked"] == 0


@ON_SQLITE
def test_a_customer_who_left_is_still_listed_and_stays_as_he_is(desk: Desk) -> None:
    desk.scans(ZHOU, "wangfang")
    desk.later(minutes=1)
    desk.does("leave", ZHOU)
    desk.deliver()
    desk.later(hours=1)
    assert run(desk)["asked"] == 0
    assert desk.relation(ZHOU).status == "left"


@ON_SQLITE
def test_who_came_back_while_callbacks_were_lost_is_the_later_ones(desk: Desk) -> None:
    desk.joins("lihua")
    second = desk.joins("zhangmin")
    desk.scans(ZHOU, "lihua")
    desk.deliver()
    lose(desk, 2)
    desk.later(hours=1)
    desk.does("leave", ZHOU)
    desk.later(hours=1)
    desk.scans(ZHOU, "zhangmin")
    assert run(desk)["bound"] == 1
    assert desk.buys(ZHOU) == (second, "bound")
    assert [row.what for row in desk.evidence(ZHOU)] == ["add_external_contact", "gone", "found"]


@ON_SQLITE
def test_a_walk_that_breaks_is_gone_on_with_where_it_stopped(desk: Desk) -> None:
    desk.joins("lihua")
    crowd(desk, 9, "lihua")
    desk.act("faults", path=LISTING, effect="http_502")
    before = desk.calls("batch/get_by_user")
    with pytest.raises(client.Unanswered):
        run(desk)
    desk.http.delete(f"{desk.url}/sim/faults", timeout=10)
    job = desk.job()
    real, pages = job._listing.page, []

    def breaks(members: Any, cursor: str) -> Any:
        pages.append(cursor)
        if len(pages) == 3:
            raise client.Unanswered(LISTING, "the connection broke", "no")
        return real(members, cursor)

    job._listing.page = breaks  # type: ignore[method-assign]
    with pytest.raises(client.Unanswered):
        job(desk.shop.clock())
    assert len([1 for row in _relations(desk) if row.seen_at]) == 4  # two pages of two
    found = job(desk.shop.clock())
    assert (found["listed"], found["added"], found["bound"]) == (9, 9, 9)
    assert len(pages) == len(set(pages)) + 1  # only the broken page was asked for twice
    assert len(before) == 0


def _relations(desk: Desk) -> list[CustomerRelation]:
    with desk.sessions.reading() as session:
        return list(session.scalars(select(CustomerRelation)))


@ON_SQLITE
def test_a_cursor_that_ended_begins_the_listing_again(desk: Desk) -> None:
    desk.joins("lihua")
    crowd(desk, 5, "lihua")
    job = desk.job()
    real, broken = job._listing.page, []

    def ends(members: Any, cursor: str) -> Any:
        if cursor and not broken:
            broken.append(cursor)
            cursor = "nobody's"
        return real(members, cursor)

    job._listing.page = ends  # type: ignore[method-assign]
    found = job(desk.shop.clock())
    assert broken
    assert found["added"] == 5


@ON_SQLITE
@pytest.mark.parametrize("what", ["permission", "member"])
def test_what_a_person_must_mend_ends_the_walk_and_the_next_begins_anew(desk: Desk, what: str) -> None:
    desk.joins("lihua")
    crowd(desk, 3, "lihua")
    if what == "permission":
        desk.act("settings", contact_granted=False)
    else:
        desk.act("faults", path=LISTING, effect="errcode", errcode=40031, times=1)
    found = run(desk)
    assert found["failed"] == 1
    assert ("48002" if what == "permission" else "40031") in found["reason"]
    desk.act("settings", contact_granted=True)
    desk.later(days=1)
    assert run(desk)["added"] == 3


@ON_SQLITE
def test_members_without_a_licence_are_counted_and_nobody_of_theirs_is_asked_about(desk: Desk) -> None:
    desk.scans(ZHOU, "zhaolei")
    desk.deliver()
    desk.later(hours=1)
    desk.act("members", userid="zhaolei", licensed=False)
    found = run(desk)
    assert (found["unlicensed"], found["asked"]) == (1, 0)
    assert desk.relation(ZHOU, "zhaolei").status == "added"


@ON_SQLITE
def test_members_are_listed_a_hundred_at_a_time(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "MEMBERS_AT_ONCE", 2)
    for customer, member in ((ZHOU, "wangfang"), (WU, "zhaolei"), (ZHENG, "lihua"), (QIAN, "lihua")):
        lose(desk, 1)
        desk.scans(customer, member)
    found = run(desk)
    assert (found["listed"], found["added"]) == (4, 4)
    assert len(desk.calls("batch/get_by_user")) == 3  # lihua and wangfang in two pages, zhaolei in one


def test_two_schedulers_find_everything_once(desk: Desk) -> None:
    """On every database: whoever is second at a step leaves it, and goes on with the next."""
    desk.joins("lihua")
    crowd(desk, 12, "lihua")
    as_of, start = desk.shop.clock(), threading.Barrier(2)
    found: list[Any] = []

    def work() -> None:
        job = desk.job(wake=lambda lanes: None)
        start.wait()
        found.append(job(as_of))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    with desk.sessions.reading() as session:
        (row,) = session.scalars(select(ContactWalk)).all()
    assert (row.counts["listed"], row.counts["added"], row.counts["bound"]) == (12, 12, 12)
    assert row.done_at is not None
    assert len(_relations(desk)) == 12


@ON_SQLITE
def test_one_page_is_held_at_a_time(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, one page of them is held at a time."""
    monkeypatch.setattr(client, "PAGE", 10)
    crowd(desk, 40, "wangfang")
    real, most = ContactClient.listed, []

    def listed(self: ContactClient, members: Any, cursor: str) -> Any:
        page = real(self, members, cursor)
        most.append(len(page.rows))
        return page

    monkeypatch.setattr(ContactClient, "listed", listed)
    assert run(desk)["added"] == 40
    assert most == [10, 10, 10, 10]
