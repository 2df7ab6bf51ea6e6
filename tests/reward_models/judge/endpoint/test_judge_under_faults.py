"""A thousand ratings from an endpoint where three calls in ten fail."""

import random
import re
import sqlite3
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from scripted_server import Answer, chat, rated, refused

from reward_models.judge.settings import RetrySettings
from reward_models.types import FAILED

CASES = 1_000
NO_REPLY = [
    refused(429, Retry_After="1"),
    refused(500),
    Answer(rated(4).body, cut=True),
    Answer(b'{"choices": [{"message": '),
]
NO_ANSWER = [chat("I like it very much."), rated(5), rated(0)]
STALLS = 0.01
"""Share of calls that are never answered; each takes the timeout."""
FAULTY = 0.3


def level(number: int) -> int:
    return 1 + number % 4


class Flaky:
    """Answers with the level of the case's number or with a fault, and counts both."""

    def __init__(self) -> None:
        self._draws = random.Random(0)
        self.good: Counter[int] = Counter()
        self.no_reply = self.no_answer = 0

    def __call__(self, request: dict[str, Any]) -> Answer:
        number = int(re.search(r"Reason (\d+)", request["messages"][1]["content"]).group(1))  # type: ignore[union-attr]
        draw = self._draws.random()
        if draw >= FAULTY:
            self.good[number] += 1
            return rated(level(number))
        fault = Answer(stall=True) if draw < STALLS else self._draws.choice(NO_REPLY + NO_ANSWER)
        self.no_answer += fault in NO_ANSWER
        self.no_reply += fault not in NO_ANSWER
        return fault


def test_a_thousand_ratings_finish(serve, judge_at, case, clock, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    flaky = Flaky()
    server = serve(flaky)
    retry = RetrySettings(concurrency=32, timeout=2, attempts=50)
    judge = judge_at(server.url, retry=retry, cache=tmp_path / "judge.sqlite")
    cases = [case(f"Yes. Reason {i}.") for i in range(CASES)]
    batches = [cases + cases[:100], cases[::-1]]
    results: dict[int, list[Any]] = {}

    def rate(batch: int) -> None:
        results[batch] = judge.rate(batches[batch])

    threads = [threading.Thread(target=rate, args=(batch,)) for batch in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    ratings = results[0][:CASES]
    assert results[0][CASES:] == ratings[:100]
    assert results[1] == ratings[::-1]
    assert flaky.no_reply + flaky.no_answer > 0.25 * len(server.requests)

    answered = {i for i in range(CASES) if ratings[i] is not FAILED}
    assert len(answered) > 0.9 * CASES
    assert all(ratings[i] == level(i) for i in answered)
    rows = sqlite3.connect(tmp_path / "judge.sqlite").execute("SELECT key, answer FROM answers")
    kept = rows.fetchall()
    assert len({key for key, _ in kept}) == len(kept) == len(answered)
    assert Counter(answer for _, answer in kept) == Counter(str(level(i)) for i in answered)

    # On a busy machine a reply may exceed the timeout; only then is a case asked again.
    late = len(clock.slept) - flaky.no_reply
    assert answered <= set(flaky.good)
    assert sum(flaky.good.values()) - len(answered) <= late

    failed = [one for one, rating in zip(cases, ratings, strict=True) if rating is FAILED]
    before = len(server.requests)
    judge.rate([one for one in cases if one not in failed])
    assert len(server.requests) == before, "answers stay, and only failures are asked again"
