"""Many connections at once over real HTTP, from one thread: what a busy platform does, at little cost for the machine.

Requests are made beforehand, so that the load itself is cheap beside what is measured.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

PATIENCE_SECONDS = 30.0


@dataclass
class Answers:
    """What came back: the time from the first byte sent to the last one read, statuses and bodies in any order."""

    seconds: float = 0.0
    statuses: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return len(self.statuses) / self.seconds


def send(port: int, requests: Sequence[bytes], *, connections: int) -> Answers:
    """Send all requests over so many connections, each with one request under way; kept connections are used again.

    Raises TimeoutError where the server stops answering.
    """
    waiting, answers = deque(requests), Answers()
    with selectors.DefaultSelector() as selector:
        started = time.perf_counter()
        lines = [_Line(port, selector) for _ in range(min(connections, len(requests)))]
        for line in lines:
            line.ask(waiting.popleft())
        under_way = len(lines)
        while under_way:
            ready = selector.select(PATIENCE_SECONDS)
            if not ready:
                raise TimeoutError(f"no answer within {PATIENCE_SECONDS:g} s")
            for key, _ in ready:
                line = key.data
                if (found := line.read()) is None:
                    continue
                answers.statuses.append(found[0])
                answers.bodies.append(found[1])
                if waiting:
                    line.ask(waiting.popleft())
                else:
                    line.close()
                    under_way -= 1
        answers.seconds = time.perf_counter() - started
    return answers


class _Line:
    """One connection; a new one where the server has closed it."""

    def __init__(self, port: int, selector: selectors.BaseSelector) -> None:
        self._port, self._selector = port, selector
        self._socket: socket.socket | None = None
        self._request = self._got = b""
        self._fresh = True

    def ask(self, request: bytes) -> None:
        self._request, self._got = request, b""
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(self._socket, selectors.EVENT_READ, self)
            self._fresh = True
        self._socket.sendall(request)

    def read(self) -> tuple[int, bytes] | None:
        """(status, body) once the answer is whole."""
        assert self._socket is not None
        try:
            piece = self._socket.recv(65536)
        except ConnectionResetError:
            piece = b""
        if not piece:
            self._again()
            return None
        self._got += piece
        head, found, body = self._got.partition(b"\r\n\r\n")
        if not found:
            return None
        fields = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(b":") for line in head.split(b"\r\n")[1:])
        }
        if len(body) < int(fields[b"content-length"]):
            return None
        if fields.get(b"connection", b"").lower() == b"close":
            self.close()
        self._fresh = False
        return int(head.split(b" ", 2)[1]), body

    def _again(self) -> None:
        """A kept connection that the server closed just now: the request has not been taken, ask anew."""
        if self._fresh or self._got:
            raise ConnectionError("the server closed a connection without an answer")
        self.close()
        self.ask(self._request)

    def close(self) -> None:
        if self._socket is not None:
            self._selector.unregister(self._socket)
            self._socket.close()
            self._socket = None
