"""Sends a question until it is answered or its attempts are used up.

The wait after the n-th failure is drawn uniformly from 0 to `first_wait * 2^(n-1)` seconds ("full
jitter": Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015), added to the
`Retry-After` of the endpoint where it gave one. Until then no other call is sent either: the
endpoint speaks of its client, not of one question.
"""

import asyncio
import random
from collections.abc import Sequence

from reward_models.judge.breaker import Breaker
from reward_models.judge.budget import Budget
from reward_models.judge.cache import Spent
from reward_models.judge.client import CallFailedError, Client, Reply, Tokens
from reward_models.judge.clock import Clock
from reward_models.judge.errors import EndpointDownError, EndpointRefusedError, JudgeError
from reward_models.judge.messages import Message
from reward_models.judge.settings import RetrySettings


def backoff(settings: RetrySettings, failures: int, draws: random.Random) -> float:
    """Seconds to wait after so many failures, 1 or more."""
    doublings = min(failures - 1, 62)  # no float holds the powers of a long outage
    return draws.uniform(0, min(settings.longest_wait, settings.first_wait * 2.0**doublings))


class Sender:
    """Sends messages within the concurrency, the budget and the breaker of one endpoint.

    Args:
        reply_tokens: of a reply at most.
        longest: seconds; an endpoint that asks for a longer wait counts as down.
        rejections: in a row, after which the endpoint counts as refusing everything.
        draws: source of the jitter. Not seeded by default: processes that share an endpoint
            must not wait in step.
    """

    def __init__(
        self,
        client: Client,
        budget: Budget,
        breaker: Breaker,
        settings: RetrySettings,
        clock: Clock,
        *,
        reply_tokens: int,
        longest: float,
        rejections: int,
        draws: random.Random | None = None,
    ) -> None:
        self._client, self._budget, self._breaker = client, budget, breaker
        self._settings, self._clock = settings, clock
        self._reply_tokens, self._longest = reply_tokens, longest
        self._rejections, self._most_rejections = 0, rejections
        self._stopped: JudgeError | None = None
        self._not_before = 0.0
        self._draws = draws or random.SystemRandom()
        self._slots = asyncio.Semaphore(settings.concurrency)

    async def send(self, messages: Sequence[Message]) -> Reply | None:
        """The reply, or `None` when the attempts are used up or the endpoint rejects the messages.

        A failed probe of the breaker is no attempt: an outage uses none up.

        Raises:
            JudgeError: the judge cannot go on. Once refused or down, nothing more is sent.
        """
        try:
            return await self._send(messages)
        except (EndpointRefusedError, EndpointDownError) as error:
            self._stopped = error
            raise

    async def _send(self, messages: Sequence[Message]) -> Reply | None:
        failures = 0
        while True:
            async with self._slots:
                if self._stopped:
                    raise type(self._stopped)(*self._stopped.args)
                await self._until_asked_for()
                probe = await self._breaker.ready()
                outcome = await self._attempt(messages, probe)
            if isinstance(outcome, Reply):
                return outcome
            failures += not probe
            self._hold_back(outcome)
            if not outcome.passes or failures >= self._settings.attempts:
                return None
            await self._wait(outcome, max(failures, 1))

    async def _attempt(self, messages: Sequence[Message], probe: bool) -> Reply | CallFailedError:
        """One call, and what it tells the breaker."""
        try:
            await self._until_asked_for()  # a probe before this one may have been told when
            outcome = await self._paid_call(messages)
        except BaseException:
            self._breaker.abandoned(probe=probe)
            raise
        if isinstance(outcome, CallFailedError) and outcome.passes:
            self._breaker.failed(str(outcome), probe=probe)
            return outcome
        self._breaker.succeeded()
        self._count_rejections(outcome)
        return outcome

    def _count_rejections(self, outcome: Reply | CallFailedError) -> None:
        """One text may be rejected; that all are is a mistake in the settings."""
        if isinstance(outcome, Reply):
            self._rejections = 0
            return
        self._rejections += 1
        if self._rejections >= self._most_rejections:
            raise EndpointRefusedError(
                f"the judge's endpoint rejected {self._rejections} calls in a row, the last one: "
                f"{outcome}. Mend the field of endpoint that it names; null leaves temperature "
                "and seed out."
            )

    async def _paid_call(self, messages: Sequence[Message]) -> Reply | CallFailedError:
        """One call, settled at what the endpoint counted, also where it brought no reply.

        Where nothing was counted, a call that was cut off, ran out of time (here or at a gateway)
        or came back unreadable is taken at the most it can cost: the endpoint may have worked on
        it, and a limit must hold whatever it bills. One that it refused, or that never reached it,
        is a call without tokens.
        """
        most = self._budget.most((m["content"] for m in messages), self._reply_tokens)
        await self._budget.reserve(most)
        cost = most
        try:
            reply = await self._client.call(messages)
            cost = self._cost(reply.tokens, most)
        except CallFailedError as failure:
            cost = self._cost(failure.tokens, most if failure.billed else Spent(calls=1))
            return failure
        except EndpointRefusedError:
            cost = Spent(calls=1)
            raise
        finally:
            await self._budget.settle(most, cost)
        return reply

    def _cost(self, tokens: Tokens | None, uncounted: Spent) -> Spent:
        return uncounted if tokens is None else self._budget.cost(*tokens)

    async def _wait(self, failure: CallFailedError, failures: int) -> None:
        asked = failure.retry_after or 0.0
        if asked > self._longest:
            raise EndpointDownError(
                f"the judge's endpoint asks to wait {asked:.0f} s ({failure}), longer than "
                f"breaker.give_up, {self._longest:g} s. Start again later: answers so far are kept."
            )
        await self._clock.sleep(asked + backoff(self._settings, failures, self._draws))

    def _hold_back(self, failure: CallFailedError) -> None:
        """Remember until when the endpoint wants no call, also where this one is not sent again."""
        until = self._clock.now() + (failure.retry_after or 0.0)
        self._not_before = max(self._not_before, until)

    async def _until_asked_for(self) -> None:
        """Wait until the endpoint wants calls again; not all of them at that moment."""
        while (left := self._not_before - self._clock.now()) > 0:
            await self._clock.sleep(left + backoff(self._settings, 1, self._draws))
