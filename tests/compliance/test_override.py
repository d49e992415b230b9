"""Override records: what they must hold, that they only grow, and that no bad or stale one lets a plan through."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from domain import plan as documents
from domain.compliance import Context, check
from domain.compliance import override as rules
from domain.compliance.override import FIRST_LINK, STATEMENT, Person, Request
from domain.errors import Invalid
from models import schema
from models.override import OverrideRecord
from services import compliance, distributor, override
from services.vault import Vault
from tests.support import plans
from tests.support.databases import Database
from tests.support.shop import FERNET, START

FIVE = """
name: 五级
terms: {max_share: 21%}
rules:
  - id: five
    kind: commission
    title: 五级分销
    pay:
      - {to: upline-1, rate: 10%}
      - {to: upline-2, rate: 5%}
      - {to: upline-3, rate: 3%}
      - {to: upline-4, rate: 2%}
      - {to: upline-5, rate: 1%}
"""
PLAN = documents.parse(FIVE)
DIGEST = documents.digest(PLAN)
FOUND = check(PLAN)
GOOD = plans.request(PLAN, FOUND, now=START)
VAULT = Vault([FERNET], "a secret key of the tests")


def faults(request: Request, **later: float) -> set[str]:
    return {field for field, _ in rules.faults(request, DIGEST, FOUND, START + timedelta(**later))}


def test_a_record_with_everything_is_accepted() -> None:
    assert faults(GOOD) == set()
    assert GOOD.rule_ids == ("TP-3",)


Change = Callable[[Request, random.Random], Request]
SECOND = GOOD.second or Person("", "", None)
MALFORMED: dict[str, tuple[Change, str]] = {
    "the statement lacks its end": (
        lambda it, dice: replace(it, statement=STATEMENT[: dice.randrange(22)]),
        "statement",
    ),
    "the statement has a sign more": (
        lambda it, dice: replace(it, statement=STATEMENT + dice.choice("。 !")),
        "statement",
    ),
    "the reason is short": (lambda it, dice: replace(it, reason=it.reason[: dice.randrange(50)]), "reason"),
    "the reason is one word": (lambda it, dice: replace(it, reason="同意" * dice.randint(25, 90)), "reason"),
    "the reason is spaces": (lambda it, dice: replace(it, reason="好 " + " " * dice.randint(50, 99)), "reason"),
    "the reason has no end": (lambda it, dice: replace(it, reason=it.reason * 99), "reason"),
    "no opinion": (lambda it, dice: replace(it, opinion=None), "opinion"),
    "an opinion that is no hash": (
        lambda it, dice: replace(
            it, opinion=dice.choice(["", "无", "AB" * 32, "ab" * 31, "ab" * 32 + "\n", "zz" * 32])
        ),
        "opinion",
    ),
    "nobody beside the operator": (lambda it, dice: replace(it, second=None), "second"),
    "the operator twice": (
        lambda it, dice: replace(it, second=replace(SECOND, userid=dice.choice(["override-owner", "Override-OWNER"]))),
        "second",
    ),
    "one person under two accounts": (
        lambda it, dice: replace(it, second=replace(SECOND, real_name="陈建国")),
        "second",
    ),
    "a name that is none": (
        lambda it, dice: replace(it, operator=replace(it.operator, real_name=dice.choice(["", "陈", "boss1", "12"]))),
        "operator.real_name",
    ),
    "the second's name is none": (
        lambda it, dice: replace(it, second=replace(SECOND, real_name=dice.choice(["", "-", "李" * 21]))),
        "second.real_name",
    ),
    "no account": (lambda it, dice: replace(it, operator=replace(it.operator, userid="")), "operator.userid"),
    "no title": (lambda it, dice: replace(it, title=" " * dice.randint(0, 3)), "title"),
    "no second factor": (
        lambda it, dice: replace(it, operator=replace(it.operator, factor_at=None)),
        "operator.factor_at",
    ),
    "a second factor of long ago": (
        lambda it, dice: replace(
            it, second=replace(SECOND, factor_at=START - timedelta(seconds=301 + dice.randrange(9999)))
        ),
        "second.factor_at",
    ),
    "a second factor of later": (
        lambda it, dice: replace(
            it, operator=replace(it.operator, factor_at=START + timedelta(seconds=1 + dice.randrange(99)))
        ),
        "operator.factor_at",
    ),
    "valid for too long": (
        lambda it, dice: replace(it, valid_until=it.at + timedelta(days=180, seconds=1 + dice.randrange(9999))),
        "valid_until",
    ),
    "over": (lambda it, dice: replace(it, valid_until=START - timedelta(seconds=dice.randrange(9999))), "valid_until"),
    "recorded in the future": (
        lambda it, dice: replace(it, at=START + timedelta(seconds=1 + dice.randrange(60))),
        "at",
    ),
    "another plan": (lambda it, dice: replace(it, digest=f"{dice.getrandbits(256):064x}"), "digest"),
    "another rule set": (
        lambda it, dice: replace(it, ruleset=dice.choice(["cn-2026.05", "", "CN-2026.11"])),
        "ruleset",
    ),
    "other rules": (lambda it, dice: replace(it, evidence={dice.choice(["TP-1", "TP-2", "EF-5"]): {}}), "evidence"),
    "more rules than were found": (lambda it, dice: replace(it, evidence={**it.evidence, "MX-2": {}}), "evidence"),
    "no rules": (lambda it, dice: replace(it, evidence={}), "evidence"),
    "other numbers": (
        lambda it, dice: replace(
            it, evidence={"TP-3": {**it.evidence["TP-3"], "numbers": {"paid_above": dice.randint(6, 9)}}}
        ),
        "evidence",
    ),
    "no address": (lambda it, dice: replace(it, ip=""), "ip"),
    "no session": (lambda it, dice: replace(it, session_id=""), "session_id"),
    "no name of the plan": (lambda it, dice: replace(it, plan_name=""), "plan"),
    "no version": (lambda it, dice: replace(it, plan_version=-dice.randrange(9)), "plan"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_each_field_that_is_wrong_is_named(name: str) -> None:
    change, field = MALFORMED[name]
    for seed in range(20):
        assert field in faults(change(GOOD, random.Random(seed)))


def test_of_a_thousand_malformed_or_stale_requests_none_is_accepted() -> None:
    for seed in range(1000):
        dice = random.Random(seed)
        request = GOOD
        for name in sorted(dice.sample(sorted(MALFORMED), dice.randint(1, 3)), key=lambda name: "numbers" not in name):
            request = MALFORMED[name][0](request, dice)
        assert faults(request), seed


def test_what_needs_neither_opinion_nor_second_person_may_do_without() -> None:
    document = documents.parse(
        "name: 方案\nrules:\n  - {id: r, kind: commission, title: 佣金, pay: [{to: seller, rate: 30%}]}\n"
        '  - {id: f, kind: milestone, title: 首单, count: {of: orders}, at: [1], reward: {cash: "25.00"}}\n'
    )
    found = check(document)
    assert [it.rule_id for it in found] == ["MN-2"]
    alone = replace(plans.request(document, found, now=START), second=None, opinion=None)
    assert rules.faults(alone, documents.digest(document), found, START) == []


def test_no_record_is_made_where_nothing_or_too_much_was_found() -> None:
    for text_ in ("rate: 5%", "rate: 100%"):
        document = documents.parse(
            "name: 方案\nterms: {max_share: 100%}\nrules:\n"
            f"  - {{id: r, kind: commission, title: 佣金, pay: [{{to: seller, {text_}}}]}}\n"
        )
        found = check(document)
        request = plans.request(document, found, now=START)
        assert rules.faults(request, documents.digest(document), found, START) != []


# ---------------------------------------------------------------------------------------------------------------
# In the database


@pytest.fixture
def house(database: Database) -> Database:
    with database.sessions.writing() as session:
        for userid, role in (("override-owner", "owner"), ("override-second", "finance"), ("clerk", "service")):
            distributor.add_operator(session, userid, name=userid, role=role, now=START)
    return database


def record(database: Database, request: Request = GOOD) -> int:
    with schema.locked(database.engine, override.CHAIN), database.sessions.writing() as session:
        return override.record(session, VAULT, request, digest=DIGEST, findings=FOUND, now=START)


def test_a_malformed_request_writes_nothing(house: Database) -> None:
    for seed, name in enumerate(sorted(MALFORMED)):
        with pytest.raises(Invalid):
            record(house, MALFORMED[name][0](GOOD, random.Random(seed)))
    with house.sessions.reading() as session:
        assert override.everything(session) == []


@pytest.mark.parametrize(("operator", "second"), [("clerk", "override-second"), ("ghost", "override-second")])
def test_only_an_owner_of_the_house_may_answer_for_it(house: Database, operator: str, second: str) -> None:
    with pytest.raises(Invalid) as refused:
        record(house, replace(GOOD, operator=replace(GOOD.operator, userid=operator)))
    assert [field for field, _ in refused.value.faults] == ["operator.userid"]


def test_the_second_person_decides_about_money_too(house: Database) -> None:
    with pytest.raises(Invalid) as refused:
        record(house, replace(GOOD, second=replace(SECOND, userid="clerk")))
    assert [field for field, _ in refused.value.faults] == ["second.userid"]


def test_each_record_holds_the_hash_of_the_one_before_and_names_are_sealed(house: Database) -> None:
    for _ in range(3):
        record(house)
    with house.sessions.reading() as session:
        rows = override.everything(session)
        assert [row.previous_hash for row in rows] == [FIRST_LINK, rows[0].hash, rows[1].hash]
        assert override.verify(session) == 3
        assert "陈建国" not in rows[0].operator_name
        assert VAULT.open(rows[0].operator_name) == "陈建国"
        assert VAULT.open(rows[0].second_name or "") == "李秀英"


@pytest.mark.parametrize("action", ["update", "delete"])
def test_the_database_refuses_to_change_a_record(house: Database, action: str) -> None:
    record(house)
    statement = update(OverrideRecord).values(reason="x") if action == "update" else delete(OverrideRecord)
    with pytest.raises(DBAPIError, match="override records only grow"), house.engine.begin() as connection:
        connection.execute(statement)


def test_the_orm_refuses_before_the_database_has_to(house: Database) -> None:
    record(house)
    with house.sessions.writing() as session:
        session.scalars(select(OverrideRecord)).one().reason = "x"
        with pytest.raises(RuntimeError, match="override records only grow"):
            session.flush()
        session.rollback()


def test_two_records_may_not_follow_the_same_one(house: Database) -> None:
    record(house)
    with house.sessions.reading() as session:
        row = override.everything(session)[0]
        copied = {column.name: getattr(row, column.name) for column in OverrideRecord.__table__.columns}
    copied |= {"id": None, "hash": "1" * 64}
    with pytest.raises(IntegrityError), house.engine.begin() as connection:
        connection.execute(insert(OverrideRecord).values(copied))


def test_records_that_are_made_at_one_moment_come_one_after_the_other(house: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(lambda _: record(house), range(8)))) == 8
    with house.sessions.reading() as session:
        assert override.verify(session) == 8


def test_without_the_lock_the_constraint_lets_one_through(house: Database) -> None:
    """Both have read the same last record; the second waits for the first to commit, and finds its place taken."""
    if house.backend == "sqlite":
        pytest.skip("one writer at a time")
    both_have_read = threading.Barrier(2, timeout=20)

    def append() -> bool:
        try:
            with house.sessions.writing() as session:
                session.execute(select(OverrideRecord.id))
                both_have_read.wait()
                override.record(session, VAULT, GOOD, digest=DIGEST, findings=FOUND, now=START)
        except (override.ChainMoved, OperationalError):
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        ended = [found.result(30) for found in [pool.submit(append), pool.submit(append)]]
    with house.sessions.reading() as session:
        assert override.verify(session) == sum(ended) >= 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE override_record SET reason = reason || '。' WHERE id = 2",
        "UPDATE override_record SET valid_until = '2030-01-01 00:00:00.000000' WHERE id = 2",
        "UPDATE override_record SET second = NULL WHERE id = 2",
        "DELETE FROM override_record WHERE id = 2",
        "DELETE FROM override_record WHERE id = 1",
    ],
)
def test_whoever_goes_around_the_triggers_breaks_the_chain(house: Database, tampering: str) -> None:
    for _ in range(3):
        record(house)
    with house.engine.begin() as connection:
        for action in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER override_record_no_{action}"))
        connection.execute(text(tampering))
    with house.sessions.reading() as session:
        with pytest.raises(override.ChainBroken):
            override.verify(session)
        with pytest.raises(override.ChainBroken):  # nor does any of them let a plan through
            compliance.gate(session, PLAN, Context(), ticks=(), now=START)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_of_a_thousand_stored_records_with_right_hashes_that_are_malformed_or_stale_none_lets_a_plan_through(
    house: Database,
) -> None:
    """Whoever writes SQL can compute hashes; what the record says still has to be right."""
    stored: list[dict[str, Any]] = []
    previous, seed = FIRST_LINK, 0
    visible = [
        name for name, (_, field) in MALFORMED.items() if not field.endswith("real_name") and "accounts" not in name
    ]
    while len(stored) < 1000:
        dice = random.Random(seed)
        seed += 1
        asked = MALFORMED[dice.choice(visible)][0](GOOD, dice)
        if asked.digest != DIGEST:
            asked = replace(asked, digest=DIGEST, statement="")
        fields = _fields(asked)
        if fields["operator_factor_at"] is None:
            continue  # the column takes none
        hash_ = rules.link(previous, fields)
        stored.append(fields | {"previous_hash": previous, "hash": hash_})
        previous = hash_
    with house.engine.begin() as connection:
        connection.execute(insert(OverrideRecord), stored)
    with house.sessions.reading() as session:
        assert override.verify(session) == 1000
        with pytest.raises(compliance.OverrideNeeded):
            compliance.gate(session, PLAN, Context(), ticks=(), now=START)
    record(house)
    with house.sessions.reading() as session:
        assert len(compliance.gate(session, PLAN, Context(), ticks=(), now=START).overrides) == 1


def _fields(asked: Request) -> dict[str, Any]:
    second = asked.second
    return {
        "plan_name": asked.plan_name,
        "plan_version": asked.plan_version,
        "digest": asked.digest,
        "ruleset": asked.ruleset,
        "evidence": dict(asked.evidence),
        "operator": asked.operator.userid,
        "operator_name": "sealed",
        "operator_title": asked.title,
        "operator_factor_at": asked.operator.factor_at,
        "second": second.userid if second else None,
        "second_name": "sealed" if second else None,
        "second_factor_at": second.factor_at if second else None,
        "statement": asked.statement,
        "reason": asked.reason,
        "opinion": asked.opinion,
        "ip": asked.ip,
        "session_id": asked.session_id,
        "recorded_at": asked.at,
        "valid_until": asked.valid_until,
    }
