"""A model service over real HTTP: answers as it is told to, slowly, brokenly, lying."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class FakeModel:
    """says      the answer's text, or bytes that are sent as they are
    status    of the answer
    held      where it is set, an answer is begun and the rest waits for `go_on`
    """

    says: str | bytes = '{"intent": "unknown", "slots": {}}'
    status: int = 200
    held: bool = False
    go_on: threading.Event = field(default_factory=threading.Event)
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    address: str = ""

    def body(self) -> bytes:
        if isinstance(self.says, bytes):
            return self.says
        return json.dumps({"choices": [{"message": {"role": "assistant", "content": self.says}}]}).encode()


@contextmanager
def running() -> Iterator[FakeModel]:
    fake = FakeModel()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            fake.asked.append(json.loads(content) | {"path": self.path})
            fake.keys.append(self.headers.get("Authorization"))
            body = fake.body()
            self.send_response(fake.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:1])
            self.wfile.flush()
            if fake.held:
                fake.go_on.wait(20)
            try:
                self.wfile.write(body[1:])
            except OSError:
                return  # whoever asked did not wait

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.address = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield fake
    finally:
        fake.go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()
