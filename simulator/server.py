"""Serving the simulator: waitress in a thread that can be started and ended cleanly."""

from __future__ import annotations

import threading

from flask import Flask
from waitress import create_server, wasyncore

from .simulator import Simulator

THREADS = 32  # a waiting control call and every open page hold one
LARGEST_BODY = 32 * 1024 * 1024


class Server:
    """The simulator on a port (0: any that is free); `port` and `url` are known at once.

    Use it as a context manager, or call `start` and `stop`; `run` serves in the calling thread until `stop`.
    """

    def __init__(self, app: Flask, host: str = "127.0.0.1", port: int = 0, threads: int = THREADS) -> None:
        self._simulator: Simulator = app.extensions["simulator"]
        self._map: dict[int, wasyncore.dispatcher] = {}
        self._server = create_server(
            app, map=self._map, host=host, port=port, threads=threads, max_request_body_size=LARGEST_BODY,
            clear_untrusted_proxy_headers=True, ident=None, connection_limit=500,
        )  # fmt: skip
        self.port = int(self._server.effective_port)
        self.url = f"http://{host}:{self.port}"
        self._stopping = False
        self._thread = threading.Thread(target=self.run, name="simulator-server", daemon=True)

    def start(self) -> Server:
        self._thread.start()
        return self

    def run(self) -> None:
        """Serve until `stop` is called from another thread, then close every connection."""
        while not self._stopping:
            wasyncore.loop(timeout=30.0, map=self._map, count=1)
        self._simulator.stop()  # waiting requests and streams return
        self._server.task_dispatcher.shutdown(timeout=10)
        wasyncore.close_all(self._map)

    def ask_to_stop(self) -> None:
        """Let `run` return soon; safe in a signal handler."""
        self._stopping = True
        if self._map:
            self._server.pull_trigger()

    def stop(self) -> None:
        """End the simulator's threads, then the server's; harmless when called twice."""
        self._simulator.stop()
        self.ask_to_stop()
        if self._thread.is_alive():
            self._thread.join(timeout=20)

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
