"""Answers questions from the cache or the endpoint, and asks each question once.

A question's key is a digest of everything that can change its answer: the request's fields (model;
messages, with the fenced texts and the order of a pair; temperature, seed, token limit, extra
fields), the endpoint's address without its scheme (`EndpointSettings.address`) and the wording's
version.
"""

import asyncio
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from reward_models.judge.endpoint import wording
from reward_models.judge.endpoint.breaker import Breaker, Clock
from reward_models.judge.endpoint.budget import Budget
from reward_models.judge.endpoint.cache import Cache, Spent
from reward_models.judge.endpoint.client import Client
from reward_models.judge.endpoint.messages import Question
from reward_models.judge.endpoint.sender import Sender
from reward_models.judge.settings import (
    BreakerSettings,
    BudgetSettings,
    EndpointSettings,
    RetrySettings,
)


class Asker:
    """Asks one endpoint; create and use it on one event loop.

    Args:
        cache: path of the file that keeps answers and spending.

    Raises:
        ValueError: a setting that cannot work, or a key that is not set.
    """

    def __init__(
        self,
        endpoint: EndpointSettings,
        retry: RetrySettings,
        budget: BudgetSettings,
        breaker: BreakerSettings,
        cache: Path,
        clock: Clock,
    ) -> None:
        self._address = endpoint.address
        name = f"{endpoint.model} at {endpoint.address}"
        self._client = Client(endpoint, retry.timeout)
        self._cache = Cache(cache, name)
        self._sender = Sender(
            self._client,
            Budget(budget, self._cache),
            Breaker(breaker, clock, name),
            retry,
            breaker,
            clock,
            endpoint.max_tokens,
        )
        self._asked: dict[str, asyncio.Task[str | None]] = {}

    async def answers(self, questions: Sequence[Question]) -> list[str | None]:
        """An answer for each question, or `None`.

        Raises:
            JudgeError: the judge cannot continue. Answers to calls in flight are awaited and kept.
        """
        keys = [self.key(question) for question in questions]
        wanted = dict(zip(keys, questions, strict=True))
        known: dict[str, str | None] = dict(self._cache.read(list(wanted)))
        tasks = {key: self._task(key, wanted[key]) for key in wanted if key not in known}
        if tasks:
            await _all_done(list(tasks.values()))
        if any(task.cancelled() for task in tasks.values()):
            return await self.answers(questions)  # an interrupted batch also asked them
        known.update((key, task.result()) for key, task in tasks.items())
        return [known[key] for key in keys]

    def key(self, question: Question) -> str:
        """Digest of everything that can change the answer."""
        shaping: dict[str, Any] = {
            "request": self._client.request(question.messages),
            "address": self._address,
            "wording": wording.VERSION,
        }
        return hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()

    def spent(self) -> Spent:
        """What this judge has spent since its cache was created."""
        return self._cache.spent()

    async def close(self) -> None:
        """Close connections and cache."""
        await self._client.close()
        self._cache.close()

    def _task(self, key: str, question: Question) -> asyncio.Task[str | None]:
        """The task that asks a question; several batches may wait for the same one."""
        if key not in self._asked:
            self._asked[key] = asyncio.create_task(self._ask(key, question))
            self._asked[key].add_done_callback(lambda _: self._asked.pop(key))
        return self._asked[key]

    async def _ask(self, key: str, question: Question) -> str | None:
        """The answer; an unreadable reply is sent back once."""
        for _ in range(2):
            reply = await self._sender.send(question.messages)
            if reply is None:
                return None
            answer = question.read(reply.text)
            if answer is not None:
                self._cache.add(key, answer, reply.text)
                return answer
            question = question.repair(reply.text)
        return None


async def _all_done(tasks: Sequence[asyncio.Task[str | None]]) -> None:
    """Wait for every task, even if one raises: the others may be paid for."""
    pause = 0.1 if sys.stderr.isatty() else 20.0  # in a log, a line now and then
    with tqdm(
        total=len(tasks), desc="judge", leave=False, delay=pause, mininterval=pause
    ) as progress:
        for task in tasks:
            task.add_done_callback(lambda _: progress.update())
        await asyncio.gather(*tasks, return_exceptions=True)
