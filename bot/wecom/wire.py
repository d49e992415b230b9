"""HTTP to WeCom with deadlines, bounded answers and no secret in any log or exception.

A token, a secret and a robot's key travel in the query string (§0.3), so every text that may hold an address is a leak:
requests' exceptions are replaced by our own, outside of their `except` so that no context keeps them, and what
urllib3 logs at DEBUG passes a filter.

Source   reference/wecom.md §0.3, §12.4
"""

from __future__ import annotations

import json
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, NewConnectionError

from bot.wecom.errors import KINDS, Kind, Refused, Unanswered

log = logging.getLogger(__name__)

CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS = 4.0, 6.0, 11.0
LARGEST_ANSWER = 1 << 20

_SECRET = re.compile(r"((?:access_token|corpsecret|secret|key|response_code|openid)=)[^&\s'\"\\)>]+")


class _Redact(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _SECRET.sub(r"\1***", record.getMessage()), ()
        return True


for _name in ("urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry", "urllib3.poolmanager"):
    logging.getLogger(_name).addFilter(_Redact())

Observe = Callable[[str, str], None]


class Wire:
    """One base address; safe to share between threads and to carry over a fork.

    base      WECOM_API_BASE, ends in /cgi-bin
    observe   told of each call: path and errcode, "unanswered" where there was none (tuike_wecom_calls_total)
    kinds     what the platform's errcodes ask for
    silent    an answer without an errcode is one of 0, as the 公众号's often are
    largest   bytes of an answer
    """

    def __init__(
        self,
        base: str,
        observe: Observe | None = None,
        *,
        kinds: Mapping[int, Kind] = KINDS,
        silent: bool = False,
        largest: int = LARGEST_ANSWER,
    ) -> None:
        self.kinds, self._silent, self._largest = kinds, silent, largest
        self._base = base.rstrip("/")
        self._observe = observe or (lambda path, errcode: None)
        self._local = threading.local()
        host = urlsplit(self._base).hostname or ""
        self._loopback = host == "localhost" or host.startswith("127.") or host == "::1"

    def get(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        return self._call(self._session(), "GET", path, query, {})

    def post_json(self, path: str, query: dict[str, str], body: bytes, *, anew: bool = False) -> dict[str, Any]:
        """`anew` takes a new connection: a kept one that the other end closes meanwhile looks like a lost call."""
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if not anew:
            return self._call(self._session(), "POST", path, query, {"data": body, "headers": headers})
        with self._new_session() as session:
            return self._call(session, "POST", path, query, {"data": body, "headers": headers})

    def post_file(self, path: str, query: dict[str, str], name: str, data: bytes, media_type: str) -> dict[str, Any]:
        # urllib3 2 writes a Chinese name as raw UTF-8, the only form that WeCom reads (§5).
        content = {"files": {"media": (name, data, media_type)}}
        return self._call(self._session(), "POST", path, query, content)

    def fetch(self, address: str) -> bytes:
        """A file of the platform at an address that it gave us, without a token. Raises Unanswered"""
        if urlsplit(address).scheme not in ("http", "https"):
            raise Unanswered("a picture", "no web address", "no")
        found = self._exchange(self._session(), "GET", "a picture", {}, {}, address)
        if isinstance(found, Unanswered):
            raise found
        return found

    def _call(
        self, session: requests.Session, method: str, path: str, query: dict[str, str], content: dict[str, Any]
    ) -> dict[str, Any]:
        """The answer's object where errcode is 0; else Refused or Unanswered."""
        text = self._exchange(session, method, path, query, content)
        answer = _object(path, text, silent=self._silent) if isinstance(text, bytes) else text
        if isinstance(answer, Unanswered):
            self._observe(path, "unanswered")
            raise answer
        self._observe(path, str(answer["errcode"]))
        if answer["errcode"] != 0:
            raise Refused(path, answer["errcode"], str(answer.get("errmsg", "")), self.kinds)
        return answer

    def _exchange(
        self,
        session: requests.Session,
        method: str,
        path: str,
        query: dict[str, str],
        content: dict[str, Any],
        elsewhere: str | None = None,
    ) -> bytes | Unanswered:
        """The bytes of a 200, or what went wrong: returned, not raised, so that it carries no exception of requests."""
        until = time.monotonic() + WHOLE_SECONDS
        address, accepted = elsewhere or f"{self._base}/{path}", False
        options = {"timeout": (CONNECT_SECONDS, READ_SECONDS), "allow_redirects": False, "stream": True, **content}
        try:
            with session.request(method, address, params=dict(query), **options) as response:
                if response.status_code != 200:
                    return Unanswered(path, f"HTTP {response.status_code}", "unclear")
                accepted = True
                return _bounded(path, response, until, self._largest)
        except requests.ConnectTimeout:
            return Unanswered(path, "no connection in time", "no")
        except requests.ReadTimeout:
            return Unanswered(path, "no answer in time", "likely")
        except (requests.RequestException, HTTPError) as fault:
            happened: Any = "likely" if accepted else "no" if _never_connected(fault) else "unclear"
            return Unanswered(path, f"connection broken ({_cause(fault)})", happened)

    def _session(self) -> requests.Session:
        """One per thread and process: a connection that a fork has copied would mix two conversations."""
        if getattr(self._local, "pid", None) != os.getpid():
            self._local.session, self._local.pid = self._new_session(), os.getpid()
        return self._local.session  # type: ignore[no-any-return]

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.mount("http://", HTTPAdapter(max_retries=0))
        session.mount("https://", HTTPAdapter(max_retries=0))
        session.headers.update({"User-Agent": "tuike", "Accept-Encoding": "identity"})
        session.trust_env = not self._loopback  # a company's proxy is used, but not for the simulator beside us
        session.auth = _no_auth
        return session


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps requests from looking into ~/.netrc for every call."""
    return request


def _bounded(path: str, response: requests.Response, until: float, largest: int) -> bytes | Unanswered:
    """The body, read as it comes: `iter_content` would wait for a whole piece however slowly it drips."""
    text = b""
    while piece := response.raw.read1(65536):
        text += piece
        if len(text) > largest:
            return Unanswered(path, "the answer is too long", "likely")
        if time.monotonic() > until:
            return Unanswered(path, "the answer takes too long", "likely")
    return text


def _object(path: str, text: bytes, *, silent: bool) -> dict[str, Any] | Unanswered:
    """The answer where it is an object with an integer errcode; some gateways write it as text."""
    try:
        answer = json.loads(text)
        if silent and isinstance(answer, dict):
            answer.setdefault("errcode", 0)
        if isinstance(answer, dict) and not isinstance(answer["errcode"], bool):
            return {**answer, "errcode": int(answer["errcode"])}
    except (ValueError, TypeError, KeyError, RecursionError) as fault:
        log.debug(
            "answer cannot be read", extra={"event": "wecom.bad_answer", "path": path, "why": type(fault).__name__}
        )
    return Unanswered(path, "the answer is no JSON object with an errcode", "unclear")


def _cause(fault: BaseException) -> str:
    """The innermost exception's class: its text may hold the address."""
    seen: BaseException = fault
    for _ in range(8):
        inner = seen.__cause__ or getattr(seen, "reason", None) or seen.__context__
        if not isinstance(inner, BaseException):
            break
        seen = inner
    return type(seen).__name__


def _never_connected(fault: Exception) -> bool:
    """True where no connection came about, so that WeCom cannot have seen the call."""
    reasons = [getattr(argument, "reason", argument) for argument in fault.args]
    return any(isinstance(reason, NewConnectionError) for reason in reasons)  # names that do not resolve are one too
