"""The customer's phone as a mall: products, orders, completion and refunds over the app's signed order API."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from datetime import datetime
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import requests

from .clock import SHANGHAI

if TYPE_CHECKING:
    from .state import World

SECONDS = 15
SOURCE = "demo"
CENT = Decimal("0.01")
MOST_STEP = 2048
Answer = tuple[int, dict[str, Any]]


class MallError(Exception):
    """The phone cannot do this; the text is for the person who holds it."""


class Mall:
    """Keeps the phone's orders as `{"no", "buyer", "lines", "paid", "at", "completed", "refunded", "answer"}`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.known_as: Callable[[str], dict[str, str]] = lambda _: {}
        self.load()

    def load(self) -> None:
        rows = self._world.store.load("order")
        self.orders: dict[str, dict[str, Any]] = {row["no"]: row for row in sorted(rows, key=lambda row: row["at"])}
        # Not forgotten by a reset: the mall on the other side still has those orders.
        self._numbers: dict[str, int] = getattr(self, "_numbers", {})

    @property
    def open(self) -> bool:
        return bool(self._world.options.mall_url and self._world.options.mall_secret)

    def products(self) -> Answer:
        return self._call("GET", "/api/v1/products")

    def buy(self, wish: dict[str, Any]) -> Answer:
        """Buy `{"sku", "qty", "code"?, "coupon"?, "buyer"}`; the product's name and price are the mall's own."""
        product = self._product(str(wish.get("sku", "")))
        qty = wish.get("qty", 1)
        if isinstance(qty, bool) or not isinstance(qty, int) or not 1 <= qty <= 999:
            raise MallError("数量要在 1 到 999 之间")
        total, coupon = Decimal(str(product["price"])) * qty, str(wish.get("coupon") or "").strip()
        paid = _yuan(total - (self._off(coupon, product, total) if coupon else 0))
        order: dict[str, Any] = {
            "no": self._number(),
            "source": SOURCE,
            "buyer": self._buyer(str(wish.get("buyer") or "cust-zhou")),
            "ref": {name: str(wish[name]) for name in ("code", "coupon") if wish.get(name)},
            "paid_at": self._instant(),
            "freight": "0.00",
            "lines": [
                {
                    "sku": product["sku"],
                    "name": product["name"],
                    "category": product["category"],
                    "qty": qty,
                    "price": product["price"],
                    "paid": paid,
                }
            ],
        }
        status, answer = self._push(order)
        if status in (200, 201):
            self._keep(
                {
                    "no": order["no"], "buyer": order["buyer"]["id"], "lines": order["lines"], "paid": paid,
                    "at": self._world.now(), "completed": False, "refunded": "0.00", "answer": answer,
                }
            )  # fmt: skip
        return status, {**answer, "no": order["no"]}

    def _buyer(self, number: str) -> dict[str, str]:
        """A mall inside WeChat knows its buyers' ids there, of those who have come to the merchant's members too."""
        return {"id": number, **self.known_as(number)}

    def _push(self, order: dict[str, Any]) -> Answer:
        """Push an order; where its number is taken by a mall that remembers more than we do, take a later one."""
        step = 1
        while True:
            status, answer = self._call("POST", "/api/v1/orders", order)
            if status != 409 or step > MOST_STEP:
                return status, answer
            order["no"] = self._number(step)
            step *= 2

    def complete(self, number: str) -> Answer:
        order = self._order(number)
        status, answer = self._call("POST", f"/api/v1/orders/{number}/complete", {"at": self._instant()})
        if status in (200, 201, 202):
            self._keep({**order, "completed": True})
        return status, answer

    def refund(self, number: str, wish: dict[str, Any]) -> Answer:
        """Refund what is left, or `{"amount": "12.00", "qty": 0}` of it."""
        order = self._order(number)
        line = order["lines"][0]
        left = Decimal(order["paid"]) - Decimal(order["refunded"])
        amount = _amount(wish.get("amount"), left)
        whole = amount == left
        qty = line["qty"] - order.get("refunded_qty", 0) if whole else int(wish.get("qty", 0))
        body = {
            "refund_no": f"R{number[1:]}-{secrets.token_hex(3)}",
            "at": self._instant(),
            "lines": [{"line": 0, "qty": qty, "amount": _yuan(amount)}],
        }
        status, answer = self._call("POST", f"/api/v1/orders/{number}/refunds", body)
        if status in (200, 201, 202):
            refunded = _yuan(Decimal(order["refunded"]) + amount)
            self._keep({**order, "refunded": refunded, "refunded_qty": order.get("refunded_qty", 0) + qty})
        return status, answer

    def _off(self, code: str, product: dict[str, Any], total: Decimal) -> Decimal:
        """What a coupon takes off; the mall asks before the customer pays, and says why it is good for nothing."""
        status, coupon = self._call("GET", f"/api/v1/coupons/{quote(code, safe='')}")
        if status != 200:
            raise MallError("没有这个券码")
        if coupon["state"] != "usable":
            raise MallError(
                {"used": "这张券已经用过了", "over": "这张券已经过期了"}.get(coupon["state"], "这张券不能用了")
            )
        scope = coupon["scope"]
        named = product["sku"] in scope["skus"] or product["category"] in scope["categories"]
        if product["sku"] in scope["exclude"] or not (named or not (scope["skus"] or scope["categories"])):
            raise MallError("这张券不能用在这件商品上")
        if total < Decimal(coupon["minimum"]):
            raise MallError(f"这张券要满 {coupon['minimum']} 元，现在是 {_yuan(total)} 元")
        if coupon["kind"] == "spend_and_save":
            return min(Decimal(coupon["off"]), total)
        part = Decimal(_yuan(total * Decimal(coupon["off"].rstrip("%")) / 100))
        return part if coupon["at_most"] is None else min(part, Decimal(coupon["at_most"]))

    def _product(self, sku: str) -> dict[str, Any]:
        status, answer = self.products()
        if status != 200:
            raise MallError("商品列表暂时打不开")
        found = next((item for item in answer.get("products", []) if item.get("sku") == sku), None)
        if found is None:
            raise MallError("没有这件商品")
        return dict(found)

    def _order(self, number: str) -> dict[str, Any]:
        if number not in self.orders:
            raise MallError("手机里没有这个订单")
        return self.orders[number]

    def _number(self, step: int = 1) -> str:
        """The next free number of the day, for example D20261121-0001."""
        day = datetime.fromtimestamp(self._world.now(), SHANGHAI).strftime("%Y%m%d")
        with self._world.lock:
            number = self._numbers.get(day, 0) + step
            while f"D{day}-{number:04d}" in self.orders:
                number += 1
            self._numbers[day] = number
            return f"D{day}-{number:04d}"

    def _instant(self) -> str:
        return datetime.fromtimestamp(int(self._world.now()), SHANGHAI).isoformat()

    def _keep(self, order: dict[str, Any]) -> None:
        with self._world.lock:
            self.orders[order["no"]] = order
            self._world.store.save("order", order["no"], order)
            self._world.publish({"type": "order", "order": order})

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        """One signed request: hex HMAC-SHA256 of timestamp, nonce and raw body, one a line."""
        url, secret = self._world.options.mall_url, self._world.options.mall_secret
        if not url or not secret:
            raise MallError("模拟器没有接上商城（mall_url、mall_secret）")
        raw = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        stamp, nonce = str(int(self._world.now())), secrets.token_hex(16)
        signature = hmac.new(secret.encode(), f"{stamp}\n{nonce}\n".encode() + raw, hashlib.sha256).hexdigest()
        headers = {"X-Timestamp": stamp, "X-Nonce": nonce, "X-Signature": signature, "Connection": "close"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.request(
                    method, url.rstrip("/") + path, data=raw or None, headers=headers, timeout=SECONDS
                )
            found = answer.json()
        except requests.JSONDecodeError:
            raise MallError(f"商城的回答看不懂（HTTP {answer.status_code}）") from None
        except requests.RequestException:
            raise MallError("连不上商城，请看看应用是否在运行") from None
        return answer.status_code, found if isinstance(found, dict) else {"answer": found}


def _yuan(amount: Decimal) -> str:
    return str(amount.quantize(CENT, rounding=ROUND_DOWN))


def _amount(wish: Any, left: Decimal) -> Decimal:
    if left <= 0:
        raise MallError("这一单已经全部退款")
    if wish in (None, ""):
        return left
    try:
        amount = Decimal(str(wish))
    except InvalidOperation:
        raise MallError("退款金额看不懂，例如 12.50") from None
    if not Decimal(0) < amount <= left or amount != amount.quantize(CENT):
        raise MallError(f"退款金额要在 0.01 到 {_yuan(left)} 之间")
    return amount
