"""A mall and a merchant for tests: distributors, a plan, and pushes that are signed like a real mall's."""

from __future__ import annotations

import itertools
import json
import secrets
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from domain import code as codes
from models.base import Sessions
from models.distributor import Distributor, Identity
from models.ledger import LedgerAccount, LedgerPosting
from services import ledger, standing
from services.vault import Vault
from tests.support import plans
from web import Deps, api, coupon, errors, health, shop
from web.signing import sign

SECRET = "a secret of tests"
NOW = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
BASE = "https://tuike.example"
KEYS = ["MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="]
PLAN = """
name: 水果店
terms:
{terms}
rules:
  - id: direct
    title: 推广佣金
    kind: commission
    pay:
      - {{to: seller, rate: 10%}}
      - {{to: upline-1, rate: 5%}}
"""


class Mall:
    """`now` may be moved; `push` and its kin sign with the machine's clock, which is `now` too."""

    def __init__(self, sessions: Sessions, images: Path = Path("/nonexistent"), **deps: Any) -> None:
        self.sessions = sessions
        self.now = NOW
        self.vault = Vault(KEYS, "secret key of tests")
        self.app = Flask(__name__, root_path=str(Path(__file__).parents[2] / "web"), static_folder=None)
        self.deps = Deps(
            sessions=sessions,
            vault=self.vault,
            clock=lambda: self.now,
            machine_clock=lambda: self.now,
            base_url=BASE,
            images=images,
            **({"order_api_secret": SECRET} | deps),
        )
        for area in (api, shop, coupon, health):
            self.app.register_blueprint(area.blueprint(self.deps))
        errors.install(self.app)
        self._counter = itertools.count()

    # The merchant

    def plan(self, *, starts_at: datetime = NOW - timedelta(days=400), **terms: str) -> int:
        with self.sessions.writing() as session:
            text = PLAN.format(
                terms="\n".join(f"  {key}: {value}" for key, value in {"hold_days": "7", **terms}.items())
            )
            row = plans.publish(session, self.vault, text, starts_at=starts_at, now=starts_at)
            return row.id

    def distributor(self, name: str, *, inviter: Distributor | None = None, **values: Any) -> Distributor:
        code = codes.new(Random(next(self._counter)).randrange)
        with self.sessions.writing() as session:
            row = Distributor(
                **{
                    "code": code,
                    "status": "active",
                    "told_name": name,
                    "inviter_id": inviter.id if inviter else None,
                    "joined_at": NOW - timedelta(days=300),
                    "created_at": NOW,
                }
                | values
            )
            session.add(row)
            session.flush()
            ledger.open_accounts(session, row.id)
            return row

    def known_by(self, who: Distributor, kind: str, value: str) -> None:
        with self.sessions.writing() as session:
            digest = self.vault.digest(kind, value)
            row = Identity(distributor_id=who.id, kind=kind, digest=digest, sealed="-", created_at=NOW)
            row.plain = value if kind == "wecom" else None
            session.add(row)

    def suspend(self, who: Distributor) -> None:
        with self.sessions.writing() as session:
            standing.suspend(session, session.get_one(Distributor, who.id), at=self.now, now=self.now)

    # The mall

    def send(self, method: str, path: str, body: bytes, **headers: str | None) -> TestResponse:
        """A signed request; a header may be replaced, or left out with None: `X_Nonce="n1"`."""
        stamp = str(int(self.now.timestamp()))
        given = {"X-Timestamp": stamp, "X-Nonce": secrets.token_hex(8)}
        given |= {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
        given.setdefault("X-Signature", sign(SECRET, given["X-Timestamp"], given["X-Nonce"], body))
        for name in (name.replace("_", "-") for name, value in headers.items() if value is None):
            given.pop(name, None)
        return self.app.test_client().open(path, method=method, data=body, headers=given)

    def push(self, order: dict[str, Any], **headers: str | None) -> TestResponse:
        return self.send("POST", "/api/v1/orders", json.dumps(order).encode(), **headers)

    def tell(self, no: str, what: str, body: dict[str, Any], query: str = "", **headers: str | None) -> TestResponse:
        return self.send("POST", f"/api/v1/orders/{no}/{what}{query}", json.dumps(body).encode(), **headers)

    def refund(self, no: str, refund_no: str, *lines: tuple[int, int, str], at: datetime | None = None) -> TestResponse:
        body = {
            "refund_no": refund_no,
            "at": (at or self.now).isoformat(),
            "lines": [{"line": line, "qty": qty, "amount": amount} for line, qty, amount in lines],
        }
        return self.tell(no, "refunds", body)

    # What is in the database

    def count(self, model: Any) -> int:
        with self.sessions.reading() as session:
            return session.scalar(select(func.count()).select_from(model)) or 0

    def read(self, work: Any) -> Any:
        with self.sessions.reading() as session:
            return work(session)

    def balances(self, who: Distributor) -> tuple[str, str]:
        with self.sessions.reading() as session:
            found = ledger.balances(session, who.id)
        return found.pending.yuan, found.available.yuan

    def books_are_right(self) -> bool:
        """Every entry sums to zero, every balance is the sum of its account's postings."""
        entries: Counter[int] = Counter()
        accounts: Counter[int] = Counter()
        with self.sessions.reading() as session:
            for posting in session.scalars(select(LedgerPosting)):
                entries[posting.entry_id] += posting.amount.fen
                accounts[posting.account_id] += posting.amount.fen
            balances = {row.id: row.balance for row in session.scalars(select(LedgerAccount))}
        right = all(balance is None or balance.fen == accounts[id_] for id_, balance in balances.items())
        return right and not any(entries.values())


def order(no: str = "O1", *, code: str | None = None, at: datetime = NOW, **changes: Any) -> dict[str, Any]:
    """An order of 100.00 in one line of two units; keys are replaced or, with `...`, left out."""
    body: dict[str, Any] = {
        "no": no,
        "source": "mall",
        "buyer": {"id": "cust-1"},
        "ref": {"code": code} if code else {},
        "paid_at": at.isoformat(),
        "freight": "8.00",
        "lines": [line()],
    }
    return {key: value for key, value in (body | changes).items() if value is not ...}


def line(**changes: Any) -> dict[str, Any]:
    whole = {"sku": "APPLE", "name": "苹果", "category": "水果", "qty": 2, "price": "50.00", "paid": "100.00"}
    return {key: value for key, value in (whole | changes).items() if value is not ...}


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)
