"""Sends messages to an endpoint, and retries calls that fail.

tenacity runs the retries. The wait after the n-th failure is uniform from 0 to
`first_wait * 2^(n-1)` seconds ("full jitter": Brooker, "Exponential Backoff And Jitter", AWS
Architecture Blog, 2015), plus the endpoint's `Retry-After`, if any. A `Retry-After` applies to the
whole client, so no other call is sent until then.

The retries of `openai` itself are off: they know neither the budget, which counts every call, nor
the breaker, and they apply a `Retry-After` only to the call that received it.
"""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from email.utils import parsedate_to_datetime

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_exception,
    wait_exponential,
)

from reward_models.judge.endpoint.breaker import Breaker, Clock, EndpointDownError
from reward_models.judge.endpoint.budget import Budget
from reward_models.judge.endpoint.cache import Spent
from reward_models.judge.endpoint.client import (
    CallFailedError,
    Client,
    EndpointRefusedError,
    Reply,
    Tokens,
)
from reward_models.judge.endpoint.messages import Message
from reward_models.judge.settings import BreakerSettings, RetrySettings
from reward_models.judge.types import JudgeError


class FullJitter(wait_exponential):
    """Seconds to wait: uniform from 0 to an exponential bound.

    tenacity's own `wait_random_exponential` draws from Python's global generator, which training
    seeds: processes would wait in step, and the waits would change what training draws.
    """

    def __init__(self, settings: RetrySettings, draws: random.Random) -> None:
        super().__init__(multiplier=settings.first_wait, max=settings.longest_wait)
        self._draws = draws

    def __call__(self, retry_state: RetryCallState) -> float:
        return self._draws.uniform(0, super().__call__(retry_state))


class Sender:
    """Sends messages within the concurrency, the budget and the breaker of one endpoint.

    Args:
        limits: of the breaker. An endpoint that asks for a wait longer than `give_up` counts as
            down; one that rejects `failures` calls in a row, as refusing every call.
        reply_tokens: most tokens of a reply.
    """

    def __init__(
        self,
        client: Client,
        budget: Budget,
        breaker: Breaker,
        retry: RetrySettings,
        limits: BreakerSettings,
        clock: Clock,
        reply_tokens: int,
    ) -> None:
        self._client, self._budget, self._breaker = client, budget, breaker
        self._retry, self._limits, self._clock = retry, limits, clock
        self._reply_tokens = reply_tokens
        self._rejections = 0
        self._stopped: JudgeError | None = None
        self._not_before = 0.0
        self._draws = random.SystemRandom()
        self._slots = asyncio.Semaphore(retry.concurrency)
        self._with_retries = AsyncRetrying(
            retry=retry_if_exception(lambda e: isinstance(e, CallFailedError) and e.passes),
            stop=stop_after_attempt(retry.attempts),
            wait=wait_exception(lambda _: self._held_back()) + FullJitter(retry, self._draws),
            sleep=clock.sleep,
            reraise=True,
        ).wraps(self._attempt)

    async def send(self, messages: Sequence[Message]) -> Reply | None:
        """The reply, or `None` if every attempt failed or the endpoint rejects the messages.

        Raises:
            JudgeError: the judge cannot continue. Once the endpoint refuses every call or is down,
                nothing more is sent.
        """
        try:
            return await self._with_retries(messages)
        except CallFailedError:
            return None
        except (EndpointRefusedError, EndpointDownError) as error:
            self._stopped = error
            raise

    async def _attempt(self, messages: Sequence[Message]) -> Reply:
        """One attempt. Failed breaker probes do not count, so an outage uses up no attempts."""
        while True:
            async with self._slots:
                if self._stopped:
                    raise type(self._stopped)(*self._stopped.args)
                await self._until_wanted()
                probe = await self._breaker.ready()
                try:
                    return await self._call(messages, probe)
                except CallFailedError as failure:
                    if not (probe and failure.passes):
                        raise

    async def _call(self, messages: Sequence[Message], probe: bool) -> Reply:
        """One call; its outcome goes to the breaker, a `Retry-After` to all later calls."""
        try:
            await self._until_wanted()  # the probe before this one may have got a Retry-After
            reply = await self._paid_call(messages)
        except CallFailedError as failure:
            self._report(failure, probe)
            self._hold_back(failure)
            raise
        except BaseException:
            self._breaker.abandoned(probe=probe)
            raise
        self._breaker.succeeded()
        self._rejections = 0
        return reply

    def _report(self, failure: CallFailedError, probe: bool) -> None:
        """Report a failure to the breaker; if every text is rejected, the settings are wrong."""
        if failure.passes:
            self._breaker.failed(str(failure), probe=probe)
            return
        self._breaker.succeeded()
        self._rejections += 1
        if self._rejections >= self._limits.failures:
            raise EndpointRefusedError(
                f"the judge's endpoint rejected {self._rejections} calls in a row, the last one: "
                f"{failure}. Change the field of endpoint that it names; null leaves temperature "
                "and seed out."
            )

    async def _paid_call(self, messages: Sequence[Message]) -> Reply:
        """One call; the budget is charged with the endpoint's count, even for a failed call.

        Without a count, a call that was cut off, timed out (here or at a gateway) or returned
        something unreadable is charged its maximum cost: the endpoint may have processed it, and a
        limit must never be exceeded. A refused call, or one that was never sent, costs no tokens.
        """
        most = self._budget.most((m["content"] for m in messages), self._reply_tokens)
        await self._budget.reserve(most)
        cost = most
        try:
            reply = await self._client.call(messages)
            cost = self._cost(reply.tokens, most)
            return reply
        except CallFailedError as failure:
            cost = self._cost(failure.tokens, most if failure.billed else Spent(calls=1))
            raise
        except EndpointRefusedError:
            cost = Spent(calls=1)
            raise
        finally:
            await self._budget.settle(most, cost)

    def _cost(self, tokens: Tokens | None, uncounted: Spent) -> Spent:
        return uncounted if tokens is None else self._budget.cost(*tokens)

    def _hold_back(self, failure: CallFailedError) -> None:
        """Remember until when no call may be sent."""
        now = self._clock.now()
        seconds = retry_after(failure.retry_after, now)
        if seconds > self._limits.give_up:
            raise EndpointDownError(
                f"the judge's endpoint asks to wait {seconds:.0f} s ({failure}), longer than "
                f"breaker.give_up, {self._limits.give_up:g} s. Start again later: answers so far "
                "are kept."
            )
        self._not_before = max(self._not_before, now + seconds)

    def _held_back(self) -> float:
        """Seconds until calls may be sent again."""
        return max(0.0, self._not_before - self._clock.now())

    async def _until_wanted(self) -> None:
        """Wait until calls may be sent again; they then start spread over `first_wait` seconds."""
        while seconds := self._held_back():
            await self._clock.sleep(seconds + self._draws.uniform(0, self._retry.first_wait))


def retry_after(header: str | None, now: float) -> float:
    """Seconds that a `Retry-After` header asks for, as seconds or a date (RFC 9110, 10.2.3).

    0 without a header, or with one that cannot be read.
    """
    with suppress(ValueError):
        return max(0.0, float(header or ""))
    with suppress(ValueError, TypeError):
        return max(0.0, parsedate_to_datetime(header or "").timestamp() - now)
    return 0.0
