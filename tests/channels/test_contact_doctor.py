"""`flask doctor` and `flask contact`: whether the secret works, who may have customers, how a distributor's come."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from bot.contact import doctor
from bot.contact.commands import ContactDeps, group
from bot.contact.doctor import ContactHouse
from services.customer.terms import Terms
from services.doctor import Finding
from tests.support.contact import ZHOU, Desk, running


@pytest.fixture
def desk(services: Any) -> Iterator[Desk]:
    with services.database("sqlite").fresh() as database, running(database.sessions) as desk:
        yield desk


def looked(desk: Desk, terms: Terms | None = None, secret: str | None = None) -> dict[str, Finding]:
    client = desk.client(secret) if secret else desk.client()
    house = ContactHouse(desk.sessions, client, terms or desk.terms, f"{desk.url}/cgi-bin", simulated=True)
    return {finding.check: finding for check in doctor.checks(house) for finding in check.run()}


def run(desk: Desk, *words: str, terms: Terms | None = None, configured: bool = True) -> Any:
    client, chosen = (desk.client(), terms or desk.terms) if configured else (None, None)
    return CliRunner().invoke(group(ContactDeps(desk.sessions, client, chosen, lambda: None)), list(words))


def test_all_is_well(desk: Desk) -> None:
    desk.joins("lihua")
    found = looked(desk)
    assert {finding.status for finding in found.values()} == {"ok"}
    assert found["contact.members"].said == "3 位成员有权限：lihua、wangfang、zhaolei"
    assert found["contact.codes"].said == "已有 1 位分销员的码"


def test_a_wrong_secret_says_where_the_right_one_is(desk: Desk) -> None:
    found = looked(desk, secret="another")
    assert found["contact.secret"].status == "wrong"
    assert "WECOM_CONTACT_SECRET" in (found["contact.secret"].do or "")
    assert found["contact.members"].status == "skipped"
    assert not any("another" in str(finding) for finding in found.values())


def test_an_app_that_is_not_listed_is_told_where_to_list_it(desk: Desk) -> None:
    desk.act("settings", contact_granted=False)
    found = looked(desk)["contact.members"]
    assert found.status == "wrong"
    assert "48002" in found.said
    assert "可调用接口的应用" in (found.do or "")


def test_members_without_permission_are_named(desk: Desk) -> None:
    found = looked(desk, Terms(users=("wangfang", "sunli")))["contact.members"]
    assert (found.status, found.said) == ("wrong", "sunli 没有客户联系权限，码不会带到他们")


def test_nobody_who_serves_is_a_note(desk: Desk) -> None:
    found = looked(desk, Terms())
    assert found["contact.members"].status == "note"
    assert "WECOM_CONTACT_USERS" in (found["contact.members"].do or "")
    assert found["contact.codes"].said == "不用建码：没有开"


def test_codes_that_could_not_be_made_are_counted_with_the_reason(desk: Desk) -> None:
    desk.act("settings", contact_codes=0)
    desk.joins("lihua")
    found = looked(desk)["contact.codes"]
    assert found.status == "note"
    assert found.said.startswith("1 位分销员的码没建成")
    assert "41045" in found.said


def test_without_the_channel_it_says_how_to_have_it() -> None:
    ((finding,),) = [list(check.run()) for check in doctor.checks(None)]
    assert (finding.status, "WECOM_CONTACT_SECRET" in (finding.do or "")) == ("note", True)


def test_a_distributors_way_is_shown(desk: Desk) -> None:
    code = desk.joins("lihua")
    desk.scans(ZHOU, "lihua")
    data = json.loads(run(desk, "show", code, "--json").stdout)
    way = desk.way("lihua")
    assert (data["state"], data["config_id"], data["customers"]) == (way.state, way.config_id, 1)
    by_link = json.loads(run(desk, "show", code, "--json", terms=Terms(link="https://work.weixin.qq.com/ca/x")).stdout)
    assert by_link["link"] == f"https://work.weixin.qq.com/ca/x?customer_channel={way.state}"
    refused = run(desk, "show", "ZZZZZ2")
    assert refused.exit_code == 1


def test_a_link_is_made_for_the_configuration(desk: Desk) -> None:
    made = run(desk, "link", "推客")
    assert "WECOM_CONTACT_LINK=https://work.weixin.qq.com/ca/" in made.stdout
    assert run(desk, "link", "推" * 31).exit_code == 1
    assert run(desk, "link", "推客", terms=Terms()).exit_code == 1
    desk.act("settings", contact_granted=False)
    refused = run(desk, "link", "推客")
    assert refused.exit_code == 1
    assert "48002" in refused.stderr


def test_without_the_channel_the_commands_say_so(desk: Desk) -> None:
    refused = run(desk, "show", "8K3M2Q", configured=False)
    assert refused.exit_code == 1
    assert "WECOM_CONTACT_SECRET" in refused.stderr
