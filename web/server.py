"""The HTTP server of `python app.py`: requests under way are finished when it is told to stop.

In production `gunicorn "app:create_app()"` takes its place.
"""

from __future__ import annotations

import logging
import threading
from typing import Any
from urllib.parse import unquote_to_bytes

from cheroot import wsgi

log = logging.getLogger(__name__)

THREADS = 16
FINISH_WITHIN_SECONDS = 6


class Server:
    """One WSGI application on one address; `port` 0 takes a free one. Binds at once: OSError where it cannot."""

    def __init__(self, app: Any, host: str, port: int, *, threads: int = THREADS) -> None:
        self._server = wsgi.Server(
            (host, port),
            _slashes(app),
            numthreads=threads,
            request_queue_size=256,
            shutdown_timeout=FINISH_WITHIN_SECONDS,
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


def _slashes(app: Any) -> Any:
    """cheroot leaves %2F in the path as it is; an order's number may hold a slash, and gunicorn decodes it."""

    def with_slashes(environ: dict[str, Any], start_response: Any) -> Any:
        path = environ.get("PATH_INFO", "")
        if "%2F" in path.upper():
            raw = environ["REQUEST_URI"].partition("?")[0]
            environ["PATH_INFO"] = unquote_to_bytes(raw).decode("latin-1")
        return app(environ, start_response)

    return with_slashes


def _log(msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
    """cheroot's word about a connection that went wrong, as a line of our log; its own goes to stderr as it is."""
    what = msg.split("\n", 1)[0][:200]
    log.log(level, "http server", extra={"event": "http.server", "what": what}, exc_info=traceback)
