"""A local chat endpoint that answers and fails as scripted."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-a-very-secret-key"
"""What its clients send."""


@dataclass
class Answer:
    """The response to one request."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    """Close the connection in the middle of the body."""
    delay: float = 0.0
    """Seconds before it is sent."""
    stall: bool = False
    """Say nothing until the server stops."""


def chat(text: str, tokens: tuple[int, int] | None = (100, 10)) -> Answer:
    """A chat completion with token counts of prompt and reply."""
    completion: dict[str, Any] = {
        "id": "chat-1",
        "object": "chat.completion",
        "created": 0,
        "model": "scripted",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": text},
            }
        ],
    }
    if tokens:
        prompt, reply = tokens
        completion["usage"] = {
            "prompt_tokens": prompt,
            "completion_tokens": reply,
            "total_tokens": prompt + reply,
        }
    return Answer(json.dumps(completion).encode())


def rated(level: int) -> Answer:
    return chat(json.dumps({"reason": "so it seems", "rating": level}))


def refused(status: int, message: str = "no", **headers: str) -> Answer:
    body = json.dumps({"error": {"message": message}}).encode()
    return Answer(body, status, {name.replace("_", "-"): v for name, v in headers.items()})


Script = Callable[[dict[str, Any]], Answer]
"""From the request's JSON; called by one thread at a time."""


class Server(ThreadingHTTPServer):
    """Records requests in `requests` and their headers in `headers`, in order of arrival."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.in_flight = self.most_in_flight = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that hang up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes: with Nagle's algorithm the second would wait for an ACK.
    disable_nagle_algorithm = True
    server: Server

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with self.server.lock:
            self.server.requests.append({"path": self.path, **request})
            self.server.headers.append(dict(self.headers))
            self.server.in_flight += 1
            self.server.most_in_flight = max(self.server.most_in_flight, self.server.in_flight)
            answer = self.server.script(request)
        try:
            self._send(answer)
        finally:
            with self.server.lock:
                self.server.in_flight -= 1

    def _send(self, answer: Answer) -> None:
        if answer.stall:
            self.server.stopping.wait()
            self.close_connection = True
            return
        time.sleep(answer.delay)
        self.send_response(answer.status)
        headers = {"Content-Type": "application/json", "Content-Length": str(len(answer.body))}
        for name, value in (headers | answer.headers).items():
            self.send_header(name, value)
        self.end_headers()
        if answer.cut:
            self.wfile.write(answer.body[: len(answer.body) // 2])
            self.close_connection = True
            return
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Do not log to the console."""


@contextmanager
def serving(script: Script) -> Iterator[Server]:
    server = Server(script)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()
