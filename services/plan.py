"""Plan versions: publish one, find the one in force at an instant, keep the parsed document.

A published version never changes, so a process parses each of them once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, exists, or_, select
from sqlalchemy.orm import Session

from domain import plan as documents
from domain.compliance import RULESET, Context, canonical_context
from domain.errors import DomainError
from domain.plan import Plan
from domain.results import Kind, asked_of
from models.distributor import Distributor
from models.order import Product
from models.plan import PlanVersion
from models.prepared import Prepared
from services import compliance, product
from services.intake import barrier
from services.once import table_of

EARLIEST = timedelta(minutes=1)


class StartsInThePast(DomainError):
    code = "plan.starts_in_the_past"


@dataclass(frozen=True, slots=True)
class LoadedPlan:
    """`asked`: the counts that its commission rests on, by whose they are (domain.results.asked_of)."""

    version_id: int
    plan: Plan
    asked: Mapping[int, frozenset[Kind]]


# Statements on the way of every order are built once: building one costs several times what running it does.
_VERSIONS = table_of(PlanVersion).c
IN_FORCE = (  # at the instant `at`: its id and digest, for `load`
    select(_VERSIONS.id, _VERSIONS.digest)
    .where(
        _VERSIONS.starts_at <= bindparam("at"),
        # one that rests on an override ends with it, and with its rule set: the last one before it counts again
        or_(
            _VERSIONS.good_until.is_(None),
            (_VERSIONS.good_until > bindparam("at")) & (_VERSIONS.ruleset == RULESET),
        ),
    )
    .order_by(_VERSIONS.starts_at.desc(), _VERSIONS.id.desc())
    .limit(1)
)
_IN_FORCE = Prepared(IN_FORCE)
COUNTING = exists().where(_VERSIONS.counts.is_(True))
_COUNTING = Prepared(select(COUNTING))
_DIGEST = select(_VERSIONS.digest).where(_VERSIONS.id == bindparam("id"))


def in_force(session: Session, at: datetime) -> LoadedPlan | None:
    """The version with the latest start at or before `at` that is still good; of two with one start the later one."""
    row = _IN_FORCE.first(session, {"at": at})
    return None if row is None else load(session, *row)


def counting(session: Session) -> bool:
    """Whether any version asks for counts; then they are kept, of the orders of all versions."""
    if _KNOWN not in session.info:
        note_counting(session, _COUNTING.all(session, {})[0][0])
    return bool(session.info[_KNOWN])


def note_counting(session: Session, known: bool) -> None:
    """For who has asked COUNTING together with something else."""
    session.info[_KNOWN] = bool(known)


_KNOWN = "plan counting"


def load(session: Session, version_id: int, digest: str | None = None) -> LoadedPlan:
    """A version by its id; parsed once per process and content."""
    known: dict[int, str] = session.info.setdefault("plan digests", {})  # a version never changes
    if digest is None and (digest := known.get(version_id)) is None:
        digest = session.execute(_DIGEST, {"id": version_id}).scalar_one()
    known[version_id] = digest
    if digest not in _PARSED:
        text = session.execute(select(PlanVersion.canonical).where(PlanVersion.id == version_id)).scalar_one()
        if len(_PARSED) >= _KEPT:
            _PARSED.clear()
        parsed = documents.parse(text)
        _PARSED[digest] = parsed, asked_of(parsed)
    return LoadedPlan(version_id, *_PARSED[digest])


_PARSED: dict[str, tuple[Plan, Mapping[int, frozenset[Kind]]]] = {}  # by content, so that it cannot be stale
_KEPT = 256


def catalogue(session: Session) -> documents.Catalogue:
    """What a plan may name: the products with their categories and whether their cost is known."""
    rows = session.execute(select(Product.sku, Product.category, Product.cost))
    return {row.sku: documents.Product(row.sku, row.category, row.cost) for row in rows}


def publish(
    session: Session,
    source: str,
    *,
    starts_at: datetime,
    operator: str | None,
    ticks: Sequence[str] = (),
    context: Context | None = None,
    now: datetime,
) -> PlanVersion:
    """Make the document a version that is in force from `starts_at`, a minute ago or later; it never changes.

    The compliance check is run for every caller: `ticks` are the rule ids of its warnings that the operator has taken
    note of, `context` is what it must know beside the plan. What it found is kept with the version.

    Raises PlanRefused, StartsInThePast, compliance.NotPublishable
    """
    plan = documents.parse(source)
    documents.check_against(plan, catalogue(session))
    if starts_at < now - EARLIEST:
        raise StartsInThePast(starts_at=starts_at, earliest=now - EARLIEST)
    passed = compliance.gate(session, plan, context or Context(), ticks=ticks, now=now)
    counts = bool(asked_of(plan))
    if counts:
        barrier(session)  # an order that is being recorded does not know yet that it is to be counted
    row = PlanVersion(
        name=plan.name,
        source=source,
        canonical=documents.canonical(plan),
        digest=documents.digest(plan),
        starts_at=starts_at,
        published_at=now,
        published_by=operator,
        ticks=list(ticks),
        findings=[finding.data() for finding in passed.findings],
        ruleset=RULESET,
        context=None if context is None else canonical_context(context),
        overrides=list(passed.overrides),
        good_until=passed.good_until,
        counts=counts,
    )
    session.add(row)
    session.flush()
    return row


def told(session: Session, plan: Plan) -> list[str]:
    """The plan as a distributor reads it, products by their names."""
    skus = {sku for rule in plan.rules for sku in (*rule.scope.skus, *rule.scope.exclude)}
    return documents.told(plan, product.names(session, skus) if skus else {})


def affected(session: Session, difference: documents.Difference) -> int:
    """How many active distributors a change concerns: of a seat above the seller those with a downline so deep."""
    rows = session.execute(select(Distributor.id, Distributor.inviter_id, Distributor.role, Distributor.status)).all()
    roles = {row.id: row.role for row in rows if row.status == "active"}
    concerned = set(roles)
    if difference.seat:
        inviter = {row.id: row.inviter_id for row in rows}
        concerned = set(inviter)
        for _ in range(difference.seat):
            concerned = {up for id_ in concerned if (up := inviter[id_]) is not None}
    return sum(id_ in roles and (not difference.roles or roles[id_] in difference.roles) for id_ in concerned)


def versions(session: Session) -> list[PlanVersion]:
    """All of them, by start."""
    return list(session.scalars(select(PlanVersion).order_by(PlanVersion.starts_at, PlanVersion.id)))
