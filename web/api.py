"""Order intake (/api/v1): signed pushes from any mall. The whole of it is in docs/order-api.md and openapi.json.

A request is one transaction: its nonce, what it says, one commit. A request that is refused changes nothing but spends
its nonce all the same, in a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Blueprint, Response, request
from sqlalchemy.orm import Session

from domain.errors import DomainError, IdempotencyConflict, Invalid
from domain.fields import NotAnObject
from domain.order import CompletionFacts, OrderFacts, RefundFacts, ShipmentFacts, check_number
from services import metrics, nonce, order, product
from services.coupon import offering
from web import AnyText, Deps, in_transaction, openapi
from web.errors import body_of, refusal, reply
from web.signing import NONCE, Signed, Unsigned

MAX_BODY = 1_000_000  # bytes
_NO_COUPON = body_of("not_found", "没有这个券码")
_STATUS = {"created": 201, "same": 200, "completed": 200, "kept": 202}

F = TypeVar("F")
Work = Callable[[Session], tuple[str, int, dict[str, Any]]]  # the metrics' word, the status, the answer


def blueprint(deps: Deps) -> Blueprint:
    pages = Blueprint("api", __name__, url_prefix="/api/v1")
    pages.record_once(lambda state: state.app.url_map.converters.update(text=AnyText))

    @pages.post("/orders")
    def push_order() -> Response:
        def work(session: Session, facts: OrderFacts) -> order.Outcome:
            return order.record(session, deps.vault, facts, now=deps.clock())

        return _push(deps, None, lambda text: OrderFacts.parse(text, now=deps.clock()), work)

    @pages.post("/orders/<text:no>/refunds", merge_slashes=False)
    def push_refund(no: str) -> Response:
        def work(session: Session, facts: RefundFacts) -> order.Outcome:
            return order.refund(session, no, facts, source=_source(), now=deps.clock())

        return _push(deps, no, RefundFacts.parse, work, created="refunded")

    @pages.post("/orders/<text:no>/complete", merge_slashes=False)
    def push_completion(no: str) -> Response:
        def work(session: Session, facts: CompletionFacts) -> order.Outcome:
            return order.complete(session, no, facts, source=_source(), now=deps.clock())

        return _push(deps, no, CompletionFacts.parse, work)

    @pages.post("/orders/<text:no>/shipments", merge_slashes=False)
    def push_shipment(no: str) -> Response:
        def work(session: Session, facts: ShipmentFacts) -> order.Outcome:
            return order.ship(session, no, facts, source=_source(), now=deps.clock())

        return _push(deps, no, ShipmentFacts.parse, work, created="shipped")

    @pages.get("/products")
    def products() -> Response:
        return _signed(deps, lambda text: lambda session: ("", 200, product.answer(product.every(session))))

    @pages.get("/coupons/<text:code>", merge_slashes=False)
    def coupon(code: str) -> Response:
        def work(session: Session) -> tuple[str, int, dict[str, Any]]:
            found = offering.taken(session, code, now=deps.clock())
            return ("", 404, _NO_COUPON) if found is None else ("", 200, offering.answer(found))

        return _signed(deps, lambda text: work)

    @pages.get("/openapi.json")
    def description() -> Response:
        return reply(openapi.document(deps.base_url))

    return pages


def _source() -> str | None:
    return request.args.get("source")


def _push(
    deps: Deps,
    no: str | None,
    parse: Callable[[str], F],
    work: Callable[[Session, F], order.Outcome],
    *,
    created: str = "created",
) -> Response:
    """One push: what is in its body and its address is checked before a transaction is opened for it."""

    def prepare(text: str) -> Work:
        _check_address(no)
        facts = parse(text)

        def carry_out(session: Session) -> tuple[str, int, dict[str, Any]]:
            outcome = work(session, facts)
            if outcome.order is None:
                return "kept", 202, {"no": no, "kept": True}
            result = created if outcome.status == "created" else outcome.status
            return result, _STATUS[outcome.status], order.answer(session, outcome)

        return carry_out

    return _signed(deps, prepare)


def _check_address(no: str | None) -> None:
    if no is not None:
        check_number("no", no)
    if (source := _source()) is not None:
        check_number("source", source)


def _signed(deps: Deps, prepare: Callable[[str], Work]) -> Response:
    """Answer a request if it is signed: check it, spend its nonce, carry it out, commit."""
    if not deps.order_api_secret:
        return refusal(404, "closed", "订单接口没有开启：请设置 ORDER_API_SECRET")
    try:
        signed = Signed.read(request.headers)
        body = _body()
        signed.check(body, deps.order_api_secret, (deps.clock(), deps.machine_clock()))
        result, status, answer = _once(deps, signed, body, prepare)
    except DomainError as refused:
        return _refused(refused)
    if result:
        metrics.orders.labels(result=result).inc()
    return reply(answer, status)


def _body() -> bytes:
    """The raw body, at most MAX_BODY bytes: what is longer is not read to its end. A GET has none."""
    if request.method == "GET":
        return b""
    request.max_content_length = MAX_BODY
    return request.get_data(cache=False)


def _once(deps: Deps, signed: Signed, body: bytes, prepare: Callable[[str], Work]) -> tuple[str, int, dict[str, Any]]:
    now = deps.machine_clock()
    sweep = False

    def carry_out(session: Session) -> tuple[str, int, dict[str, Any]]:
        nonlocal sweep
        sweep = nonce.spend(session, signed.nonce, now=now)
        return work(session)

    try:
        work = prepare(_text(body))
        answer = in_transaction(deps.sessions, carry_out)
    except nonce.UsedNonce:
        raise
    except DomainError:
        in_transaction(deps.sessions, lambda session: nonce.spend(session, signed.nonce, now=now))
        raise
    if sweep:
        in_transaction(deps.sessions, lambda session: nonce.sweep(session, now=now))
    return answer


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise NotAnObject(why="请求体不是 UTF-8 编码") from None


def _refused(refused: DomainError) -> Response:
    if isinstance(refused, Unsigned | nonce.UsedNonce):
        metrics.orders.labels(result="unauthorized").inc()
        if isinstance(refused, Unsigned):
            return refusal(401, refused.code, refused.message, refused.fields)
        said = "X-Nonce 已经用过：每次请求（包括重试）都要换一个新的，并重新签名"
        return refusal(401, "used_nonce", said, [(NONCE, said)])
    if isinstance(refused, NotAnObject):
        metrics.orders.labels(result="invalid").inc()
        return refusal(400, "not_json", str(refused.facts["why"]))
    if isinstance(refused, Invalid):
        metrics.orders.labels(result="invalid").inc()
        return refusal(422, "invalid", f"有 {len(refused.faults)} 处不对，什么都没有记录", refused.faults)
    if isinstance(refused, IdempotencyConflict):
        metrics.orders.labels(result="conflict").inc()
        return refusal(409, "conflict", "这个编号已经用于内容不同的推送，什么都没有记录")
    metrics.orders.labels(result="refused").inc()
    return refusal(422, "refused", "这个推送没有被接受，什么都没有记录")
