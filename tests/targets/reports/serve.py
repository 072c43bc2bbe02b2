"""The small server on loopback that the reports in this folder were made against: standard library only."""

from __future__ import annotations

import json
import random
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECONDS = {"/orders": 0.004, "/reports/daily": 0.24}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        time.sleep(SECONDS.get(path, 0.002) * random.uniform(0.8, 1.6))
        status = 500 if path == "/flaky" and random.random() < 0.1 else 404 if path == "/nowhere" else 200
        self._answer(status)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        time.sleep(0.006 * random.uniform(0.8, 1.6))
        self._answer(201)

    def _answer(self, status: int) -> None:
        body = json.dumps({"path": self.path}).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, template: str, *args: object) -> None:
        pass


if __name__ == "__main__":
    ThreadingHTTPServer.request_queue_size = 256
    ThreadingHTTPServer(("127.0.0.1", 8765), Handler).serve_forever()
