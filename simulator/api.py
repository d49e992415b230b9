"""The door of `/cgi-bin/…`: every call is logged, broken on demand, admitted, parsed and answered here.

A part of the platform registers its calls with `add`; its function takes a `Call` and returns what stands beside
`errcode` and `errmsg`, or a Flask response where the answer is not JSON. It runs under the world's lock.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import Request, Response, jsonify
from flask import request as current

from . import errors
from .counters import Blocker
from .errors import ApiError
from .faults import Fault, Faults, break_connection

if TYPE_CHECKING:
    from .state import World
    from .tokens import Grant, Tokens

MINUTE, HOUR = 60, 3600
GATEWAY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass
class Call:
    """One API call, as far as its function may see it."""

    path: str
    query: dict[str, str]
    raw: bytes
    ip: str
    request: Request
    body: dict[str, Any] = field(default_factory=dict)
    grant: Grant | None = None
    note: dict[str, Any] = field(default_factory=dict)  # what the log may say about it; never a secret
    wrong_types: bool = False

    def integer(self, source: dict[str, Any], name: str, default: int = 0) -> int:
        """An integer field; a number in quotes is understood, but the answer carries a warning."""
        value = source.get(name, default)
        if isinstance(value, str) and value.lstrip("-").isdigit():
            self.wrong_types = True
            return int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise ApiError(40058, f"{name}: invalid Request Parameter")
        return value

    def text(self, source: dict[str, Any], name: str) -> str:
        """A text field, empty if it is missing; a bare number is understood with a warning."""
        value = source.get(name, "")
        if value is None:
            return ""
        if isinstance(value, int) and not isinstance(value, bool):
            self.wrong_types = True
            return str(value)
        if not isinstance(value, str):
            raise ApiError(40058, f"{name}: invalid Request Parameter")
        return value

    def object(self, source: dict[str, Any], name: str) -> dict[str, Any]:
        value = source.get(name)
        if not isinstance(value, dict):
            raise ApiError(40058, f"missing field: {name}. invalid Request Parameter")
        return value


Function = Callable[[Call], "dict[str, Any] | Response"]


@dataclass(frozen=True)
class Route:
    function: Function
    method: str
    token: bool
    counted: bool
    form: bool


class Api:
    def __init__(self, world: World, faults: Faults, tokens: Tokens) -> None:
        self._world = world
        self._faults = faults
        self._tokens = tokens
        self._routes: dict[str, Route] = {}
        self._prefix = ""  # of paths in the log and in the rules of faults
        self._minute, self._hour = Blocker(MINUTE), Blocker(HOUR)

    def add(
        self, path: str, function: Function, *, method: str = "POST", token: bool = True, counted: bool = True,
        form: bool = False,
    ) -> None:  # fmt: skip
        """Register one call. `counted`: part of the frequency limit per API; `form`: its body is not JSON."""
        self._routes[path] = Route(function, method, token, counted, form)

    def answer(self, path: str) -> Response:
        """Answer the current Flask request."""
        started = time.monotonic()
        route = self._routes.get(path)
        request: Request = current._get_current_object()  # type: ignore[attr-defined]
        call = Call(path, dict(request.args), request.get_data(), request.remote_addr or "", request)
        fault = self._faults.take(self._prefix + path)
        response, code = self._respond(call, route, fault)
        self._world.log_call(
            {
                "at": round(self._world.now(), 3),
                "path": self._prefix + path,
                "method": current.method,
                "http": response.status_code if code is not None else 0,
                "errcode": code,
                "ms": round((time.monotonic() - started) * 1000, 1),
                "fault": fault.effect if fault else None,
                **call.note,
            }
        )
        return response

    def _respond(self, call: Call, route: Route | None, fault: Fault | None) -> tuple[Response, int | None]:
        effect = fault.effect if fault else ""
        if effect == "http_502":
            return Response(GATEWAY_PAGE, 502, mimetype="text/html"), -1
        if effect == "reset_before":
            return self._cut(), None
        if route is None:
            return Response("<html><body><h1>404 Not Found</h1></body></html>", 404, mimetype="text/html"), -1
        early = fault if fault is not None and effect == "errcode" and not fault.processed else None
        response, code = self._work(call, route, early, fault.delay if fault and effect == "slow" else 0.0)
        if effect == "reset_after":
            return self._cut(), None
        if fault is not None and effect == "errcode" and fault.processed:
            return self._failure(call, ApiError(fault.errcode)), fault.errcode
        return response, code

    def _work(self, call: Call, route: Route, early: Fault | None, delay: float) -> tuple[Response, int]:
        try:
            with self._faults.under_way(self._prefix + call.path):
                if delay:
                    self._world.wait_for(lambda: False, delay)
                if early is not None:
                    raise ApiError(early.errcode)
                self._admit(call, route)
                with self._world.lock:
                    found = route.function(call)
        except ApiError as error:
            return self._failure(call, error), error.code
        if isinstance(found, Response):
            return found, 0
        return self._success(call, found), 0

    def _success(self, call: Call, found: dict[str, Any]) -> Response:
        words = "ok. Warning: wrong json format. " if call.wrong_types else "ok"
        return jsonify({"errcode": 0, "errmsg": words, **found})

    def _admit(self, call: Call, route: Route) -> None:
        """Token, address, frequency, method and body, in this order."""
        if route.token:
            call.grant = self._tokens.check(call.query.get("access_token"))
        if route.token or (call.path == "gettoken" and self._world.limits.ip_list_covers_gettoken):
            self._check_address(call.ip)
        if route.counted:
            self.count(call.path)
        if call.request.method != route.method:
            raise ApiError(40058, f"{route.method} expected. invalid Request Parameter")
        if route.method == "POST" and not route.form:
            call.body = _json_object(call.raw)

    def _check_address(self, ip: str) -> None:
        trusted = self._faults.ip_list
        if trusted is not None and ip not in trusted:
            raise ApiError(60020)

    def count(self, path: str) -> None:
        """One call more of its frequency; ApiError 45009 beyond the limit."""
        limits = self._world.limits
        with self._world.lock:
            now = self._world.now()
            hour = self._hour.admit(path, now, limits.api_per_hour)
            if not hour or not self._minute.admit(path, now, limits.api_per_minute):
                raise ApiError(45009)

    def check_agent(self, call: Call, agent_id: int) -> None:
        """The app that the body names must be the token's."""
        if agent_id <= 0:
            raise ApiError(40056)
        if call.grant is None or call.grant.agent_id != agent_id:
            raise ApiError(301002)

    def _failure(self, call: Call, error: ApiError) -> Response:
        body = errors.body(error.code, error.message, ip=call.ip, now=self._world.now())
        response = jsonify(body)
        response.headers["Error-Code"] = str(error.code)
        return response

    def _cut(self) -> Response:
        if not break_connection(current.environ):
            # Behind a server that hides its socket the nearest thing is an answer that ends too early.
            return Response(b"", 200, headers={"Content-Length": "64"})
        return Response(b"", 200)

    def clear(self) -> None:
        self._minute.clear()
        self._hour.clear()


def _json_object(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw.decode("utf-8"))
    except (UnicodeDecodeError, ValueError):
        raise ApiError(40058, "wrong json format. invalid Request Parameter") from None
    if not isinstance(found, dict):
        raise ApiError(40058, "wrong json format. invalid Request Parameter")
    return found
