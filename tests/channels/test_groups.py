"""Customer groups heard of by the platform's events, looked at, and put right every night, since events get lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.databases import Database
from tests.support.leader import Enterprise, Platform, running

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ZHOU, WU = "cust-zhou", "cust-wu"


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running() as platform:
        yield platform


@pytest.fixture
def desk(database: Database, platform: Platform) -> Enterprise:
    return Enterprise(database.sessions, platform)


def leader(desk: Enterprise, chat_id: str) -> str | None:
    row = desk.known(chat_id)
    return next((userid for userid in ("lihua", "zhangmin") if row.leader_id == desk.shop.who(userid).id), None)


@pytest.fixture
def two(desk: Enterprise) -> Enterprise:
    """Two leaders."""
    desk.leads("lihua")
    desk.leads("zhangmin")
    return desk


def test_a_new_group_is_its_owners_as_soon_as_it_was_looked_at(two: Enterprise) -> None:
    chat_id = two.group("福利群1", ZHOU, WU)
    row = two.known(chat_id)
    assert (row.name, row.owner, row.members, row.leads_by) == ("福利群1", "lihua", 3, "owner")
    assert leader(two, chat_id) == "lihua"
    assert two.calls("groupchat/get") == [0]


def test_a_burst_of_events_is_one_look(two: Enterprise) -> None:
    chat_id = two.group("福利群1")
    for customer in (ZHOU, WU, "cust-zheng"):
        two.does("invite", chat_id, who=customer)
    assert two.looks() == 1
    assert two.known(chat_id).members == 4


def test_what_happened_a_moment_ago_is_looked_at_again_where_details_are_behind(two: Enterprise) -> None:
    chat_id = two.group("福利群1")
    two.does("owner", chat_id, to="zhangmin")
    assert two.sync.pull_due() == 0  # not at once: it would be told what was
    assert two.looks() == 1
    assert leader(two, chat_id) == "zhangmin"


def test_a_dismissed_group_is_known_to_be_by_its_event_and_by_the_look(two: Enterprise) -> None:
    first, second = two.group("一群"), two.group("二群")
    two.does("dismiss", first)
    assert two.known(first).dismissed_at is not None
    two.act("faults", callbacks={"lose": 1})
    two.does("dismiss", second)
    assert two.known(second).dismissed_at is None
    two.later(seconds=5)
    counts = two.sync.reconcile(two.shop.clock())
    assert (counts["listed"], counts["missing"]) == (0, 1)
    assert two.known(second).dismissed_at is not None


def test_lost_events_are_made_good_at_night(two: Enterprise) -> None:
    known = two.group("福利群1")
    two.act("faults", callbacks={"lose": 3})
    two.does("owner", known, to="zhangmin")
    heard = two.act("rooms/create", owner="lihua", name="没听说的群", wait=True)["chat_id"]
    two.does("invite", heard, who=ZHOU)
    two.later(seconds=5)
    assert two.sync.pull_due() == 0
    counts = two.sync.reconcile(two.shop.clock())
    assert counts == {"listed": 2, "new": 1, "missing": 0, "looked_at": 2, "changed": 2, "failed": 0}
    assert (leader(two, known), leader(two, heard)) == ("zhangmin", "lihua")
    assert two.sync.reconcile(two.shop.clock())["changed"] == 0


def test_a_large_enterprise_is_listed_owner_by_owner(two: Enterprise) -> None:
    two.act("settings", group_list_members=3)
    two.act("faults", callbacks={"lose": 2})
    for owner in ("lihua", "zhangmin"):
        two.act("rooms/create", owner=owner, name=f"{owner}的群", wait=True)
    assert two.sync.reconcile(two.shop.clock())["new"] == 2


def test_a_group_that_cannot_be_told_now_is_asked_about_later(two: Enterprise) -> None:
    two.act("faults", path="externalcontact/groupchat/get", errcode=60011, times=1)
    chat_id = two.group("福利群1")
    assert two.known(chat_id).owner is None
    two.later(minutes=2)
    assert two.sync.pull_due() == 1
    assert leader(two, chat_id) == "lihua"


def test_a_fault_of_the_whole_app_leaves_the_groups_due_and_rests(two: Enterprise) -> None:
    two.act("settings", contact_granted=False)
    chat_id = two.group("福利群1")
    assert two.calls("groupchat/get") == [48002]
    assert two.sync.pull_due() == 0
    assert len(two.calls("groupchat/get")) == 1  # the platform is left alone for a minute
    two.act("settings", contact_granted=True)
    two.sync._rests_until = 0.0
    assert two.sync.pull_due() == 1
    assert leader(two, chat_id) == "lihua"


def test_customers_who_come_by_a_leaders_code_make_the_group_his(desk: Enterprise) -> None:
    desk.leads("lihua")
    chat_id = desk.group("客服的群", owner="wangfang")
    assert desk.known(chat_id).leader_id is None
    made = desk.flask("group", "join-way", desk.shop.code("lihua"), "--group", chat_id)
    config_id = made.rsplit("config_id ", 1)[1].strip()
    desk.act("rooms/join", customer=ZHOU, code=config_id, wait=True)
    desk.looks()
    row = desk.known(chat_id)
    assert (row.leader_id, row.leads_by) == (desk.shop.who("lihua").id, "join_way")


def test_the_commands_list_assign_and_release(two: Enterprise) -> None:
    chat_id = two.group("福利群1", ZHOU)
    assert "福利群1" in two.flask("group", "list")
    other = two.shop.code("zhangmin")
    assert other in two.flask("group", "assign", chat_id, other)
    assert "没有变化" in two.flask("group", "assign", chat_id, other)
    shown = two.flask("group", "show", chat_id)
    assert [line.split()[-1] for line in shown.splitlines()[1:]] == ["指定", "群主"]
    two.does("owner", chat_id, to="wangfang")
    two.looks()
    assert leader(two, chat_id) == "zhangmin"
    assert "没有团长" in two.flask("group", "release", chat_id)
    assert "共 1 个客户群" in two.flask("group", "sync")
    assert two.flask("group", "list", "--leader", other) == "没有客户群。flask group sync 从企业微信读一遍。\n"


def test_the_commands_refuse_what_cannot_be(two: Enterprise) -> None:
    chat_id, member = two.group("福利群1"), two.joins("wangfang")
    assert "不是团长" in two.flask("group", "assign", chat_id, member, code=1)
    assert "flask distributor role" in two.flask("group", "join-way", member, "--group", chat_id, code=1)
    assert "没有 chat_id" in two.flask("group", "assign", "wrNobody", two.shop.code("lihua"), code=1)
    assert "没有编号为" in two.flask("group", "assign", chat_id, "ZZZZZZ", code=1)
    late = ("--at", "2030-01-01")
    assert "不能晚于现在" in two.flask("group", "assign", chat_id, two.shop.code("zhangmin"), *late, code=1)
    early = ("--at", "2020-01-01")
    assert "不能早于上一次变更" in two.flask("group", "assign", chat_id, two.shop.code("zhangmin"), *early, code=1)
    two.act("settings", contact_codes=0)
    assert "41045" in two.flask("group", "join-way", two.shop.code("lihua"), "--group", chat_id, code=1)


def test_who_is_made_a_leader_has_his_groups_at_once(desk: Enterprise) -> None:
    code = desk.joins("lihua")
    chat_id = desk.group("福利群1")
    assert desk.known(chat_id).leader_id is None
    said = desk.flask("distributor", "role", code, "leader")
    assert "团长" in said
    assert "福利群1" in said
    assert desk.known(chat_id).leader_id == desk.shop.who("lihua").id
    assert "没有变化" in desk.flask("distributor", "role", code, "leader")
    desk.flask("distributor", "role", code, "king", code=2)
