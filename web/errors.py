"""What a caller sees when something is wrong: JSON for the API, a short page elsewhere, never a traceback."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any

from flask import Flask, Response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

log = logging.getLogger(__name__)

Field = tuple[str, str]

# status: (code of the API, sentence)
_SAID = {
    400: ("bad_request", "请求不完整或格式不对"),
    403: ("forbidden", "没有权限"),
    404: ("not_found", "没有这个地址"),
    405: ("method_not_allowed", "这个地址不支持这种请求方法"),
    413: ("too_large", "内容太大"),
    500: ("internal", "系统出错了，已记录，请稍后再试"),
    503: ("unavailable", "系统暂时不可用，请稍后再试"),
}


def reply(body: dict[str, Any], status: int = 200) -> Response:
    text = json.dumps(body, ensure_ascii=False)
    return Response(text, status, mimetype="application/json", headers={"Cache-Control": "no-store"})


def refusal(status: int, code: str, message: str, fields: Sequence[Field] = ()) -> Response:
    """An error of the API as an answer."""
    return reply(body_of(code, message, fields), status)


def body_of(code: str, message: str, fields: Sequence[Field] = ()) -> dict[str, Any]:
    """An error of the API: `{"error": {"code", "message", "fields": [{"field", "message"}]}}`."""
    named = [{"field": name, "message": said} for name, said in fields]
    return {"error": {"code": code, "message": message, "fields": named}}


def install(app: Flask) -> None:
    """Answer every error that a view leaves open."""
    app.url_map.merge_slashes = False  # it would answer `//` by a redirect to the request's Host

    @app.errorhandler(HTTPException)
    def on_http(fault: HTTPException) -> ResponseReturnValue:
        if fault.code is None or fault.code < 400:
            return fault.get_response()
        response = _say(fault.code)
        for name, value in fault.get_headers():
            if name.lower() not in ("content-type", "content-length"):
                response.headers[name] = value  # Allow, Retry-After
        return response

    @app.errorhandler(OperationalError)
    @app.errorhandler(InterfaceError)
    @app.errorhandler(PoolTimeout)
    def on_database(fault: Exception) -> Response:
        log.error("database does not answer", extra={"event": "database.unavailable", "kind": type(fault).__name__})
        response = _say(503)
        response.headers["Retry-After"] = "5"
        return response

    @app.errorhandler(Exception)
    def on_mistake(fault: Exception) -> Response:
        log.error("request failed", extra={"event": "request.failed", "endpoint": request.endpoint}, exc_info=fault)
        return _say(500)


def _say(status: int) -> Response:
    code, sentence = _SAID.get(status, ("error", "请求没有成功"))
    if request.path.startswith("/callback/"):  # a platform reads the status only
        return Response(status=status)
    if request.path.startswith("/api/"):
        return refusal(status, code, sentence)
    page = render_template("error.html", status=status, sentence=sentence)
    return Response(page, status, headers={"Cache-Control": "no-store"})
