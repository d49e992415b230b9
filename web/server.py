"""The HTTP server of `python app.py`: requests under way are finished when it is told to stop.

In production `gunicorn "app:create_app()"` takes its place.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from cheroot import wsgi

log = logging.getLogger(__name__)

THREADS = 16
FINISH_WITHIN_SECONDS = 6


class Server:
    """One WSGI application on one address; `port` 0 takes a free one. Binds at once: OSError where it cannot."""

    def __init__(self, app: Any, host: str, port: int, *, threads: int = THREADS) -> None:
        self._server = wsgi.Server(
            (host, port), app, numthreads=threads, request_queue_size=256, shutdown_timeout=FINISH_WITHIN_SECONDS
        )
        self._server.error_log = _log
        self._server.prepare()
        self.port: int = self._server.bind_addr[1]
        self._thread = threading.Thread(target=self._server.serve, name=f"http-{self.port}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Take no more requests, finish those under way, then return."""
        self._server.stop()
        self._thread.join(FINISH_WITHIN_SECONDS)


def _log(msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
    """cheroot's word about a connection that went wrong, as a line of our log; its own goes to stderr as it is."""
    what = msg.split("\n", 1)[0][:200]
    log.log(level, "http server", extra={"event": "http.server", "what": what}, exc_info=traceback)
