"""Measures the endpoint judge's ratings per second: `python benchmarks/judge_throughput.py`.

First from a local endpoint with 200 ms latency and at most 32 calls in flight, which allows 160
calls per second; then from the cache, by a newly opened judge. The endpoint runs in its own process
on the loopback interface.
"""

import argparse
import asyncio
import json
import multiprocessing
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

from reward_models.judge.endpoint.judge import EndpointJudge
from reward_models.judge.settings import EndpointSettings, RetrySettings
from reward_models.judge.types import JudgeCase
from rl_explain.pipeline.record import hardware, source_commit, this_command

LATENCY = 0.2
"""Seconds."""
IN_FLIGHT = 32
ASKED = f"{IN_FLIGHT} calls in flight. Targets: 140 (the limit is 160); from the cache, 5,000."
TITLES = tuple(f"Title Number {row}" for row in range(1_000))
ATTRIBUTES = tuple({"genre": ("mystery", "maritime"), "mood": ("calm",)} for _ in TITLES)
COMPLETION = {
    "id": "chat",
    "object": "chat.completion",
    "created": 0,
    "model": "slow",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": '{"reason": "it fits", "rating": 3}'},
        }
    ],
    "usage": {"prompt_tokens": 600, "completion_tokens": 12, "total_tokens": 612},
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both figures as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--ratings", type=int, default=3_000, help="number of ratings")
    parser.add_argument("--repeats", type=int, default=5, help="repeats of reading the cache")
    options = parser.parse_args(arguments)
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=serve_slowly, args=(there,), daemon=True
    )
    server.start()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(f"http://127.0.0.1:{here.recv()}/v1", folder, options)
    print(
        f"# Ratings per second\n\n`python benchmarks/{this_command()}`, commit {source_commit()}."
    )
    print(f"{ASKED}\n")
    print(f"{hardware('cpu', 1)}\n\n```json\n{json.dumps(found)}\n```")
    server.terminate()


def measure(url: str, folder: str, options: argparse.Namespace) -> dict[str, float]:
    """Ratings per second from the endpoint and from the cache."""
    settings = EndpointSettings(base_url=url, model="slow", key_variable=None)
    retry = RetrySettings(concurrency=IN_FLIGHT)
    cases = [case(number) for number in range(options.ratings)]
    warm = [case(-1 - number) for number in range(IN_FLIGHT)]
    cache = Path(folder) / "judge.sqlite"
    with EndpointJudge(settings, TITLES, ATTRIBUTES, cache, retry=retry) as judge:
        judge.rate(warm)
        endpoint = seconds(judge, cases)
    with EndpointJudge(settings, TITLES, ATTRIBUTES, cache, retry=retry) as judge:
        known = min(seconds(judge, cases) for _ in range(options.repeats))
    limit = IN_FLIGHT / LATENCY
    return {
        "endpoint_ratings_per_second": round(options.ratings / endpoint, 1),
        "endpoint_limit": limit,
        "cache_ratings_per_second": round(options.ratings / known),
    }


def seconds(judge: EndpointJudge, cases: Sequence[JudgeCase]) -> float:
    """Wall time of rating all cases; every rating must be 3."""
    start = time.perf_counter()
    ratings = judge.rate(cases)
    taken = time.perf_counter() - start
    assert ratings == [3.0] * len(cases)
    return taken


def case(number: int) -> JudgeCase:
    """A unique explanation, with a history of ten items."""
    history = tuple((number * 7 + step) % len(TITLES) for step in range(10))
    text = f'Yes. "{TITLES[history[0]]}" and "{TITLES[history[3]]}" are mysteries too ({number}).'
    return JudgeCase(text, history, (number * 11) % len(TITLES), "yes")


def serve_slowly(port: Connection) -> None:
    """Answer every request with the same completion after `LATENCY` seconds."""
    body = json.dumps(COMPLETION).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    answer = head.encode() + b"\r\n\r\n" + body

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):  # the judge has hung up
            while True:
                header = await reader.readuntil(b"\r\n\r\n")
                length = header.lower().split(b"content-length:")[1].split(b"\r\n")[0]
                await reader.readexactly(int(length))
                await asyncio.sleep(LATENCY)
                writer.write(answer)

    async def serve() -> None:
        server = await asyncio.start_server(converse, "127.0.0.1", 0)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
