"""The gate: what every publication passes, and what is kept of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from domain import plan as documents
from domain.compliance import RULES, RULESET, Context, parse_context
from models.plan import PlanVersion
from services import compliance, demo, plan
from services.vault import Vault
from tests.support import plans
from tests.support.databases import Database
from tests.support.shop import FERNET, START

ASSETS = Path(__file__).parents[2] / "assets"
EVERYTHING = tuple(RULES)
VAULT = Vault([FERNET], "a secret key of the tests")


def rows(*pay: str, **terms: str) -> str:
    said = "".join(f"  {key}: {value}\n" for key, value in terms.items())
    return (
        "name: 方案\n"
        + (f"terms:\n{said}" if said else "")
        + ("rules:\n  - {id: direct, kind: commission, title: 推广佣金, pay: [" + ", ".join(pay) + "]}\n")
    )


ONE = rows("{to: seller, rate: 10%}")
TWO = rows("{to: seller, rate: 10%}", "{to: upline-1, rate: 5%}")
THREE = rows("{to: seller, rate: 10%}", "{to: upline-1, rate: 5%}", "{to: upline-2, rate: 3%}")
ALL_OF_IT = rows("{to: seller, rate: 100%}", max_share="100%")


def publish(session: Session, source: str, *ticks: str, context: Context | None = None, **later: float) -> PlanVersion:
    now = START + timedelta(**later)
    return plan.publish(session, source, starts_at=now, operator=None, ticks=ticks, context=context, now=now)


def test_what_nothing_was_found_of_needs_no_tick_and_is_kept_with_its_rule_set(database: Database) -> None:
    with database.sessions.writing() as session:
        row = publish(session, ONE)
        assert (row.findings, row.ruleset, row.overrides, row.good_until) == ([], RULESET, [], None)


def test_a_warning_is_published_when_it_is_ticked_and_what_was_found_is_kept(database: Database) -> None:
    with database.sessions.writing() as session:
        with pytest.raises(compliance.TicksNeeded) as refused:
            publish(session, TWO, "MN-3", "EF-1")
        assert refused.value.rule_ids == ["TP-1"]
        number = publish(session, TWO, "TP-1").id
    with database.sessions.reading() as session:
        kept = session.get_one(PlanVersion, number)
        assert [(it["rule_id"], it["severity"]) for it in kept.findings] == [("TP-1", "WARN")]
        assert kept.findings[0]["evidence"]["numbers"]["paid_above"] == 1


def test_nothing_helps_against_a_block(database: Database) -> None:
    with database.sessions.writing() as session:
        with pytest.raises(compliance.NotPublishable) as refused:
            publish(session, ALL_OF_IT, *EVERYTHING)
        assert (refused.value.code, refused.value.rule_ids) == ("plan.blocked", ["MN-1"])
        assert session.scalars(select(PlanVersion)).all() == []


def test_what_the_context_tells_is_judged_and_kept_too(database: Database) -> None:
    told = parse_context('join: [{title: 礼包, pay: purchase, amount: "499.00"}, {title: 自由加入}]')
    with database.sessions.writing() as session:
        with pytest.raises(compliance.TicksNeeded) as refused:
            publish(session, ONE, context=told)
        assert refused.value.rule_ids == ["EF-3"]
        assert "499.00" in (publish(session, ONE, "EF-3", context=told).context or "")
        with pytest.raises(compliance.NotPublishable, match="EF-2"):
            publish(session, ONE, *EVERYTHING, context=Context(join=told.join[:1]))


def test_ticks_do_not_stand_for_an_override_and_a_record_does_not_stand_for_a_tick(database: Database) -> None:
    with_both = THREE.replace("name: 方案\n", "name: 方案\nterms: {hold_days: 1}\n")
    with database.sessions.writing() as session:
        with pytest.raises(compliance.OverrideNeeded) as refused:
            publish(session, with_both, *EVERYTHING)
        assert refused.value.rule_ids == ["TP-2"]
        found = compliance.check(documents.parse(with_both), Context())
        number = plans.allow(session, VAULT, with_both, found, now=START)
        with pytest.raises(compliance.TicksNeeded):
            publish(session, with_both)
        row = publish(session, with_both, "MN-5")
        assert (row.overrides, row.good_until) == ([number], START + timedelta(days=90))


def allowed(session: Session, source: str, context: Context | None = None) -> None:
    plans.allow(session, VAULT, source, compliance.check(documents.parse(source), context or Context()), now=START)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("3%", "2%"),
        lambda text: text.replace("推广佣金", "佣金"),
        lambda text: text + "terms: {hold_days: 8}\n",
    ],
)
def test_any_edit_voids_a_record(database: Database, change: object) -> None:
    with database.sessions.writing() as session:
        allowed(session, THREE)
        with pytest.raises(compliance.OverrideNeeded):
            publish(session, change(THREE))  # type: ignore[operator]
        same_meaning = "# 只有注释不同\n" + THREE
        assert publish(session, same_meaning).overrides


def test_a_record_ends(database: Database) -> None:
    with database.sessions.writing() as session:
        allowed(session, THREE)
        with pytest.raises(compliance.OverrideNeeded):
            publish(session, THREE, days=90)
        assert publish(session, THREE, days=90, seconds=-1).overrides


def test_other_evidence_voids_a_record(database: Database) -> None:
    """The same plan, and beside it something new that needs an answer."""
    moved = parse_context("upline_moves: true")
    with database.sessions.writing() as session:
        allowed(session, THREE)
        with pytest.raises(compliance.OverrideNeeded) as refused:
            publish(session, THREE, context=moved)
        assert refused.value.rule_ids == ["MX-2", "TP-2"]


def test_a_new_rule_set_voids_a_record(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.sessions.writing() as session:
        allowed(session, THREE)
        monkeypatch.setattr("domain.compliance.override.RULESET", "cn-2027.05")
        with pytest.raises(compliance.OverrideNeeded):
            publish(session, THREE)


def test_when_a_record_ends_the_last_clean_version_is_in_force_again(database: Database) -> None:
    with database.sessions.writing() as session:
        clean = publish(session, ONE).id
        allowed(session, THREE)
        serious = publish(session, THREE, days=1).id
    end = START + timedelta(days=90)
    with database.sessions.reading() as session:

        def version(at: object) -> int | None:
            found = plan.in_force(session, at)  # type: ignore[arg-type]
            return found.version_id if found else None

        assert version(START + timedelta(days=1)) == serious
        assert version(end - timedelta(seconds=1)) == serious
        assert version(end) == clean
    with database.sessions.writing() as session:
        session.execute(update(PlanVersion).where(PlanVersion.id == serious).values(ruleset="cn-2026.05"))
    with database.sessions.reading() as session:
        assert plan.in_force(session, START + timedelta(days=2)).version_id == clean  # type: ignore[union-attr]


def test_without_a_clean_version_none_is_in_force_when_a_record_ends(database: Database) -> None:
    with database.sessions.writing() as session:
        allowed(session, THREE)
        publish(session, THREE)
    with database.sessions.reading() as session:
        assert plan.in_force(session, START) is not None
        assert plan.in_force(session, START + timedelta(days=90)) is None


def test_the_catalogue_tells_margins_and_what_is_given_away(database: Database) -> None:
    with database.sessions.writing() as session:
        demo.load(session, ASSETS, operators=("boss",), now=START)
        known = {goods.sku: goods for goods in compliance.live(session, Context()).products}
        assert known["STRAWBERRY-3J"].price.yuan == "68.00"
        with pytest.raises(compliance.OverrideNeeded) as refused:  # more than the fruit earns
            publish(session, rows("{to: seller, rate: 45%}", max_share="45%"), *EVERYTHING)
        assert refused.value.rule_ids == ["MN-2"]


def test_the_demo_merchants_plan_is_published_with_its_warning_ticked(database: Database) -> None:
    with database.sessions.writing() as session:
        demo.load(session, ASSETS, operators=("boss",), now=START)
        (row,) = session.scalars(select(PlanVersion))
        assert (row.ticks, [it["rule_id"] for it in row.findings]) == (["TP-1"], ["TP-1"])
