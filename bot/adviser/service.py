"""The door to a model service that speaks OpenAI's `chat/completions`.

Waits    never longer than it is told, whatever the service does: the call runs in a thread of its own, which ends by
         its own limits of time and size
Failing  three times in a row, it is not called for a minute; then one call tries
"""

from __future__ import annotations

import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests
from urllib3.exceptions import HTTPError

log = logging.getLogger(__name__)

FAILURES, REST_SECONDS = 3, 60.0
AT_ONCE = 4  # calls under way in one process; more are not made
MOST_BYTES = 64 * 1024
MOST_TOKENS = 120


class _Failed(Exception):
    """The service gave no usable answer; the message is a word for the log."""


class Service:
    """Safe to use from several threads."""

    def __init__(self, api_base: str, key: str, model: str) -> None:
        self._address = f"{api_base.rstrip('/')}/chat/completions"
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._model = model
        self._threads = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="adviser")
        self._free = threading.BoundedSemaphore(AT_ONCE)
        self._lock = threading.Lock()
        self._failures, self._rests_until = 0, 0.0

    def ask(self, messages: list[dict[str, str]], *, within: float) -> str | None:
        """The answer's text; None where there is none within so many seconds, or the service is being left alone."""
        if within <= 0 or not self._may_call() or not self._free.acquire(blocking=False):
            return None
        started = time.monotonic()
        call = self._threads.submit(self._call, messages, started + within)
        try:
            answer = call.result(timeout=within)
        except (_Failed, OSError, HTTPError) as fault:  # TimeoutError and requests' faults are OSErrors
            self._failed(str(fault) if isinstance(fault, _Failed) else type(fault).__name__)
            return None
        with self._lock:
            self._failures = 0
        return answer

    def _may_call(self) -> bool:
        with self._lock:
            now = time.monotonic()
            if self._failures < FAILURES:
                return True
            if now < self._rests_until:
                return False
            self._rests_until = now + REST_SECONDS  # this one tries; the others wait for what becomes of it
            return True

    def _failed(self, what: str) -> None:
        with self._lock:
            self._failures += 1
            failures = self._failures
            if failures >= FAILURES:
                self._rests_until = time.monotonic() + REST_SECONDS
        log.warning("the model service failed", extra={"event": "adviser.failed", "fault": what, "failures": failures})

    def _call(self, messages: list[dict[str, str]], until: float) -> str:
        try:
            body = {"model": self._model, "messages": messages, "temperature": 0, "max_tokens": MOST_TOKENS}
            limit = max(0.05, until - time.monotonic())
            with requests.post(
                self._address, json=body, headers=self._headers, timeout=limit, stream=True, allow_redirects=False
            ) as response:
                if response.status_code != 200:
                    raise _Failed(f"status {response.status_code}")
                return _text(_bounded(response, until))
        finally:
            self._free.release()


def _bounded(response: requests.Response, until: float) -> bytes:
    """The body as it comes, which ends with the time or the size that it may have."""
    content = b""
    while part := response.raw.read1(4096, decode_content=True):
        content += part
        if len(content) > MOST_BYTES:
            raise _Failed("too large")
        if time.monotonic() > until:
            raise _Failed("too slow")
    return content


def _text(content: bytes) -> str:
    """choices[0].message.content"""
    try:
        found: Any = json.loads(content)
        text = found["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise _Failed("another form") from None
    if not isinstance(text, str):
        raise _Failed("another form")
    return text
