"""A hard limit: a call is sent only if its maximum cost still fits.

Calls in flight reserve their maximum cost, and a call that does not fit next to them waits until
they are settled. A prompt reserves one token per byte, more than any tokenizer produces, and a
reply its limit; so the judge stops a little early. Processes that share a cache share what is spent
but not what is reserved: together they may exceed a limit by what the others have in flight.
"""

import asyncio
from collections.abc import Iterable

from reward_models.judge.endpoint.cache import Cache, Spent
from reward_models.judge.settings import BudgetSettings
from reward_models.judge.types import JudgeError

MESSAGE_TOKENS = 64
"""Tokens that a chat template may add to the messages of a call."""
MILLION = 1_000_000


class BudgetSpentError(JudgeError):
    """The next call might cost more than the budget has left."""


class Budget:
    """Reserves and settles the cost of calls; for coroutines of one event loop."""

    def __init__(self, settings: BudgetSettings, cache: Cache) -> None:
        self._settings, self._cache = settings, cache
        self._spent = cache.spent()
        self._reserved = Spent()
        self._settled = asyncio.Condition()

    def most(self, contents: Iterable[str], reply_tokens: int) -> Spent:
        """The maximum cost of one call."""
        prompt = sum(len(content.encode()) for content in contents) + MESSAGE_TOKENS
        return self.cost(prompt, reply_tokens)

    def cost(self, tokens_in: int, tokens_out: int) -> Spent:
        """The cost of one call."""
        prices = self._settings
        money = (tokens_in * prices.price_in + tokens_out * prices.price_out) / MILLION
        return Spent(1, tokens_in, tokens_out, money)

    async def reserve(self, most: Spent) -> None:
        """Wait until `most` fits.

        Raises:
            BudgetSpentError: it does not, with nothing else in flight.
        """
        async with self._settled:
            await self._settled.wait_for(lambda: self._fits(most) or not self._reserved.calls)
            if not self._fits(most):
                raise BudgetSpentError(self._message(most))
            self._reserved += most

    async def settle(self, most: Spent, actual: Spent) -> None:
        """Replace a reservation by the actual cost, also on disk."""
        async with self._settled:
            self._reserved -= most
            self._spent = self._cache.charge(actual)
            self._settled.notify_all()

    def _fits(self, most: Spent) -> bool:
        after = self._spent + self._reserved + most
        return all(getattr(after, name) <= limit for name, limit in self._limits().items())

    def _limits(self) -> dict[str, float]:
        limits = {name: getattr(self._settings, name) for name in ("calls", "tokens", "money")}
        return {name: limit for name, limit in limits.items() if limit is not None}

    def _message(self, most: Spent) -> str:
        after = self._spent + most
        name, limit = next(
            (name, limit) for name, limit in self._limits().items() if getattr(after, name) > limit
        )
        return (
            f"the judge's budget is spent: budget.{name} is {limit:g}, "
            f"{getattr(self._spent, name):g} are spent, and the next call may take "
            f"{getattr(most, name):g}. Every paid answer is kept in {self._cache.path}: raise "
            f"budget.{name} and start again to continue from there."
        )
